package plan

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/template"
)

// pendingChain is a chain whose steps wait to be compiled.
type pendingChain struct {
	chain *action.Chain
	node  *document.Node
	input string
	key   *document.Node
}

// At implements action.Load.
func (bd *binder) At(name string) source.Span {
	if n := bd.nodes[name]; n != nil {
		return n.Span
	}
	return bd.written.key.Span
}

// Problem implements action.Load.
func (bd *binder) Problem(p source.Problem) { bd.problems.Add(bd.scope.ambient.around.explain(p)) }

// Transaction implements action.Load.
func (bd *binder) Transaction() string { return bd.scope.transaction }

// Parallel implements action.Load.
func (bd *binder) Parallel() bool { return bd.scope.parallel() }

// Body implements action.Load.
func (bd *binder) Body() {
	bd.answering()
	bd.scope.frame.rawBody = true
}

// Retried implements action.Load.
func (bd *binder) Retried() bool { return bd.scope.retried || bd.step.retried() }

// Branch implements action.Load.
func (bd *binder) Branch() bool { return bd.scope.level > 0 }

// Returns implements action.Load.
func (bd *binder) Returns(t *schema.Type) {
	f := bd.scope.frame
	if f.returns != nil {
		t = schema.Join(f.returns, t)
	}
	f.returns = t
}

// Responds implements action.Load.
func (bd *binder) Responds(r action.Response) {
	bd.answering()
	f := bd.scope.frame
	f.responds, f.answers = true, append(f.answers, r)
}

// answering reports a step that writes the answer where nobody waits for one.
func (bd *binder) answering() {
	if bd.scope.ambient.around.job {
		bd.Problem(source.Problem{Span: bd.written.key.Span, Code: "no_request", Text: bd.written.name + " is for the one who sends a request, and a job has none"})
	}
}

// Answers implements action.Load.
func (bd *binder) Answers(status int) {
	bd.answering()
	f := bd.scope.frame
	f.statuses = append(f.statuses, status)
	n := bd.written.node
	f.statusSure = f.statusSure || f.returns == nil && bd.scope.parent == nil && n.Get("if") == nil && n.Get("on_error") == nil
}

// Fails implements action.Load.
func (bd *binder) Fails(list ...action.Outcome) {
	bd.told = true
	bd.scope.fails.add(list...)
}

// Database implements action.Load.
func (bd *binder) Database(name string) string {
	if name == "" {
		return bd.scope.ambient.database
	}
	if !bd.hasDatabase(name) {
		bd.unknownDatabase(bd.At("database"), name)
		return bd.scope.ambient.database
	}
	return name
}

// Configured implements action.Load.
func (bd *binder) Configured(key, name, input string) bool {
	known := bd.app.Configured[key]
	if bd.app.Unread.Settings || slices.Contains(known, name) {
		return true
	}
	bd.Problem(source.Problem{Span: bd.At(input), Code: "not_configured",
		Text: fmt.Sprintf("cloudlet.yaml has no %q under %s", clip(name), key), Hint: source.DidYouMean(name, known)})
	return false
}

// Compile implements action.Load.
func (bd *binder) Compile(ch *action.Chain, in action.Within) action.Result {
	node := bd.nodeOf(ch)
	sc := bd.scope.inner()
	if in.Transaction != "" {
		sc.transaction = in.Transaction
	}
	if in.Parallel {
		sc.level++
	}
	sc.retried = sc.retried || bd.step.retried()
	if in.Handler {
		sc.handler = true
	}
	if in.Caught {
		sc.fails = &outcomes{}
	}
	if as := bd.written.node.Get("as"); as != nil {
		sc.awaited = &awaited{name: as.Value, action: bd.act.Name}
		if len(in.Locals) > 0 {
			sc.awaited.local = in.Locals[0].Name
		}
	}
	for _, l := range in.Locals {
		l.Slot = sc.declare(l.Name, l.Type).slot
	}
	compiled, r := bd.chain(sc, node)
	compiled.point = bd.branch(ch, node)
	sc.close()
	ch.Compiled(compiled.run, r)
	return r
}

// branch is the point of a chain that not every run of the step goes through: none
// of its main one. A chain that is not written, as an else, is a way too.
func (bd *binder) branch(ch *action.Chain, node *document.Node) int {
	for _, p := range bd.pending {
		if p.chain == ch {
			if bd.act.Main == p.input {
				return none
			}
			return bd.point(p.key.Span, Branch, strings.TrimSuffix(p.input, "s")+" "+p.key.Value)
		}
	}
	for i := range bd.act.Inputs {
		in := &bd.act.Inputs[i]
		if in.Form != action.Steps || in.Field(bd.step.binding.In) != any(ch) {
			continue
		}
		switch {
		case in.Name == bd.act.Main:
			return none
		case node != nil:
			return bd.point(node.Span, Branch, in.Name)
		case in.Otherwise:
			return bd.point(bd.written.key.Span, Branch, in.Name)
		}
	}
	return none
}

func (bd *binder) nodeOf(ch *action.Chain) *document.Node {
	for _, p := range bd.pending {
		if p.chain == ch {
			return p.node
		}
	}
	for i := range bd.act.Inputs {
		in := &bd.act.Inputs[i]
		if in.Form == action.Steps && in.Field(bd.step.binding.In) == any(ch) {
			return bd.nodes[in.Name]
		}
	}
	return nil
}

// compileRest compiles what of an input Prepare did not ask for.
func (bd *binder) compileRest(in *action.Input) {
	switch in.Form {
	case action.Nested:
		if t := in.Field(bd.step.binding.In).(*action.Tree); t.Given() {
			bd.untyped(t.Root(), in)
		}
	case action.Steps:
		if ch := in.Field(bd.step.binding.In).(*action.Chain); ch.Given() && !ch.IsCompiled() {
			bd.Compile(ch, action.Within{})
		}
	case action.NamedSteps:
		for _, ch := range in.Field(bd.step.binding.In).(*action.Chains).List {
			if !ch.IsCompiled() {
				bd.Compile(ch, action.Within{})
			}
		}
	}
}

// statement reads SQL: each ${…} becomes a parameter.
func (bd *binder) statement(n *document.Node, into *action.SQL) bool {
	if n.Kind != document.Scalar {
		bd.problems.Addf(n.Span, "wrong_type", "%s takes the text of one SQL statement", bd.written.name)
		return false
	}
	parts, fault := expression.Split(n.Value)
	if fault != nil {
		bd.fault(n, 0, *fault)
		return false
	}
	q := &query{binder: bd, node: n}
	for _, part := range parts {
		if part.Expression {
			q.parameter(part)
		} else {
			q.literal(part)
		}
	}
	ok := q.check()
	into.Write(q.programs, q.lists)
	bd.queries[into] = q
	bd.step.visible = append(bd.step.visible, q.traced()...)
	return ok
}

// Statement implements action.Load.
func (bd *binder) Statement(sql *action.SQL, name string) *database.Description {
	q := bd.queries[sql]
	if q == nil || bd.failed || name != "" && !bd.hasDatabase(name) {
		return nil // said already
	}
	db := bd.Database(name)
	if !bd.within(db) {
		return nil
	}
	d, err := q.describe(bd.scratch[db])
	if err != nil {
		return nil
	}
	bd.runs(d, db, sql.Prepared)
	return d
}

// Template implements action.Load.
func (bd *binder) Template(name, in string) *template.Template {
	folder := bd.scope.ambient.folder
	if !bd.app.Templates.Has(folder, name) {
		bd.problems.Add(source.Problem{Span: bd.At(in), Code: "unknown_template", Text: fmt.Sprintf("there is no template %q in %s of this folder or above", clip(name), template.FolderName),
			Hint: meantTemplate(name, bd.app.Templates.Names(folder))})
		return nil
	}
	return bd.app.Templates.Template(folder, name, bd.problems)
}

// meantTemplate is the template of the name with its ending, else the nearest.
func meantTemplate(name string, known []string) string {
	for _, ending := range []string{".html", ".txt"} {
		if slices.Contains(known, name+ending) {
			return fmt.Sprintf("did you mean %q?", name+ending)
		}
	}
	return source.DidYouMean(name, known)
}

// Templates implements action.Load.
func (bd *binder) Templates() []string {
	return bd.app.Templates.Names(bd.scope.ambient.folder)
}

// Endpoint implements action.Load.
func (bd *binder) Endpoint(name, in string) *action.Endpoint {
	e := &action.Endpoint{Type: unknownAnswer}
	method, path, ok := strings.Cut(strings.TrimSpace(name), " ")
	if !ok {
		bd.problems.Addf(bd.At(in), "invalid_endpoint", "an endpoint is a method and a path, as in GET /films/{id}")
		return e
	}
	e.Method, e.Path = strings.ToUpper(method), strings.TrimSpace(path)
	at := bd.At(in)
	bd.scope.fails.calls = append(bd.scope.fails.calls, e.Method+" "+e.Path)
	bd.scope.frame.calls = append(bd.scope.frame.calls, e.Method+" "+e.Path)
	// While a composite is compiled no endpoint is: it may use the composite.
	if i, ok := bd.byPath[e.Path]; ok && len(bd.open) == 0 {
		if v := bd.endpoint(i).lookup[e.Method]; v != nil {
			e.Type = v.answers()
		}
	}
	bd.linkCalls = append(bd.linkCalls, func(p *Plan) {
		v := p.find(e.Method, e.Path)
		if v == nil && bd.app.Unread.Paths[e.Path] {
			return
		}
		if v == nil {
			p.unknownEndpoint(bd.problems, at, e.Method+" "+e.Path)
			return
		}
		if v.Streams() {
			bd.problems.Add(source.Problem{Span: at, Code: "not_callable", Text: e.Method + " " + e.Path + " is a stream of events, which no chain can read"})
			return
		}
		e.Invoke = v.invoke
	})
	return e
}
