package schema

import (
	"bytes"
	"strings"
)

// Detach copies a value, so that it keeps nothing else in memory: a short text may be a piece of a
// large one, such as a request's body, and a short list one of a long one. It is for what outlasts
// its request and is bounded by its Weight.
func Detach(v any) any { return detacher{}.detach(v) }

// detacher has the copy of each shape, which the rows of a query share.
type detacher map[*Shape]*Shape

func (d detacher) detach(v any) any {
	switch v := v.(type) {
	case string:
		return strings.Clone(v)
	case []byte:
		return bytes.Clone(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = d.detach(item)
		}
		return list
	case *Object:
		values := make([]any, len(v.values))
		for i, item := range v.values {
			values[i] = d.detach(item)
		}
		return d.shape(v.shape).New(values)
	}
	return v
}

func (d detacher) shape(s *Shape) *Shape {
	if d[s] == nil {
		names := make([]string, len(s.names))
		for i, name := range s.names {
			names[i] = strings.Clone(name)
		}
		d[s] = NewShape(names...)
	}
	return d[s]
}
