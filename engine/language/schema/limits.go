package schema

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxShown is how many values of an enum a message names.
const maxShown = 20

// limit notes what of a type's limits a value breaks.
func (t *Type) limit(w *walk, v any) {
	l := t.Limits
	if l == nil {
		return
	}
	if len(l.Enum) > 0 && !contains(l.Enum, v) {
		w.fault(t.enumMessage())
		return
	}
	if l.Min != nil {
		if c, ok := compare(v, l.Min); ok && c < 0 {
			w.fault("must be at least " + Text(l.Min))
		}
	}
	if l.Max != nil {
		if c, ok := compare(v, l.Max); ok && c > 0 {
			w.fault("must be at most " + Text(l.Max))
		}
	}
	switch v := v.(type) {
	case string:
		l.text(w, v)
	case []any:
		l.items(w, len(v))
	case *Object:
		if u, ok := UploadOf(v); ok && t.Kind == File {
			l.upload(w, u)
		}
	}
}

func (l *Limits) text(w *walk, text string) {
	if l.MinLength != nil || l.MaxLength != nil {
		n := utf8.RuneCountInString(text)
		if l.MinLength != nil && n < *l.MinLength {
			w.fault("must have at least " + count(*l.MinLength, "character"))
		}
		if l.MaxLength != nil && n > *l.MaxLength {
			w.fault("must have at most " + count(*l.MaxLength, "character"))
		}
	}
	if l.Pattern != nil && !l.Pattern.MatchString(text) {
		w.fault("must match " + l.Pattern.String())
	}
}

func (l *Limits) items(w *walk, n int) {
	if l.MinItems != nil && n < *l.MinItems {
		w.fault("must have at least " + count(*l.MinItems, "item"))
	}
	if l.MaxItems != nil && n > *l.MaxItems {
		w.fault("must have at most " + count(*l.MaxItems, "item"))
	}
}

// enumMessage names the allowed values, unless they are as secret as what was sent.
func (t *Type) enumMessage() string {
	if t.Class > Public {
		return "must be one of the allowed values"
	}
	var names []string
	for _, v := range t.Limits.Enum[:min(len(t.Limits.Enum), maxShown)] {
		names = append(names, Text(v))
	}
	if len(t.Limits.Enum) > maxShown {
		names = append(names, "…")
	}
	return "must be one of " + strings.Join(names, ", ")
}

func contains(list []any, v any) bool {
	for _, e := range list {
		if Equal(e, v) {
			return true
		}
	}
	return false
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
