package document

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// limits reads what narrows a type and gives the field a type of its own for it.
func (r reader) limits(f *schema.Field, l *long) {
	t, limits, some := f.Type, &schema.Limits{}, false
	free := *t
	free.Limits, free.Nullable = nil, false
	use := func(n *Node, name string, kinds ...schema.Kind) bool {
		if n == nil {
			return false
		}
		if !slices.Contains(kinds, t.Kind) {
			p := source.Problem{Span: mark(n), Code: CodeLimitNotAllowed, Text: fmt.Sprintf("%s does not go with %s", name, t.NotNull())}
			if t.Kind == schema.List && t.Elem != nil && slices.Contains(kinds, t.Elem.Kind) {
				p.Hint = fmt.Sprintf("say it of the items: items: {type: %s, %s: …}", t.Elem.NotNull(), name)
			}
			r.problems.Add(p)
			return false
		}
		some = true
		return true
	}
	if use(l.enum, "enum", schema.JSON, schema.Int, schema.Float, schema.DecimalK, schema.String, schema.Date, schema.Time,
		schema.DateTime, schema.Duration, schema.UUID, schema.Email, schema.URL, schema.Timezone) {
		limits.Enum = r.enum(l.enum, &free)
	}
	ordered := []schema.Kind{schema.Int, schema.Float, schema.DecimalK, schema.Date, schema.Time, schema.DateTime, schema.Duration}
	if use(l.min, "min", ordered...) {
		limits.Min, _ = r.constant(l.min, &free, mark(l.min), "min")
	}
	if use(l.max, "max", ordered...) {
		limits.Max, _ = r.constant(l.max, &free, mark(l.max), "max")
	}
	texts := []schema.Kind{schema.String, schema.Email, schema.URL}
	if use(l.minLength, "min_length", texts...) {
		limits.MinLength = r.count(l.minLength, "min_length")
	}
	if use(l.maxLength, "max_length", texts...) {
		limits.MaxLength = r.count(l.maxLength, "max_length")
	}
	if use(l.pattern, "pattern", texts...) {
		limits.Pattern = r.pattern(l.pattern)
	}
	if use(l.minItems, "min_items", schema.List) {
		limits.MinItems = r.count(l.minItems, "min_items")
	}
	if use(l.maxItems, "max_items", schema.List) {
		limits.MaxItems = r.count(l.maxItems, "max_items")
	}
	r.fileLimits(limits, l, use)
	if !some {
		return
	}
	r.inOrder(limits, &free, l)
	narrow := *t
	narrow.Limits = limits
	f.Type = &narrow
}

// inOrder refuses limits that nothing fits between.
func (r reader) inOrder(limits *schema.Limits, free *schema.Type, l *long) {
	refuse := func(n *Node, low, high string) {
		r.problems.Addf(mark(n), CodeConflict, "%s is more than %s", low, high)
	}
	if limits.Min != nil && limits.Max != nil {
		upTo := *free
		upTo.Limits = &schema.Limits{Max: limits.Max}
		if _, fault := check(&upTo, limits.Min); fault != "" {
			refuse(l.min, "min", "max")
			limits.Min = nil
		}
	}
	if a, b := limits.MinLength, limits.MaxLength; a != nil && b != nil && *a > *b {
		refuse(l.minLength, "min_length", "max_length")
		limits.MinLength = nil
	}
	if a, b := limits.MinItems, limits.MaxItems; a != nil && b != nil && *a > *b {
		refuse(l.minItems, "min_items", "max_items")
		limits.MinItems = nil
	}
}

// enum reads a list of values of the type, each once.
func (r reader) enum(n *Node, t *schema.Type) []any {
	if n.Kind != Sequence || len(n.Items) == 0 {
		r.expected(n, "a list of the allowed values")
		return nil
	}
	var list []any
	for _, item := range n.Items {
		v, ok := r.constant(item, t, mark(item), "the value")
		if !ok {
			continue
		}
		if slices.ContainsFunc(list, func(o any) bool { return schema.Equal(o, v) }) {
			r.problems.Addf(mark(item), CodeConflict, "the value stands twice in the list")
			continue
		}
		list = append(list, v)
	}
	return list
}

// count reads a number of characters or items.
func (r reader) count(n *Node, name string) *int {
	v, err := n.Data()
	number, ok := v.(int)
	if err != nil || !ok || number < 0 {
		r.problems.Addf(mark(n), CodeWrongType, "expected %s to be a whole number, 0 or more", name)
		return nil
	}
	return &number
}

// pattern compiles RE2 and points at the part that is wrong.
func (r reader) pattern(n *Node) *regexp.Regexp {
	t, ok := r.text(n)
	if !ok {
		return nil
	}
	re, err := regexp.Compile(t.Value)
	if err == nil {
		return re
	}
	at, reason := n.Span, "it cannot be read"
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		reason = string(wrong.Code)
		if i := strings.Index(t.Value, wrong.Expr); i >= 0 && wrong.Expr != "" {
			at = n.Place(i, i+len(wrong.Expr))
		}
	}
	p := source.Problem{Span: at, Code: CodeInvalidPattern, Text: fmt.Sprintf("the pattern is no regular expression: %s", reason)}
	if wrong != nil && (wrong.Code == syntax.ErrInvalidPerlOp || wrong.Code == syntax.ErrInvalidEscape) {
		p.Hint = "patterns are RE2, without look-around and back-references"
	}
	r.problems.Add(p)
	return nil
}
