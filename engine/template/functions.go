package template

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// functionNames are the functions that an author may call: those of Go's templates
// that have a use here, and a few more.
var functionNames = []string{"and", "or", "not", "len", "index", "slice", "print", "printf", "urlquery",
	"eq", "ne", "lt", "le", "gt", "ge", "link", "date", "upper", "lower", "trim", "join", "default"}

// functions are those that the packages of Go do not have, or that could make more
// than there is room for.
func (r *run) functions() map[string]any {
	return map[string]any{
		turnFunction: r.turn, shownFunction: r.shown, itemsFunction: r.items, pairsFunction: r.pairs,
		"print": r.print, "printf": r.printf, "urlquery": r.urlquery,
		"link": r.link, "date": r.date, "join": r.join, "default": fallback,
		"upper": func(v any) (string, error) { return r.changed(v, strings.ToUpper) },
		"lower": func(v any) (string, error) { return r.changed(v, strings.ToLower) },
		"trim":  func(v any) (string, error) { return r.changed(v, strings.TrimSpace) },
	}
}

// changed is a text after a change that makes it at most a few times as long.
func (r *run) changed(v any, change func(string) string) (string, error) {
	text, err := r.text(v)
	if err != nil {
		return "", err
	}
	return r.made(change(text))
}

// print is the text of some values, one after the other.
func (r *run) print(values ...any) (string, error) {
	var b strings.Builder
	for _, v := range values {
		text, err := r.text(v)
		if err != nil {
			return "", err
		}
		if b.WriteString(text); b.Len() > largestResult {
			return "", errTooLarge
		}
	}
	return r.made(b.String())
}

// verbs is what a format may hold: a width has at most three digits.
var verbs = regexp.MustCompile(`%[-+# 0]*([0-9]{0,3})(\.[0-9]{0,2})?[sdvqxXfegtc%]`)

// printf is fmt.Sprintf for what has a bounded length.
func (r *run) printf(format string, values ...any) (string, error) {
	if strings.Contains(verbs.ReplaceAllString(format, ""), "%") {
		return "", fault("printf takes the verbs s d v q x f e g t c, with a width of at most three digits")
	}
	size := len(format) + 1000*strings.Count(format, "%")
	for i, v := range values {
		switch v.(type) {
		case nil, []any, map[string]any:
			text, err := r.text(v)
			if err != nil {
				return "", err
			}
			values[i] = text
		}
		if s, ok := values[i].(string); ok {
			size += 4 * len(s)
		}
	}
	if size > 4*largestResult {
		return "", errTooLarge
	}
	text := fmt.Sprintf(format, values...)
	if strings.Contains(text, "%!") && !strings.Contains(format, "%%!") && !holds(values, "%!") {
		return "", fault("the values do not fit the format")
	}
	return r.made(text)
}

func holds(values []any, text string) bool {
	for _, v := range values {
		if s, ok := v.(string); ok && strings.Contains(s, text) {
			return true
		}
	}
	return false
}

func (r *run) urlquery(values ...any) (string, error) {
	text, err := r.print(values...)
	if err != nil {
		return "", err
	}
	return r.made(url.QueryEscape(text))
}

// link is the address of a path of the app, with names and values for its query.
// Null leaves its name out.
func (r *run) link(path string, query ...any) (string, error) {
	switch {
	case !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//"):
		return "", fault("link begins with a path of this app, as in link \"/auth/confirm\"")
	case strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\\' }) || !utf8.ValidString(path):
		return "", fault("a path has no control characters and no \\")
	case len(query)%2 != 0:
		return "", fault("link takes names and values in turn behind the path")
	}
	var b strings.Builder
	b.WriteString(r.publicURL + (&url.URL{Path: path}).EscapedPath())
	separator := byte('?')
	for i := 0; i < len(query); i += 2 {
		name, ok := query[i].(string)
		if !ok {
			return "", fault("link takes names and values in turn behind the path")
		}
		if query[i+1] == nil {
			continue
		}
		text, err := r.text(query[i+1])
		if err != nil {
			return "", err
		}
		b.WriteByte(separator)
		b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(text))
		separator = '&'
	}
	return r.made(b.String())
}

// layouts are how dates and times are written where they are values of the language.
var layouts = []string{time.RFC3339Nano, time.DateOnly, "15:04:05.999999999"}

// date writes a date, time or datetime as an example does: date "2 January 2006" .day.
func (r *run) date(layout string, v any) (string, error) {
	text, ok := v.(string)
	if len(layout) > 100 || !ok || len(text) > 100 {
		return "", fault("date takes a layout and a date, a time or a datetime")
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, text); err == nil {
			return r.made(t.Format(layout))
		}
	}
	return "", fault("date takes a layout and a date, a time or a datetime")
}

// join puts a text between the items of a list.
func (r *run) join(between string, v any) (string, error) {
	list, ok := v.([]any)
	if !ok {
		return "", fault("join takes a text and a list")
	}
	if err := r.spend(len(list) / 4); err != nil {
		return "", err
	}
	var b strings.Builder
	for i, item := range list {
		text, err := r.text(item)
		if err != nil {
			return "", err
		}
		if i > 0 {
			b.WriteString(between)
		}
		if b.WriteString(text); b.Len() > largestResult {
			return "", errTooLarge
		}
	}
	return r.made(b.String())
}

// fallback is a value, or another where it is null or an empty text.
func fallback(other, v any) any {
	if v == nil || v == "" {
		return other
	}
	return v
}
