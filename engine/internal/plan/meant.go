package plan

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Texts that are written as expressions are elsewhere: {{ args.title }}, $args.title, $(args.title)
// and args.title alone. What is inside begins with a name that stands for itself in no ordinary text.
var (
	braces  = regexp.MustCompile(`\{\{-?\s*\$?((?:args|request|user|config|secrets|last)\.[^{}]*?)\s*-?\}\}`)
	dollar  = regexp.MustCompile(`\$\(?((?:args|request|user|config|secrets|last)\.[A-Za-z_][A-Za-z0-9_.]*)\)?`)
	bare    = regexp.MustCompile(`^((?:args|request|user|config|secrets|last)\.[A-Za-z_][A-Za-z0-9_]*)$`)
	foreign = []*regexp.Regexp{braces, dollar, bare}
)

// likeExpression warns of a text that its author most likely takes for an expression.
func (b *builder) likeExpression(sc *scope, n *document.Node, text string) {
	if strings.IndexByte(text, '.') < 0 {
		return
	}
	for _, pattern := range foreign {
		at := pattern.FindStringSubmatchIndex(text)
		if at == nil {
			continue
		}
		inside := text[at[2]:at[3]]
		if attempt(sc, inside) == nil {
			continue
		}
		b.problems.Add(source.Problem{Span: n.Place(at[0], at[1]), Code: "text_like_expression", Warning: true,
			Text: fmt.Sprintf("%q is a text, not a value", clip(text[at[0]:at[1]])), Hint: "write " + inPlace(n, "${"+inside+"}")})
		return
	}
}

// attempt compiles a source for a hint alone, or gives nil: the chain does not read what it reads.
func attempt(sc *scope, source string) *expression.Program {
	before := *sc.frame
	defer func() { *sc.frame = before }()
	p, faults := expression.Compile(source, sc)
	if len(faults) > 0 {
		return nil
	}
	return p
}

// inPlace is an expression as it is written in place of a node: in quotes where they are needed.
func inPlace(n *document.Node, text string) string {
	ahead := n.Span.File.Text[:n.Span.From]
	if n.Plain && !strings.ContainsAny(text, "#:\"") && !bytes.ContainsAny(ahead[bytes.LastIndexByte(ahead, '\n')+1:], "{[") {
		return text
	}
	if strings.Contains(text, `"`) {
		return "'" + text + "'"
	}
	return `"` + text + `"`
}

// computed is the hint at a text in the place of another type that would be right as an expression.
func (b *builder) computed(sc *scope, n *document.Node, want *schema.Type) string {
	if n.Kind != document.Scalar || n.IsNull() {
		return ""
	}
	text := strings.TrimSpace(n.Value)
	text = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "{{"), "}}"))
	text = strings.TrimPrefix(text, "$")
	p := attempt(sc, text)
	if p == nil || schema.Fits(p.Type, want) == schema.Never {
		return ""
	}
	if _, constant := p.Constant(); constant {
		return ""
	}
	return "write " + inPlace(n, "${"+text+"}")
}

// unfit says why an object does not fit the fields that are wanted, or what makes a
// condition of a value that is none, as a hint, or "".
func unfit(value, want *schema.Type) string {
	switch {
	case want.Kind == schema.Bool && value.Kind == schema.List:
		return "compare it, as in ${len(list) > 0}"
	case want.Kind == schema.Bool && value.Nullable:
		return "compare it, as in ${value != null}"
	}
	if value.Kind != schema.ObjectK || want.Kind != schema.ObjectK {
		return ""
	}
	for i := range want.Fields {
		f := &want.Fields[i]
		have, ok := value.Field(f.Name)
		switch {
		case !ok && !f.Optional && !value.Open:
			return fmt.Sprintf("it has no %q", f.Name)
		case ok && schema.Fits(have.Type, f.Type) == schema.Never:
			return fmt.Sprintf("its %q is %s and has to be %s", f.Name, describe(have.Type), describe(f.Type))
		}
	}
	var more, parts []string
	for _, f := range value.Fields {
		if _, ok := want.Field(f.Name); !ok && !f.Optional {
			more = append(more, fmt.Sprintf("%q", f.Name))
		}
	}
	if want.Open || len(more) == 0 {
		return ""
	}
	for _, f := range want.Fields {
		parts = append(parts, f.Name+": …")
	}
	return fmt.Sprintf("it has %s, too; name what is wanted, as in {%s}", strings.Join(more[:min(len(more), 3)], ", "), strings.Join(parts[:min(len(parts), 3)], ", "))
}
