// Package reference derives from a compiled app what others read about it.
package reference

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
)

// Options say what an OpenAPI document is called and what it shows.
type Options struct {
	Title       string
	Description string                // may be empty
	Permits     func(*plan.Verb) bool // which verbs are shown; nil: all
}

// OpenAPI describes the verbs of an app as an OpenAPI document (version 3.1.0):
// arguments with all their limits, results, every problem that a chain can answer
// with, and who may call. Nothing in it tells of verbs that are not shown. The same
// plan and options give the same document; info.version is a digest of it.
func OpenAPI(p *plan.Plan, o Options) *schema.Object {
	d := &document{options: o, addresses: addressesOf(p), names: namesOf(p), sharedAs: map[string]string{}}
	paths := d.paths(p)
	components := d.components()
	whole := func(version string) *schema.Object {
		var info object
		info.put("title", o.Title)
		if o.Description != "" {
			info.put("description", o.Description)
		}
		info.put("version", version)
		return schema.NewObject("openapi", "3.1.0", "info", info.done(),
			"servers", []any{schema.NewObject("url", "/")}, "paths", paths, "components", components)
	}
	digest := sha256.Sum256(schema.AppendJSON(nil, whole("")))
	return whole(hex.EncodeToString(digest[:6]))
}

// object is an object in the making, its fields in the order in which they are put.
type object struct {
	names  []string
	values []any
}

func (o *object) put(name string, value any) {
	o.names, o.values = append(o.names, name), append(o.values, value)
}

// some puts a list or a text unless it is empty.
func (o *object) some(name string, value any) {
	switch v := value.(type) {
	case string:
		if v == "" {
			return
		}
	case []any:
		if len(v) == 0 {
			return
		}
	}
	o.put(name, value)
}

func (o *object) done() *schema.Object { return schema.NewShape(o.names...).New(o.values) }

// document is one OpenAPI document in the making.
type document struct {
	options   Options
	addresses map[*plan.Endpoint]address
	names     map[*plan.Verb]string // operationIds
	tickets   bool                  // some operation takes a ticket
	problems  bool                  // some operation answers with a problem
	shared    object                // answers that many operations have, by name
	sharedAs  map[string]string     // their names, by their text
}

func (d *document) paths(p *plan.Plan) *schema.Object {
	var paths object
	for _, e := range sorted(p) {
		var item object
		for _, method := range methods {
			i := slices.IndexFunc(e.Verbs, func(v *plan.Verb) bool { return v.Method == method })
			if i < 0 || d.options.Permits != nil && !d.options.Permits(e.Verbs[i]) {
				continue
			}
			item.put(strings.ToLower(method), d.operation(e, e.Verbs[i]))
		}
		if len(item.names) > 0 {
			paths.put(d.addresses[e].path, item.done())
		}
	}
	return paths.done()
}

// methods are those that a verb may have, in the order in which they are shown.
var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

// sorted are the endpoints by path.
func sorted(p *plan.Plan) []*plan.Endpoint {
	list := slices.Clone(p.Endpoints)
	slices.SortFunc(list, func(a, b *plan.Endpoint) int { return cmp.Compare(a.Path, b.Path) })
	return list
}

// components are what operations refer to, as far as one does.
func (d *document) components() *schema.Object {
	var c object
	if d.problems {
		c.put("schemas", schema.NewObject("Problem", problem()))
	}
	if len(d.shared.names) > 0 {
		c.put("responses", d.shared.done())
	}
	if d.tickets {
		c.put("securitySchemes", schema.NewObject("ticket", schema.NewObject("type", "http", "scheme", "bearer", "bearerFormat", "JWT",
			"description", "The ticket that a login answers with.")))
	}
	return c.done()
}

// problem describes what failures look like.
func problem() *schema.Object {
	text := func(description string) *schema.Object {
		return schema.NewObject("type", "string", "description", description)
	}
	return schema.NewObject("type", "object", "description", "Why a request failed (RFC 9457).",
		"properties", schema.NewObject(
			"type", schema.NewObject("type", "string", "format", "uri-reference", "description", "What kind of problem it is; about:blank says that the status tells."),
			"title", text("The status in words."),
			"status", schema.NewObject("type", "integer", "minimum", 400, "maximum", 599, "description", "The status of the answer."),
			"code", schema.NewObject("type", "string", "pattern", "^[a-z_][a-z0-9_]*$", "description", "What went wrong, for programs; it stays the same."),
			"detail", text("What went wrong, in a sentence."),
			"errors", schema.NewObject("type", "array", "description", "Each single mistake.", "items", schema.NewObject("properties", schema.NewObject(
				"argument", text("The argument, such as age, address.zip or tags[1]."),
				"in", text("Where it was: path, query, header, cookie or body; left out where none of them is meant."),
				"message", text("What is wrong with it."),
			))),
			"trace_id", schema.NewObject("type", "string", "pattern", "^[0-9a-f]{32}$", "description", "Names the request in the server's log."),
		),
		"required", []any{"type", "title", "status", "code", "detail", "trace_id"})
}
