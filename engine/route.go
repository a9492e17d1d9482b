package engine

import (
	"encoding/json"

	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
)

// RouteArgument is an argument of a verb.
type RouteArgument struct {
	Name string `json:"name"`
	// Type is what the argument is inside the chain: one that may be left out and has no
	// default may be null.
	Type *schema.Type `json:"type"`
	// In is the place that it comes from: path, query, header, cookie or body.
	In       string `json:"in"`
	Required bool   `json:"required"`
	// Default is a value as JSON, nothing where there is none; a secret one is masked.
	Default json.RawMessage `json:"default,omitempty"`
}

// RouteAnswer is one way in which a verb's chain can answer; problems are not among them.
type RouteAnswer struct {
	// Status is 0 where it is known only when the chain runs.
	Status int `json:"status"`
	// Type is that of the body, nil where there is none.
	Type *schema.Type `json:"type"`
	// Content is the media type of the body, "" where it is known only when the chain runs.
	Content string `json:"content,omitempty"`
}

func routeOf(e *plan.Endpoint, v *plan.Verb) Route {
	r := Route{Method: v.Method, Path: v.Path, File: e.File.Path, Line: v.At.Start().Line, Summary: v.Summary,
		Arguments: []RouteArgument{}, Answers: []RouteAnswer{}}
	switch {
	case v.Public():
		r.Auth = []string{"public"}
	case v.Auth.User:
		r.Auth = []string{"user"}
	default:
		r.Auth = v.Auth.Roles
	}
	r.PublicWrite, r.Stream = v.Public() && v.Writes, v.Streams()
	for i := range v.Arguments {
		r.Arguments = append(r.Arguments, argumentOf(v, &v.Arguments[i]))
	}
	for _, a := range v.Responses() {
		r.Answers = append(r.Answers, RouteAnswer{Status: a.Status, Type: a.Type, Content: a.Content})
		if a.Type != nil && a.Status < 300 && (a.Content == contentJSON || a.Content == "") {
			if r.Result == nil {
				r.Result = a.Type
			}
			r.Result = schema.Join(r.Result, a.Type)
		}
	}
	return r
}

const contentJSON = "application/json"

func argumentOf(v *plan.Verb, f *schema.Field) RouteArgument {
	a := RouteArgument{Name: f.Name, Type: f.Type, In: f.In.String(), Required: !f.Optional}
	switch {
	case f.In != schema.Anywhere:
	case v.Method == "GET" || v.Method == "DELETE":
		a.In = schema.InQuery.String()
	default:
		a.In = schema.InBody.String()
	}
	switch {
	case f.HasDefault:
		a.Default = schema.AppendJSON(nil, schema.Redacted(f.Default, f.Type))
	case f.Optional && f.Type != nil:
		a.Type = f.Type.OrNull()
	}
	return a
}
