package data

import (
	"fmt"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/query"
)

// badValue is what a step fails with whose value does not fit its column. Where the type
// of the value is known that is found at load.
var badValue = action.Outcome{Status: 400, Code: "invalid_value", When: "a value does not fit its column"}

// value is a value that a column is held against, or set to.
type value struct {
	program *expression.Program
	want    *schema.Type
	exact   bool // every value of the program fits
}

// of evaluates the value and holds it against its type; mayBeNull lets null through.
func (v *value) of(c *action.Call, mayBeNull bool) (any, error) {
	got, err := v.program.Run(&c.Frame)
	if err != nil || v.exact || got == nil && mayBeNull {
		return got, err
	}
	var faults []schema.Fault
	got = v.want.Check(got, "", &faults)
	if len(faults) > 0 {
		f := action.Fail(badValue.Status, badValue.Code, "A value is not what is needed here.")
		f.Reason = "a value " + faults[0].Message
		return nil, f
	}
	return got, nil
}

// typed compiles a value; nil after a problem.
func typed(l action.Load, b *action.Branch, want *schema.Type, name string) *value {
	p := l.Typed(b, want, name)
	if p == nil {
		return nil
	}
	return &value{program: p, want: want, exact: schema.Fits(p.Type, want) == schema.Always && !converted(p.Type, want)}
}

// converted reports whether a value that fits is made another one by it.
func converted(is, want *schema.Type) bool {
	return want.Kind != schema.JSON && is.Kind != schema.Null && is.Kind != want.Kind
}

// term is one condition of where.
type term struct {
	query.Condition
	value
}

// where is the conditions of a step, which all have to hold.
type where []term

// conditions are the terms without their values.
func (w where) conditions() []query.Condition {
	list := make([]query.Condition, len(w))
	for i := range w {
		list[i] = w[i].Condition
	}
	return list
}

// checked reports whether some value is held against its type only when the step runs.
func (w where) checked() bool {
	for i := range w {
		if !w[i].exact || w[i].Matches() {
			return true
		}
	}
	return false
}

// arguments evaluates the values behind others.
func (w where) arguments(c *action.Call, args []any) ([]any, error) {
	for i := range w {
		t := &w[i]
		v, err := t.of(c, t.Operator != query.In && t.Operator != query.Null)
		if err != nil {
			return nil, err
		}
		if why := t.Refused(v); why != "" {
			return nil, action.Fail(badValue.Status, badValue.Code, fmt.Sprintf("A pattern %s.", why))
		}
		args = append(args, t.Argument(v))
	}
	return args, nil
}

// compileWhere reads the conditions that are written at an input. ok is false after a problem.
func compileWhere(l action.Load, tree *action.Tree, t *database.Table) (w where, ok bool) {
	root := tree.Root()
	if root == nil {
		return nil, true
	}
	if root.Shape != action.Mapping {
		p := source.Problem{Span: root.Value, Code: "wrong_type", Text: "where is a map of columns to values, written out"}
		if root.Shape == action.Computed {
			p.Hint = "what the caller may choose is the filter of data.list"
		}
		l.Problem(p)
		return nil, false
	}
	ok = true
	for _, b := range root.Branches {
		c := column(l, t, b)
		if c == nil {
			ok = false
			continue
		}
		terms, fine := compileTerms(l, c, b)
		w, ok = append(w, terms...), ok && fine
	}
	return w, ok
}

// column finds the column that a branch names; nil after a problem.
func column(l action.Load, t *database.Table, b *action.Branch) *database.TableColumn {
	c, found := t.Column(b.Name)
	if !found {
		l.Problem(source.Problem{Span: b.Key, Code: "unknown_column", Text: fmt.Sprintf("there is no column %q in %s", short(b.Name), t.Name),
			Hint: source.DidYouMean(b.Name, t.Names())})
		return nil
	}
	return c
}

func short(name string) string { return schema.ShortName(name) }

// compileTerms reads what a column is held against: a value, or a map of operators.
func compileTerms(l action.Load, c *database.TableColumn, b *action.Branch) (w where, ok bool) {
	if b.Shape != action.Mapping {
		return compileTerm(l, query.Condition{Column: c}, b, "where."+b.Name)
	}
	if len(b.Branches) == 0 {
		l.Problem(source.Problem{Span: b.Value, Code: "missing_value", Text: fmt.Sprintf("%s is held against nothing", b.Name),
			Hint: "write a value, or some of " + strings.Join(query.Operators(), ", ")})
		return nil, false
	}
	ok = true
	for _, o := range b.Branches {
		op := query.Operator(o.Name)
		if !op.Known() {
			l.Problem(source.Problem{Span: o.Key, Code: "unknown_operator", Text: fmt.Sprintf("there is no operator %q; expected %s", short(o.Name), strings.Join(query.Operators(), ", ")),
				Hint: source.DidYouMean(o.Name, query.Operators())})
			ok = false
			continue
		}
		terms, fine := compileTerm(l, query.Condition{Column: c, Operator: op}, o, "where."+b.Name+"."+o.Name)
		w, ok = append(w, terms...), ok && fine
	}
	return w, ok
}

func compileTerm(l action.Load, c query.Condition, b *action.Branch, name string) (where, bool) {
	if c.Operator == query.Equal && b.Shape == action.Sequence {
		l.Problem(source.Problem{Span: b.Value, Code: "wrong_type", Text: "a column is held against one value", Hint: fmt.Sprintf("write %s: {in: […]}", b.Name)})
		return nil, false
	}
	v := typed(l, b, c.Wants(), name)
	if v == nil {
		return nil, false
	}
	if why := c.Misfit(); why != "" && v.program.Type.Kind != schema.Null {
		l.Problem(source.Problem{Span: b.Key, Code: "wrong_operator", Text: c.Column.Name + " " + why})
		return nil, false
	}
	c.Present = v.exact && !v.program.Type.Nullable && v.program.Type.Kind != schema.JSON
	return where{{c, *v}}, true
}
