package plan

import (
	"fmt"
	"strings"
	"time"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// input is what a value is for: who takes it and what it may show.
type input struct {
	name     string // as problems call it
	class    schema.Class
	anyClass bool
	leak     string // what would happen to a value above the class
	strict   bool   // no text fits: one is a mistake, and said so
}

// retryType is the type of the modifier `retry`.
var retryType = schema.ObjectOf(
	schema.Field{Name: "times", Type: schema.IntType},
	schema.Field{Name: "delay", Type: schema.DurationType, Optional: true, HasDefault: true, Default: 200 * time.Millisecond},
)

func duration(v any) time.Duration {
	d, _ := v.(time.Duration)
	return d
}

// typed compiles a value that has to fit a type. It returns nil after a problem.
func (b *builder) typed(sc *scope, n *document.Node, want *schema.Type, in input) *expression.Program {
	in.strict = !want.Kind.Textual() && want.Kind != schema.JSON && n.Kind == document.Scalar
	p := b.valueFor(sc, n, want, in)
	if p == nil {
		return nil
	}
	if v, ok := p.Constant(); ok && !hasExpression(n) {
		return b.constantProgram(sc, n, v, want, in.name)
	}
	if schema.Fits(p.Type, want) == schema.Never {
		b.problems.Add(source.Problem{Span: n.Span, Code: "wrong_type", Text: fmt.Sprintf("%s takes %s, and this is %s", in.name, describe(want), describe(p.Type)), Hint: unfit(p.Type, want)})
		return nil
	}
	return p
}

// constantProgram checks a constant against the type and limits that it must have. What
// sc knows is for hints alone; it is nil where nothing can be computed.
func (b *builder) constantProgram(sc *scope, n *document.Node, v any, want *schema.Type, name string) *expression.Program {
	if want.Kind == schema.JSON {
		return expression.NewConstant(v, typeOf(v))
	}
	if v == nil {
		b.problems.Addf(n.Span, "missing_value", "%s needs a value", name)
		return nil
	}
	var faults []schema.Fault
	checked := want.Check(v, "", &faults)
	for _, f := range faults {
		if misspelt(f.Path, n, want.FieldNames()) {
			continue
		}
		p := source.Problem{Span: n.Span, Code: "wrong_type", Text: fmt.Sprintf("%s %s", strings.TrimSuffix(name+"."+f.Path, "."), f.Message)}
		if _, text := v.(string); text && sc != nil {
			p.Hint = b.computed(sc, n, want)
		}
		b.problems.Add(p)
	}
	if len(faults) > 0 {
		return nil
	}
	return expression.NewConstant(checked, want)
}

// valueFor compiles a value. A constant text where a text is wanted is taken as
// it is written: 007 is no number there.
func (b *builder) valueFor(sc *scope, n *document.Node, want *schema.Type, in input) *expression.Program {
	if n.Refused() {
		return nil
	}
	if n.Kind == document.Scalar && want.Kind.Textual() && !hasExpression(n) && !n.IsNull() {
		b.likeExpression(sc, n, n.Value)
		return expression.NewConstant(literal(n.Value), schema.StringType)
	}
	return b.value(sc, n, in)
}

// value compiles a value of any type: ${…}, text with some inside, a map, a list
// or a constant.
func (b *builder) value(sc *scope, n *document.Node, in input) *expression.Program {
	if n.Refused() {
		return nil
	}
	switch n.Kind {
	case document.Mapping:
		return b.object(sc, n, in)
	case document.Sequence:
		items := make([]*expression.Program, 0, len(n.Items))
		for _, item := range n.Items {
			p := b.value(sc, item, in)
			if p == nil {
				return nil
			}
			items = append(items, p)
		}
		return expression.NewList(items)
	}
	if hasExpression(n) {
		return b.template(sc, n, in)
	}
	v, err := n.Data()
	if err != nil {
		b.problems.Addf(n.Span, "wrong_type", "%s", err.Error())
		return nil
	}
	if s, ok := v.(string); ok {
		if !in.strict {
			b.likeExpression(sc, n, s)
		}
		v = literal(s)
	}
	return expression.NewConstant(v, typeOf(v))
}

func (b *builder) object(sc *scope, n *document.Node, in input) *expression.Program {
	names := make([]string, 0, len(n.Entries))
	values := make([]*expression.Program, 0, len(n.Entries))
	ok := true
	for _, e := range n.Entries {
		inside := in
		inside.name = in.name + "." + e.Key.Value
		p := b.value(sc, e.Value, inside)
		if p == nil {
			ok = false
			continue
		}
		names, values = append(names, e.Key.Value), append(values, p)
	}
	if !ok {
		return nil
	}
	return expression.NewObject(names, values)
}

// hasExpression reports whether a scalar holds ${…}.
func hasExpression(n *document.Node) bool {
	if n.Kind != document.Scalar {
		return n.Kind == document.Mapping || n.Kind == document.Sequence
	}
	return strings.Contains(strings.ReplaceAll(n.Value, "$${", ""), "${")
}

// literal is a text without expressions as it is meant: $${ is ${.
func literal(s string) string { return strings.ReplaceAll(s, "$${", "${") }

// template compiles a scalar with ${…} in it.
func (b *builder) template(sc *scope, n *document.Node, in input) *expression.Program {
	parts, fault := expression.Split(n.Value)
	if fault != nil {
		b.fault(n, 0, *fault)
		return nil
	}
	var texts []expression.TextPart
	ok := true
	for _, part := range parts {
		if !part.Expression {
			texts = append(texts, expression.TextPart{Literal: part.Literal})
			continue
		}
		p := b.expression(sc, n, part, in)
		if p == nil {
			ok = false
			continue
		}
		if len(parts) == 1 {
			return p
		}
		texts = append(texts, expression.TextPart{Program: p})
	}
	if !ok {
		return nil
	}
	return expression.NewText(texts)
}

// expression compiles one ${…} and checks that its class may go where it goes.
func (b *builder) expression(sc *scope, n *document.Node, part expression.Part, in input) *expression.Program {
	p, faults := expression.Compile(part.Source, sc)
	for _, f := range faults {
		if name := rootName(part.Source[f.From:f.To]); f.Code == "unknown_name" && sc.wasBound(name) {
			f.Hint = "it is bound inside other steps and unknown outside them; name their result with `as`"
			sc.declare(name, schema.AnyType) // said once
		}
		if f.Code == "unknown_name" && sc.ambient.around.job && rootName(part.Source[f.From:f.To]) == "request" {
			f.Hint = "a job has no request: what it needs is an argument of its own"
		}
		if f.Code == "unknown_field" && sc.ambient.around.job && strings.HasPrefix(strings.TrimSpace(part.Source[:f.To]), "user.") && sc.ambient.user == schema.NullType {
			f.Text, f.Hint = "a job has no user", "what it needs is an argument of its own"
		}
		if hint := sc.awaits(rootName(part.Source[f.From:f.To])); f.Code == "unknown_name" && f.Hint == "" {
			f.Hint = hint
		}
		b.fault(n, part.Offset, f)
	}
	if len(faults) > 0 || p == nil {
		return nil
	}
	for _, f := range p.Warnings {
		b.problems.Add(source.Problem{Span: n.Place(part.Offset+f.From, part.Offset+f.To), Code: f.Code, Text: f.Text, Hint: f.Hint, Warning: true})
	}
	if _, constant := p.Constant(); !constant {
		sc.fails.evaluates = true
	}
	sc.frame.noteReads(p, n.Place(part.Offset, part.Offset+len(part.Source)))
	if c := p.Type.Highest(); c > in.class && !in.anyClass {
		b.problems.Add(source.Problem{Span: n.Place(part.Offset, part.Offset+len(part.Source)), Code: "secret_flow",
			Text: fmt.Sprintf("%s is a %s and %s", clip(strings.TrimSpace(part.Source)), c, leakOf(in))})
		return nil
	}
	return p
}

// rootName is the name that a path like film.title begins with.
func rootName(path string) string {
	if i := strings.IndexFunc(path, func(r rune) bool { return !identifierPattern.MatchString("_" + string(r)) }); i >= 0 {
		return path[:i]
	}
	return path
}

func leakOf(in input) string {
	if in.leak != "" {
		return in.leak
	}
	return fmt.Sprintf("%s takes only %s values", in.name, in.class)
}

// fault reports a mistake inside an expression that begins at offset in n's text.
func (b *builder) fault(n *document.Node, offset int, f expression.Fault) {
	b.problems.Add(source.Problem{Span: n.Place(offset+f.From, offset+f.To), Code: f.Code, Text: f.Text, Hint: f.Hint})
}

// constant reads a value that has to be known when the file is loaded.
func (b *builder) constant(n *document.Node, want *schema.Type, name string) (any, bool) {
	if n.Refused() {
		return nil, false
	}
	if n.Kind == document.Scalar && hasExpression(n) {
		b.problems.Addf(n.Span, "not_constant", "%s has to be known when the file is loaded, so it cannot be computed", name)
		return nil, false
	}
	var v any
	if n.Kind == document.Scalar && want.Kind.Textual() && !n.IsNull() {
		v = literal(n.Value)
	} else {
		d, err := n.Data()
		if err != nil {
			b.problems.Addf(n.Span, "wrong_type", "%s: %s", name, err.Error())
			return nil, false
		}
		v = d
	}
	p := b.constantProgram(nil, n, v, want, name)
	if p == nil {
		return nil, false
	}
	v, _ = p.Constant()
	return v, true
}

// typeOf is the type of a constant.
func typeOf(v any) *schema.Type {
	switch v := v.(type) {
	case nil:
		return schema.NullType
	case bool:
		return schema.BoolType
	case int:
		return schema.IntType
	case float64:
		return schema.FloatType
	case string:
		return schema.StringType
	case []any:
		var elem *schema.Type
		for _, item := range v {
			if elem == nil {
				elem = typeOf(item)
			} else {
				elem = schema.Join(elem, typeOf(item))
			}
		}
		if elem == nil {
			elem = schema.AnyType
		}
		return schema.ListOf(elem)
	case *schema.Object:
		t := &schema.Type{Kind: schema.ObjectK}
		for name, value := range v.All() {
			t.Fields = append(t.Fields, schema.Field{Name: name, Type: typeOf(value)})
		}
		return t
	}
	return schema.AnyType
}

// describe names a type for a problem's sentence.
func describe(t *schema.Type) string {
	text := t.String()
	if strings.IndexByte("aeiou", text[0]) >= 0 {
		return "an " + text
	}
	if text[0] == '[' {
		return "a list " + text
	}
	return "a " + text
}
