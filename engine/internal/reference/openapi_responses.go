package reference

import (
	"cmp"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
)

const (
	jsonContent    = "application/json"
	problemContent = "application/problem+json"
)

// answer is all that a verb answers with at one status.
type answer struct {
	status    int // 0: any other
	responses []action.Response
	failures  []action.Outcome
	anywhere  []action.Outcome // failures of which the status is known only when they come
}

// responses describes the answers of a verb by status, those of which the status
// is known only when it runs under "default".
func (d *document) responses(v *plan.Verb) *schema.Object {
	var list []*answer
	at := func(status int) *answer {
		for _, a := range list {
			if a.status == status {
				return a
			}
		}
		list = append(list, &answer{status: status})
		return list[len(list)-1]
	}
	for _, r := range v.Responses() {
		a := at(r.Status)
		a.responses = append(a.responses, r)
	}
	for _, f := range v.Failures() {
		a := at(f.Status)
		a.failures = append(a.failures, f)
		d.problems = true
	}
	open, computed := at(0).failures, at(0).responses
	if len(open) == 0 && len(at(0).responses) == 0 {
		list = slices.DeleteFunc(list, func(a *answer) bool { return a.status == 0 })
	}
	slices.SortFunc(list, func(a, b *answer) int {
		return cmp.Compare(cmp.Or(a.status, 1000), cmp.Or(b.status, 1000))
	})
	var all object
	for _, a := range list {
		name := "default"
		if a.status != 0 {
			name = strconv.Itoa(a.status)
		}
		a.anywhere = open
		if a.status != 0 && len(a.failures) > 0 {
			// One whose status is computed may come in a problem's place, as a page of on_error does.
			a.responses = append(slices.Clip(a.responses), computed...)
		}
		all.put(name, d.share(a))
	}
	return all.done()
}

// share is an answer, or where it is nothing but problems a reference to it: many
// verbs have the same ones.
func (d *document) share(a *answer) *schema.Object {
	described := a.describe()
	if len(a.responses) > 0 {
		return described
	}
	text := string(schema.AppendJSON(nil, described))
	name, known := d.sharedAs[text]
	if !known {
		base := cmp.Or(strings.Map(onlyLetters, http.StatusText(a.status)), "Problem")
		name = base
		for n := 2; slices.Contains(d.shared.names, name); n++ {
			name = base + strconv.Itoa(n)
		}
		d.sharedAs[text] = name
		d.shared.put(name, described)
	}
	return schema.NewObject("$ref", "#/components/responses/"+name)
}

// onlyLetters drops what the name of a component cannot have: 418 is I'm a teapot.
func onlyLetters(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
		return r
	}
	return -1
}

func (a *answer) describe() *schema.Object {
	var o object
	o.put("description", a.description())
	if headers := a.headers(); headers != nil {
		o.put("headers", headers)
	}
	if content := a.content(); content != nil {
		o.put("content", content)
	}
	return o.done()
}

func (a *answer) description() string {
	text := cmp.Or(http.StatusText(a.status), "Another status")
	if len(a.failures) == 0 {
		return text + "."
	}
	var list []string
	for _, f := range a.failures {
		if f.Code != "" {
			list = append(list, "- `"+f.Code+"`"+when(f.When))
		}
	}
	if len(list) == 0 {
		return text + "."
	}
	return text + ".\n\n" + strings.Join(list, "\n")
}

func when(text string) string {
	if text == "" {
		return ""
	}
	return ": " + text
}

// headers describes the headers that the answers at the status may have.
func (a *answer) headers() *schema.Object {
	var o object
	put := func(name, description string) {
		if slices.Contains(o.names, name) || name == "Content-Type" {
			return
		}
		var h object
		h.some("description", description)
		h.put("schema", schema.NewObject("type", "string"))
		o.put(name, h.done())
	}
	for _, r := range a.responses {
		for _, name := range r.Headers {
			put(http.CanonicalHeaderKey(name), "")
		}
	}
	if len(a.failures) > 0 {
		switch a.status {
		case http.StatusUnauthorized:
			put("WWW-Authenticate", "What is to be sent instead (RFC 6750).")
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			put("Retry-After", "After how many seconds another try makes sense.")
		}
	}
	if len(o.names) == 0 {
		return nil
	}
	return o.done()
}

// content describes the bodies of the answers at the status, by media type.
func (a *answer) content() *schema.Object {
	var o object
	for _, r := range a.responses {
		if r.Type == nil {
			continue
		}
		name, form := body(r)
		if i := slices.Index(o.names, name); i >= 0 { // two of the same: nothing is sure
			o.values[i] = schema.NewObject()
			continue
		}
		o.put(name, form)
	}
	if len(a.failures) > 0 {
		o.put(problemContent, schema.NewObject("schema", a.problem()))
	}
	if len(o.names) == 0 {
		return nil
	}
	return o.done()
}

// body is the media type of a response without its parameters, and its form. What
// is no JSON is text, and of what is unknown nothing is said.
func body(r action.Response) (string, *schema.Object) {
	if r.Content == "" {
		return "*/*", schema.NewObject("schema", schema.NewObject())
	}
	name, _, err := mime.ParseMediaType(r.Content)
	switch {
	case err != nil:
		return "*/*", schema.NewObject()
	case name == jsonContent || strings.HasSuffix(name, "+json"):
		return name, schema.NewObject("schema", r.Type.JSONSchema(schema.Answered))
	}
	if name == plan.StreamContent {
		return name, schema.NewObject("schema", schema.NewObject("type", "string", "description", aboutStream))
	}
	return name, schema.NewObject("schema", schema.NewObject("type", "string"))
}

// aboutStream is what a client has to know of a stream of events.
const aboutStream = "Server-Sent Events (WHATWG HTML, 9.2), until one side ends it. The data of each are JSON. " +
	"`reset` says that events may have been missed, and `end`, with a reason, that the stream ends: a client comes back with the id that it had last, as EventSource does."

// problem narrows the form of problems to the status and the codes that it has here.
func (a *answer) problem() *schema.Object {
	whole := schema.NewObject("$ref", "#/components/schemas/Problem")
	var narrow object
	if a.status != 0 {
		narrow.put("status", schema.NewObject("const", a.status))
	}
	var codes []any
	known := true
	for _, f := range append(slices.Clip(a.failures), a.anywhere...) {
		if !slices.Contains(codes, any(f.Code)) {
			codes = append(codes, f.Code)
		}
		known = known && f.Code != ""
	}
	if known {
		narrow.put("code", schema.NewObject("enum", codes))
	}
	if len(narrow.names) == 0 {
		return whole
	}
	return schema.NewObject("allOf", []any{whole, schema.NewObject("properties", narrow.done())})
}

// isUnauthorized reports whether a failure is that of a public verb whose chain asks for a ticket.
func isUnauthorized(f action.Outcome) bool {
	return f.Status == http.StatusUnauthorized && f.Code == "unauthorized"
}
