package document

import (
	"strings"
	"unicode/utf8"
)

// Print writes a tree as canonical YAML: blocks indented by two, texts plain where
// that says the same, on lines of their own where they have several, and else in
// double quotes. Parsing it gives a tree that is Equal. Comments are not kept.
func Print(n *Node) []byte {
	p := printer{}
	if n.Kind == Scalar {
		p.scalar(n, 0)
		p.b.WriteByte('\n')
	} else {
		p.collection(n, 0, true)
	}
	return []byte(p.b.String())
}

type printer struct{ b strings.Builder }

// collection writes a mapping or list at a column. First says that the cursor is
// at the column already.
func (p *printer) collection(n *Node, column int, first bool) {
	switch {
	case len(n.Entries)+len(n.Items) == 0:
		p.b.WriteString(map[Kind]string{Mapping: "{}\n", Sequence: "[]\n"}[n.Kind])
		return
	case n.Kind == Sequence:
		for i, item := range n.Items {
			p.indent(column, first && i == 0)
			p.b.WriteByte('-')
			p.item(item, column)
		}
		return
	}
	for i, e := range n.Entries {
		p.indent(column, first && i == 0)
		key := e.Key.Value
		if !safeAsPlain(key) {
			key = doubleQuoted(key)
		}
		// A key on the line of its value is short; 1024 is the library's limit.
		if long := len(key) > 128; long {
			p.b.WriteString("? " + key + "\n")
			p.indent(column, false)
			key = ""
		}
		p.b.WriteString(key + ":")
		p.value(e.Value, column)
	}
}

// value writes what stands behind a key.
func (p *printer) value(n *Node, column int) {
	if n.Kind != Scalar && len(n.Entries)+len(n.Items) > 0 {
		p.b.WriteByte('\n')
		p.collection(n, column+2, false)
		return
	}
	p.item(n, column)
}

// item writes what stands behind a dash.
func (p *printer) item(n *Node, column int) {
	if n.Kind != Scalar {
		p.b.WriteByte(' ')
		p.collection(n, column+2, true)
		return
	}
	if !n.Plain || n.Value != "" {
		p.b.WriteByte(' ')
		p.scalar(n, column+2)
	}
	p.b.WriteByte('\n')
}

func (p *printer) indent(column int, done bool) {
	if !done {
		p.b.WriteString(strings.Repeat(" ", column))
	}
}

// scalar writes a text whose further lines stand at a column.
func (p *printer) scalar(n *Node, column int) {
	switch {
	case safeAsPlain(n.Value) && (n.Plain || isText(n.Value)), n.Plain && n.Value == "":
		p.b.WriteString(n.Value)
	case safeAsBlock(n.Value):
		p.block(n.Value, max(column, 2))
	default:
		p.b.WriteString(doubleQuoted(n.Value))
	}
}

// block writes a text of several lines behind |.
func (p *printer) block(value string, column int) {
	p.b.WriteByte('|')
	if value[0] == ' ' || value[0] == '\n' {
		p.b.WriteByte('2')
	}
	body := strings.TrimRight(value, "\n")
	switch len(value) - len(body) {
	case 0:
		p.b.WriteByte('-')
	case 1:
	default:
		p.b.WriteByte('+')
		body = value[:len(value)-1]
	}
	for line := range strings.SplitSeq(body, "\n") {
		p.b.WriteByte('\n')
		if line != "" {
			p.indent(column, false)
			p.b.WriteString(line)
		}
	}
}

// safeAsPlain is stricter than YAML: what it takes reads the same anywhere.
func safeAsPlain(s string) bool {
	if s == "" || s == "<<" || strings.ContainsRune("?:,[]{}#&*!|>'\"%@`= \t", rune(s[0])) || strings.HasPrefix(s, "...") {
		return false
	}
	if s[0] == '-' && (len(s) == 1 || s[1] == '-' || s[1] == ' ' || s[1] == '\t') {
		return false
	}
	last := s[len(s)-1]
	return last != ' ' && last != ':' && !strings.Contains(s, ": ") && !strings.Contains(s, " #") && clean(s, false)
}

func safeAsBlock(s string) bool {
	return strings.Contains(s, "\n") && strings.Trim(s, "\n \t") != "" && s[0] != '\t' && clean(s, true)
}

// clean reports whether all characters may stand in a file as they are.
func clean(s string, lines bool) bool {
	for _, r := range s {
		if r == '\n' && lines {
			continue
		}
		if !printable(r) || r == utf8.RuneError {
			return false
		}
	}
	return true
}

func printable(r rune) bool {
	return r >= ' ' && r < 0x7f || r >= 0xa0 && r != '\u2028' && r != '\u2029' && r != '\ufeff' && r != '\ufffe' && r != '\uffff'
}

func doubleQuoted(s string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case printable(r):
			b.WriteRune(r)
		default: // none is beyond the first plane
			b.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[r>>shift&15])
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}
