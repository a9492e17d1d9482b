package trial

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// expectedMail is a mail that a step must have sent.
type expectedMail struct {
	at     source.Span
	fields []mailField
	save   int // the slot that keeps it; -1 without
}

// mailField is what is expected of one field.
type mailField struct {
	name string
	*pattern
	joined bool // addresses are compared as one text
	bare   bool // without the names in front of them
}

// mails compiles the mails that a step must have sent.
func (s *scene) mails(list []*document.ExpectedMail) []*expectedMail {
	var all []*expectedMail
	for _, d := range list {
		m := &expectedMail{at: d.At, save: -1}
		for _, e := range d.Fields {
			if f, ok := s.mailField(e); ok {
				m.fields = append(m.fields, f)
			}
		}
		if d.Save != nil && s.names.Identifier(d.Save) {
			m.save = s.names.Declare(d.Save.Value, mailType)
		}
		all = append(all, m)
	}
	return all
}

func (s *scene) mailField(e document.Entry) (mailField, bool) {
	f := mailField{name: e.Key.Value}
	declared, _ := mailType.Field(f.name)
	t := declared.Type
	isList := t.Kind == schema.List && t.Elem.Kind == schema.String
	if f.joined = isList && e.Value.Kind == document.Scalar; f.joined {
		t = schema.StringType
	}
	f.pattern = s.pattern(e.Value, t, f.name)
	if f.pattern == nil {
		return f, false
	}
	f.bare = (isList || f.name == "from" || f.name == "reply_to") && f.isBare()
	return f, true
}

// isBare reports whether addresses are written without the names in front of them.
func (p *pattern) isBare() bool {
	if p.kind == document.Sequence {
		return !slices.ContainsFunc(p.items, func(q *pattern) bool { return !q.isBare() })
	}
	text, isText := p.value.(string)
	return isText && !strings.Contains(text, "<")
}

// compareMail holds the mails that a step sent against those expected.
func (e *expect) compareMail(m *matching, mails []sent) {
	if !e.hasMail {
		return
	}
	if len(mails) != len(e.mails) {
		var got []string
		for _, s := range mails {
			got = append(got, s.summary())
		}
		m.list = append(m.list, Mismatch{e.mailAt, "mail", counted(len(e.mails)), counted(len(mails)) + indented(got)})
		return
	}
	for i, want := range e.mails {
		for _, f := range want.fields {
			m.match(f.pattern, fmt.Sprintf("mail[%d].%s", i, f.name), mails[i].field(f))
		}
		if want.save >= 0 {
			m.frame.Slots[want.save] = mails[i].Object
		}
	}
}

func counted(n int) string {
	switch n {
	case 0:
		return "no mail"
	case 1:
		return "1 mail"
	}
	return fmt.Sprintf("%d mails", n)
}

func indented(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return "\n" + strings.Join(lines, "\n")
}

// summary is a mail in short.
func (s sent) summary() string {
	to, _ := s.Lookup("to")
	subject, _ := s.Lookup("subject")
	return fmt.Sprintf("to %s: %s", joined(to.([]any), false), clipped(schema.Text(subject)))
}

// field is a field as it is compared.
func (s sent) field(f mailField) any {
	v, _ := s.Lookup(f.name)
	switch v := v.(type) {
	case []any:
		switch {
		case f.joined:
			return joined(v, f.bare)
		case f.bare:
			list := make([]any, len(v))
			for i, address := range v {
				list[i] = bare(schema.Text(address))
			}
			return list
		}
	case string:
		if f.bare {
			return bare(v)
		}
	}
	return v
}

func joined(list []any, without bool) string {
	all := make([]string, len(list))
	for i, v := range list {
		if all[i] = schema.Text(v); without {
			all[i] = bare(all[i])
		}
	}
	return strings.Join(all, ", ")
}
