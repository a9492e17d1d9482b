package reference

import (
	"net/textproto"
	"slices"
	"strings"

	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
)

// arguments are a verb's, sorted by where they come from.
type arguments struct {
	verb    *plan.Verb
	address address
	outside []placed // those that are parameters
	body    []schema.Field
	notes   []string // sentences that no keyword says
}

// placed is an argument with its place.
type placed struct {
	schema.Field
	in schema.Place
}

// ignored are headers whose parameters OpenAPI ignores (3.1.0, Parameter Object).
var ignored = []string{"Accept", "Content-Type", "Authorization"}

func argumentsOf(v *plan.Verb, a address) *arguments {
	args := &arguments{verb: v, address: a}
	for _, f := range v.Arguments {
		in := f.In
		if in == schema.Anywhere {
			if in = schema.InBody; v.Method == "GET" || v.Method == "DELETE" {
				in = schema.InQuery
			}
		}
		switch name := textproto.CanonicalMIMEHeaderKey(f.Name); {
		case in == schema.InBody:
			args.body = append(args.body, f)
		case in == schema.InHeader && slices.Contains(ignored, name):
			args.notes = append(args.notes, "The header "+name+" is an argument.")
		default:
			args.outside = append(args.outside, placed{f, in})
		}
	}
	switch {
	case a.rest != "" && len(a.more) > 0:
		args.notes = append(args.notes, "The argument "+a.rest+" takes the whole rest of the path, slashes included; here its parts are several.")
	case a.rest != "":
		args.notes = append(args.notes, "The argument "+a.rest+" takes the whole rest of the path, slashes included, and may be empty.")
	}
	return args
}

// parameters describes the arguments that come from the path, the query, headers
// and cookies, those of the path first.
func (args *arguments) parameters() []any {
	var list []any
	for _, in := range []schema.Place{schema.InPath, schema.InQuery, schema.InHeader, schema.InCookie} {
		for _, p := range args.outside {
			if p.in == in {
				list = append(list, p.parameter(args.address))
			}
		}
		if in == schema.InHeader && args.verb.Streams() && !slices.ContainsFunc(args.outside, isLastID) {
			list = append(list, schema.NewObject("name", lastID, "in", "header", "description", "The id of the event that the client had last: the stream goes on behind it.",
				"schema", schema.NewObject("type", "string")))
		}
		if in == schema.InHeader && args.verb.Idempotent() {
			list = append(list, schema.NewObject("name", "Idempotency-Key", "in", "header", "description", "A text that is the request's alone, such as a UUID: sent again with it, the request is answered as the first time, and has no second effect.",
				"schema", schema.NewObject("type", "string", "minLength", 1, "maxLength", 257)))
		}
		if in == schema.InPath {
			for _, name := range args.address.more {
				list = append(list, schema.NewObject("name", name, "in", "path", "required", true,
					"description", "A further part of "+args.address.rest+".", "schema", schema.NewObject("type", "string", "minLength", 1)))
			}
		}
	}
	return list
}

// lastID is the header of a client that comes back to a stream of events.
const lastID = "Last-Event-ID"

func isLastID(p placed) bool { return p.in == schema.InHeader && strings.EqualFold(p.Name, lastID) }

// parameter describes one argument that is no part of the body.
func (p placed) parameter(a address) *schema.Object {
	f := p.Field
	f.Type = written(f.Type)
	several := isList(f.Type) && p.in != schema.InQuery
	if isList(f.Type) {
		f.Type = sendable(&f)
	}
	if several { // OpenAPI would join the items with commas, which are part of a text here
		f.Type = f.Type.Elem
		f.HasDefault, f.Example = false, nil
		if p.in != schema.InPath {
			f.Description = sentences(f.Description, "It may be sent several times, once for each item of a list.")
		}
	}
	if p.in == schema.InPath && p.Name != a.rest || len(a.more) > 0 && p.Name == a.rest {
		f.Type = notEmpty(f.Type)
	}
	form := f.JSONSchema(schema.Sent)
	described, form := cut(form, "description")
	_, form = cut(form, "examples")

	var o object
	o.put("name", p.Name)
	o.put("in", p.in.String())
	if p.in == schema.InPath || !f.Optional {
		o.put("required", true)
	}
	if described != nil {
		o.put("description", described)
	}
	if !isPlain(f.Type) && !isList(f.Type) {
		o.put("content", schema.NewObject("application/json", media(form, p.example())))
		return o.done()
	}
	if isList(f.Type) {
		o.put("style", "form")
		o.put("explode", true)
	}
	o.put("schema", form)
	if example := p.example(); example != nil && !several {
		o.put("example", example)
	}
	return o.done()
}

// example is what the author gave as one, where it may be shown.
func (p placed) example() any {
	if p.Type.Highest() > schema.Public {
		return nil
	}
	return p.Example
}

func media(form *schema.Object, example any) *schema.Object {
	if example == nil {
		return schema.NewObject("schema", form)
	}
	return schema.NewObject("schema", form, "example", example)
}

// cut takes a field out of an object.
func cut(o *schema.Object, name string) (any, *schema.Object) {
	value, ok := o.Lookup(name)
	if !ok {
		return nil, o
	}
	var rest object
	for n, v := range o.All() {
		if n != name {
			rest.put(n, v)
		}
	}
	return value, rest.done()
}

func sentences(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}

// login names the arguments of a login: a required secret, a required text, and perhaps
// one secret more, the code of a second factor.
func (args *arguments) login() *schema.Object {
	all := slices.Clone(args.outside)
	for _, f := range args.body {
		all = append(all, placed{f, schema.InBody})
	}
	var name, password, code *placed
	for i := range all {
		p := &all[i]
		switch {
		case p.Type.Highest() == schema.Secret && p.Optional && code == nil:
			code = p
		case p.Type.Highest() == schema.Secret && !p.Optional && password == nil:
			password = p
		case p.Type.Highest() == schema.Secret:
			return nil
		case !p.Optional && (name != nil || p.Type == nil || !p.Type.Kind.Textual()):
			return nil
		case !p.Optional:
			name = p
		}
	}
	if name == nil || password == nil || name.in != password.in || name.in != schema.InQuery && name.in != schema.InBody {
		return nil
	}
	mark := []any{"username", name.Name, "password", password.Name, "in", name.in.String()}
	if code != nil && code.in == name.in {
		mark = append(mark, "code", code.Name)
	}
	return schema.NewObject(mark...)
}
