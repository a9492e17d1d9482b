package web

import (
	"strconv"
	"strings"

	"cloudlet/engine/language/schema"
)

// statuses are those from one to another, both included.
type statuses struct{ from, to int }

// statusesOf reads 2xx, 404, 200-204, or a list of such. wrong is what is none of these.
func statusesOf(v any) (list []statuses, wrong string) {
	items, isList := v.([]any)
	if !isList {
		items = []any{v}
	}
	for _, item := range items {
		text := schema.Text(item)
		s, ok := statusesOfText(text)
		if !ok {
			return nil, strconv.Quote(text)
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, "an empty list"
	}
	return list, ""
}

func statusesOfText(text string) (s statuses, ok bool) {
	if len(text) == 3 && strings.HasSuffix(strings.ToLower(text), "xx") && '1' < text[0] && text[0] < '6' {
		from := int(text[0]-'0') * 100
		return statuses{from, from + 99}, true
	}
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, err1 := strconv.Atoi(strings.TrimSpace(first))
	to, err2 := strconv.Atoi(strings.TrimSpace(last))
	return statuses{from, to}, err1 == nil && err2 == nil && from >= 200 && from <= to && to <= 599
}

// hold reports whether a status is among some.
func hold(list []statuses, status int) bool {
	for _, s := range list {
		if s.from <= status && status <= s.to {
			return true
		}
	}
	return false
}
