package arguments

import (
	"net/http"
	"net/url"
	"strings"

	"cloudlet/engine/language/schema"
)

// state is what one request said about one argument so far.
type state uint8

const (
	absent state = iota
	given
	wrong // reported already: neither read further nor missing
)

// reading is one request on its way into values. It holds its states itself and
// points to nothing of its own, so that it stays on the stack.
type reading struct {
	set    *Set
	values []any
	few    [48]state  // the states of the arguments, where they are so few
	many   []state    // or else here
	lists  [][]string // the texts of list arguments, by place; made when the first comes
	faults []schema.Fault
	errors []located
	// refused says that a file was not read to its end, since it is none that is wanted.
	refused bool
}

func (s *Set) reading(values []any) reading {
	rd := reading{set: s, values: values}
	if len(s.arguments) > len(rd.few) {
		rd.many = make([]state, len(s.arguments))
	}
	return rd
}

func (rd *reading) state(i int) *state {
	if rd.many != nil {
		return &rd.many[i]
	}
	return &rd.few[i]
}

// paths reads the arguments of the path.
func (rd *reading) paths(path func(name string) string) {
	for i := range rd.set.arguments {
		if a := &rd.set.arguments[i]; a.in == schema.InPath {
			rd.text(i, path(a.Name))
		}
	}
}

// headers reads the arguments of the header. Host is not among http.Header: net/http takes it out.
func (rd *reading) headers(r *http.Request) {
	for i := range rd.set.arguments {
		a := &rd.set.arguments[i]
		if a.in != schema.InHeader {
			continue
		}
		if a.header == "Host" {
			rd.text(i, r.Host)
			continue
		}
		for _, text := range r.Header[a.header] {
			rd.text(i, text)
		}
	}
}

// pairs reads key=value&key=value as the WHATWG URL standard's forms write it, in
// place, without a map in between.
func (rd *reading) pairs(raw string, in schema.Place) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(key)
		if err != nil {
			rd.note(len(rd.set.arguments), key, in, "is not encoded correctly")
			continue
		}
		i := rd.set.shape.Index(name)
		if strings.Contains(pair, ";") {
			// Some servers split at it and others do not, which hides arguments from a proxy.
			rd.broken(i, name, in, "holds a ; that is not encoded as %3B")
			continue
		}
		text, err := url.QueryUnescape(value)
		switch {
		case i >= 0 && rd.set.arguments[i].in != in:
			rd.misplaced(i, in)
		case err != nil:
			rd.broken(i, name, in, "is not encoded correctly")
		case i < 0:
			rd.unknown(name, in)
		default:
			rd.text(i, text)
		}
	}
}

// text takes one text for an argument.
func (rd *reading) text(i int, text string) {
	a := &rd.set.arguments[i]
	switch {
	case *rd.state(i) == wrong:
	case a.list:
		if rd.lists == nil {
			rd.lists = make([][]string, len(rd.set.arguments))
		}
		*rd.state(i) = given
		rd.lists[i] = append(rd.lists[i], text)
	case *rd.state(i) == given:
		rd.broken(i, a.Name, a.in, "is given more than once")
	default:
		*rd.state(i) = given
		rd.values[i] = a.accepts.ReadText(text, a.Name, &rd.faults)
		rd.collect(i)
	}
}

// collect makes errors of the faults that a value of an argument had.
func (rd *reading) collect(i int) {
	if len(rd.faults) == 0 {
		return
	}
	*rd.state(i) = wrong
	for _, f := range rd.faults {
		rd.note(i, f.Path, rd.set.arguments[i].in, f.Message)
	}
	rd.faults = rd.faults[:0]
}

// broken notes a mistake for a declared argument, or for an unknown name where i is -1.
func (rd *reading) broken(i int, name string, in schema.Place, message string) {
	if i < 0 {
		i = len(rd.set.arguments)
	} else {
		*rd.state(i) = wrong
	}
	rd.note(i, name, in, message)
}

// misplaced notes a declared argument that came from where it does not belong.
func (rd *reading) misplaced(i int, in schema.Place) {
	a := &rd.set.arguments[i]
	if rd.set.ignore || *rd.state(i) == wrong {
		return
	}
	if a.in == schema.Anywhere {
		rd.unknown(a.Name, in)
		return
	}
	where := "the " + a.in.String()
	if a.in == schema.InHeader || a.in == schema.InCookie {
		where = "a " + a.in.String()
	}
	rd.broken(i, a.Name, in, "belongs in "+where)
}

// unknown notes a name that is not declared, once for each place.
func (rd *reading) unknown(name string, in schema.Place) {
	if rd.set.ignore || len(rd.errors) >= maxErrors {
		return
	}
	shown, where := schema.ShortName(name), in.String()
	for _, e := range rd.errors {
		if e.place == len(rd.set.arguments) && e.Argument == shown && e.In == where {
			return
		}
	}
	if in == schema.InBody && strings.HasPrefix(strings.TrimSpace(name), "{") {
		// A JSON body that is sent as a form, as curl -d does, is one name without a value.
		rd.note(len(rd.set.arguments), "", in, "looks like JSON, and was not sent as such; send Content-Type: application/json")
		return
	}
	rd.note(len(rd.set.arguments), name, in, schema.NotKnown(name, rd.set.names))
}

func (rd *reading) note(place int, name string, in schema.Place, message string) {
	if len(rd.errors) < maxErrors {
		if place == len(rd.set.arguments) {
			name = schema.ShortName(name)
		}
		rd.errors = append(rd.errors, located{Error{name, in.String(), message}, place})
	}
}

// finish reads the lists, fills in what is absent and makes the one failure.
func (rd *reading) finish() *Failure {
	for i := range rd.set.arguments {
		a := &rd.set.arguments[i]
		switch {
		case *rd.state(i) == given && rd.lists != nil && rd.lists[i] != nil:
			rd.values[i] = a.accepts.ReadTexts(rd.lists[i], a.Name, &rd.faults)
			rd.collect(i)
		case *rd.state(i) != absent:
		case a.HasDefault:
			rd.values[i] = a.Default
		case a.Optional:
			rd.values[i] = nil
		default:
			rd.note(i, a.Name, a.in, "is missing")
		}
	}
	return failure(rd.errors, len(rd.set.arguments))
}
