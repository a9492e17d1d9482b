package schema

import (
	"unicode/utf8"
)

// FromText makes a value from text, as it comes in a path, a query, a header, a
// cookie or a form: bool is true or false, json and objects are JSON, a list is a
// list of this one text. The error is a sentence for the client, such as "must be
// an integer"; it never holds the text.
func (t *Type) FromText(text string) (any, error) {
	var faults []Fault
	v := t.ReadText(text, "", &faults)
	if len(faults) > 0 {
		return nil, faultError(faults[0])
	}
	return v, nil
}

// ReadText is FromText that notes every fault, with path at the beginning of its path.
func (t *Type) ReadText(text, path string, faults *[]Fault) any {
	var shapes layouts
	w := walk{root: path, faults: faults, shapes: &shapes}
	if t != nil && t.Kind == List {
		return t.readTexts(&w, []string{text})
	}
	return t.readText(&w, text)
}

// ReadTexts makes a list from texts, one for each item. The type must be a list.
func (t *Type) ReadTexts(texts []string, path string, faults *[]Fault) any {
	var shapes layouts
	w := walk{root: path, faults: faults, shapes: &shapes}
	return t.readTexts(&w, texts)
}

func (t *Type) readTexts(w *walk, texts []string) any {
	list := make([]any, 0, len(texts))
	before := len(*w.faults)
	for i, text := range texts {
		w.item(i)
		list = append(list, t.Elem.readText(w, text))
		w.up()
	}
	if len(*w.faults) == before {
		t.limit(w, list)
	}
	return list
}

// readText reads one text. A list inside a list can only be JSON.
func (t *Type) readText(w *walk, text string) any {
	if !utf8.ValidString(text) {
		w.fault("must be valid UTF-8")
		return nil
	}
	if t == nil || t.Kind == JSON || t.Kind == ObjectK || t.Kind == List {
		return t.readJSON(w, text)
	}
	var v any
	switch {
	case t.Kind == Bool && (text == "true" || text == "false"):
		v = text == "true"
	case t.Kind == Int || t.Kind == Float:
		v = readNumber(w, t.Kind, text)
	case t.Kind.Textual() || t.readable():
		v = t.Kind.fromString(w, text)
	default:
		w.fault(t.Kind.expected())
	}
	if v != nil {
		t.limit(w, v)
	}
	return v
}

func (t *Type) readJSON(w *walk, text string) any {
	v, err := t.decodeText(w, []byte(text))
	if err == nil {
		return v
	}
	switch {
	case t != nil && t.Kind == ObjectK:
		w.fault("must be an object as JSON")
	case t != nil && t.Kind == List:
		w.fault("must be a list as JSON")
	default:
		w.fault("must be valid JSON")
	}
	return nil
}
