package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

var identifierPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reserved are the names that no step may bind: the known ones, the expression
// language's keywords, and its functions that take predicates.
var reserved = []string{"args", "user", "request", "config", "secrets", "last", "error", "value", "index", "null",
	"nil", "true", "false", "and", "or", "not", "in", "let", "if", "else", "matches", "contains", "startsWith", "endsWith",
	"all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex", "count", "sum",
	"groupBy", "sortBy", "reduce"}

// identifier checks a name that a step binds.
func (b *builder) identifier(n *document.Node, name string) bool {
	if !identifierPattern.MatchString(name) {
		b.problems.Addf(n.Span, "invalid_name", "%q is no name: letters, digits and _, not beginning with a digit", clip(name))
		return false
	}
	if slices.Contains(reserved, name) {
		b.problems.Addf(n.Span, "reserved_name", "%q has a meaning of its own and cannot be bound", name)
		return false
	}
	return true
}

// assign binds a name: one that is visible keeps its place if the type fits, a
// new one begins here. From parallel branches outer names are read-only.
func (b *builder) assign(sc *scope, n *document.Node, name string, t *schema.Type, own bool) *variable {
	v := sc.find(name)
	if v == nil {
		return sc.declare(name, t)
	}
	if v.level < sc.level {
		b.problems.Add(source.Problem{Span: n.Span, Code: "read_only",
			Text: fmt.Sprintf("%q is bound outside and steps that run in parallel can only read it", name), Hint: "use the branch's result instead"})
		return nil
	}
	_, here := sc.names[name]
	fits := schema.Fits(t, v.t) != schema.Never
	raised := t.Exceeds(v.t)
	if here && own && (!fits || raised != nil || v.t.String() != t.String()) {
		return sc.declare(name, t) // bound anew in the same chain: from here on it is another thing
	}
	if !fits {
		b.problems.Addf(n.Span, "wrong_type", "%q is %s and cannot become %s", name, describe(v.t), describe(t))
		return nil
	}
	if raised != nil {
		b.problems.Addf(n.Span, "secret_flow", "%q was bound to %s", name, tooHigh(raised))
		return nil
	}
	return v
}

// tooHigh says what a name was bound to and what it cannot take therefore.
func tooHigh(e *schema.Excess) string {
	if e.Path == "" {
		return fmt.Sprintf("a %s value and cannot take a %s one", e.May, e.Is)
	}
	return fmt.Sprintf("a value whose %q is %s, and cannot take one whose %q is %s", e.Path, asWord(e.May), e.Path, asWord(e.Is))
}

// asWord is a class behind "is".
func asWord(c schema.Class) string {
	if c == schema.Public {
		return c.String()
	}
	return "a " + c.String()
}

// misspelt reports whether a name that is missing from a mapping was most likely
// written wrongly there: that is one mistake, and said at the wrong name.
func misspelt(name string, n *document.Node, known []string) bool {
	return slices.ContainsFunc(n.Entries, func(e document.Entry) bool {
		if slices.Contains(known, e.Key.Value) {
			return false
		}
		if here := source.Habit(e.Key.Value, known); here != "" {
			return here == name
		}
		return source.Nearest(e.Key.Value, known) == name
	})
}

// takes is the hint at an unknown input: the inputs that there are, or how to write
// the text that a comma tore in two, as in {sql: SELECT a, b FROM c}.
func takes(e document.Entry, names []string) string {
	switch {
	case e.Key.Plain && e.Value.IsNull() && e.Value.Value == "" && strings.Contains(e.Key.Value, " "):
		return "inside {…} a text with a comma in it must be quoted"
	case len(names) == 0:
		return "it takes none"
	}
	return "it takes " + strings.Join(names, ", ")
}

// stand binds a name that could not be bound as its author meant, so that reading
// it is no second problem.
func (b *builder) stand(sc *scope, n *document.Node) {
	if n.Kind == document.Scalar && sc.find(n.Value) == nil {
		sc.declare(n.Value, schema.AnyType)
	}
}

// bindUnknown binds what a step would have bound whose action is not known, so
// that reading it is no second problem.
func (b *builder) bindUnknown(sc *scope, node *document.Node) {
	for _, e := range node.Entries {
		switch {
		case e.Key.Value == "as":
			b.stand(sc, e.Value)
		case source.Meant(e.Key.Value, b.actionNames(sc.ambient.folder)) == `did you mean "set"?`:
			for _, set := range e.Value.Entries {
				b.stand(sc, set.Key)
			}
		}
	}
}
