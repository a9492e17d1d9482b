package reference

import (
	"net/url"
	"strconv"
	"strings"

	"cloudlet/engine/internal/plan"
)

// address is an endpoint's path as OpenAPI writes it.
type address struct {
	path string
	// rest is the argument that takes the rest of the path, and more are the names
	// of further segments that stand for parts of it.
	rest string
	more []string
}

// addressesOf writes each endpoint's path as a template. OpenAPI has no arguments
// that take the rest of a path: {name...} becomes {name}. Where that is another
// endpoint's template, it becomes as many segments as make it one of its own.
func addressesOf(p *plan.Plan) map[*plan.Endpoint]address {
	all := make(map[*plan.Endpoint]address, len(p.Endpoints))
	taken := map[string]bool{}
	for _, e := range p.Endpoints {
		if a := addressOf(e.Path); a.rest == "" {
			all[e] = a
			taken[shape(a.path)] = true
		}
	}
	for _, e := range sorted(p) {
		a := addressOf(e.Path)
		if a.rest == "" {
			continue
		}
		for taken[shape(a.path)] {
			name := a.rest + "_" + strconv.Itoa(len(a.more)+2)
			a.path, a.more = a.path+"/{"+name+"}", append(a.more, name)
		}
		all[e] = a
		taken[shape(a.path)] = true
	}
	return all
}

func addressOf(path string) address {
	var a address
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if name, rest := strings.CutSuffix(s, "...}"); rest {
			a.rest = name[1:]
			segments[i] = name + "}"
		} else if !strings.HasPrefix(s, "{") {
			segments[i] = url.PathEscape(s)
		}
	}
	a.path = strings.Join(segments, "/")
	return a
}

// shape is a template without the names of its arguments: two with the same shape are the same to OpenAPI.
func shape(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// namesOf gives each verb its operationId: get_films_id of GET /films/{id}. It does
// not depend on which verbs are shown.
func namesOf(p *plan.Plan) map[*plan.Verb]string {
	names := map[*plan.Verb]string{}
	taken := map[string]bool{}
	for _, e := range sorted(p) {
		for _, v := range e.Verbs {
			name := operationName(v)
			for n := 2; taken[name]; n++ {
				name = operationName(v) + "_" + strconv.Itoa(n)
			}
			names[v], taken[name] = name, true
		}
	}
	return names
}

func operationName(v *plan.Verb) string {
	name := strings.ToLower(v.Method)
	for part := range strings.FieldsFuncSeq(v.Path, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) {
		name += "_" + part
	}
	return name
}
