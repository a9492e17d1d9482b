package plan

import (
	"errors"
	"fmt"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// branches is a value as an action sees it that wants it written out.
func (bd *binder) branches(n *document.Node) *action.Branch {
	b := &action.Branch{Key: n.Span, Value: n.Span}
	switch n.Kind {
	case document.Mapping:
		b.Shape = action.Mapping
		for _, e := range n.Entries {
			inner := bd.branches(e.Value)
			inner.Name, inner.Key = e.Key.Value, e.Key.Span
			b.Branches = append(b.Branches, inner)
		}
	case document.Sequence:
		b.Shape = action.Sequence
		for _, item := range n.Items {
			b.Branches = append(b.Branches, bd.branches(item))
		}
	default:
		switch {
		case n.IsNull():
			b.Shape = action.Nothing
		case hasExpression(n):
			b.Shape = action.Computed
		}
	}
	bd.trees[b] = n
	return b
}

// Typed implements action.Load.
func (bd *binder) Typed(b *action.Branch, want *schema.Type, name string) *expression.Program {
	n := bd.trees[b]
	bd.compiled(b)
	in := stored(bd.written.name + "." + name)
	var p *expression.Program
	if n.IsNull() && want.Nullable {
		p = expression.NewConstant(nil, schema.NullType)
	} else {
		p = bd.typed(bd.scope, n, want, in)
	}
	if p != nil {
		bd.step.visible = append(bd.step.visible, tracedInput{name, p})
	}
	return p
}

// stored is what goes into a database: token values at the most, so that no secret rests there.
func stored(name string) input {
	return input{name: name, class: schema.Token, leak: "would be stored in the database as it is; hash it first"}
}

// compiled notes that a branch, with all that is in it, needs no compiling any more.
func (bd *binder) compiled(b *action.Branch) {
	delete(bd.trees, b)
	for _, inner := range b.Branches {
		bd.compiled(inner)
	}
}

// untyped compiles what of a tree no type was asked for, since something else is wrong
// with it: so that the mistakes in it are not found one by one.
func (bd *binder) untyped(b *action.Branch, in *action.Input) {
	if len(b.Branches) > 0 {
		for _, inner := range b.Branches {
			bd.untyped(inner, in)
		}
		return
	}
	if n := bd.trees[b]; n != nil {
		bd.value(bd.scope, n, stored(bd.written.name+"."+in.Name))
	}
}

// Table implements action.Load.
func (bd *binder) Table(name, db, in string) *database.Table {
	if db != "" && !bd.hasDatabase(db) {
		return nil // said already
	}
	scratch := bd.scratch[bd.Database(db)]
	if scratch == nil {
		return nil
	}
	t, err := scratch.Table(name)
	if err == nil {
		return t
	}
	var e *database.SQLError
	switch {
	case !errors.As(err, &e):
		bd.problems.Addf(bd.At(in), "invalid_sql", "the table cannot be looked at: %v", err)
	case scratch.Partial() && strings.HasPrefix(e.Code, "unknown_"): // the migration that failed is the mistake
	default:
		bd.problems.Add(source.Problem{Span: bd.At(in), Code: e.Code, Text: e.Text, Hint: e.Hint})
	}
	return nil
}

// Query implements action.Load.
func (bd *binder) Query(sql, name string, use func(*database.Statement)) *database.Description {
	db := bd.Database(name)
	if !bd.within(db) {
		return nil
	}
	d, err := bd.scratch[db].Describe(sql)
	if err != nil {
		bd.problems.Add(source.Problem{Span: bd.written.key.Span, Code: "invalid_sql", Text: fmt.Sprintf("the database cannot do this: %v", err)})
		return nil
	}
	bd.runs(d, db, use)
	return d
}

// within reports a statement for another database than that of the transaction around it.
func (bd *binder) within(db string) bool {
	if t := bd.scope.transaction; t != "" && t != db {
		bd.Problem(source.Problem{Span: bd.At("database"), Code: "other_database",
			Text: fmt.Sprintf("the transaction is of the database %q, and this statement is for %q", t, db)})
		return false
	}
	return bd.scratch[db] != nil
}

// runs has a statement prepared once its database is open.
func (bd *binder) runs(d *database.Description, db string, use func(*database.Statement)) {
	if d.Writes {
		bd.scope.frame.writes = true
		bd.scope.frame.keepNot(bd.written.key.Span, bd.written.name+" writes, which the answers that are kept would not do")
	}
	bd.link = append(bd.link, func(open func(string) *database.DB) { use(open(db).Prepare(d)) })
}
