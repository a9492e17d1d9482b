package schema

import (
	"encoding/base64"
	"errors"
	"time"
)

var errBase64 = errors.New("must be base64")

// Check holds a value (of YAML data, an expression, a default, a result) against
// the type and its limits, and converts where text stands for something else or an
// int for a float or a decimal. Fields that the type does not know are faults
// unless it is Open; fields that are absent become their default, or null where
// they are optional. Faults carry path as the beginning of their own. The result
// means nothing where there were faults.
//
// A value that fits as it is comes back itself and costs no allocation (a url
// costs one, and what net/url needs).
func (t *Type) Check(v any, path string, faults *[]Fault) any {
	w := walk{root: path, faults: faults}
	v, _ = t.check(&w, v)
	return v
}

// null reports whether null is a value of the type.
func (t *Type) null() bool { return t == nil || t.Nullable || t.Kind == JSON || t.Kind == Null }

// check is Check; changed tells whether the value is another one now.
func (t *Type) check(w *walk, v any) (result any, changed bool) {
	if v == nil {
		if !t.null() {
			w.fault("must not be null")
		}
		return nil, false
	}
	if t == nil || t.Kind == JSON {
		if t != nil {
			t.limit(w, v)
		}
		return v, false
	}
	before := len(*w.faults)
	switch t.Kind {
	case ObjectK:
		v, changed = t.checkObject(w, v)
	case List:
		v, changed = t.checkList(w, v)
	default:
		v, changed = t.checkScalar(w, v)
	}
	if len(*w.faults) == before {
		t.limit(w, v)
	}
	return v, changed
}

func (t *Type) checkScalar(w *walk, v any) (result any, changed bool) {
	switch x := v.(type) {
	case bool:
		if t.Kind == Bool {
			return v, false
		}
	case int:
		switch t.Kind {
		case Int:
			return v, false
		case Float:
			return float64(x), true
		case DecimalK:
			return FromInt(x), true
		}
	case float64:
		if t.Kind == Float {
			return v, false
		}
		if t.Kind == DecimalK {
			d, err := fromFloat(x)
			if err != nil {
				w.fault(err.Error())
			}
			return d, true
		}
	case string:
		if t.Kind.Textual() || t.readable() {
			return t.checkText(w, v, x)
		}
	case Decimal:
		if t.Kind == DecimalK {
			return v, false
		}
	case time.Time:
		if t.Kind == DateTime {
			return v, false
		}
	case time.Duration:
		if t.Kind == Duration {
			return v, false
		}
	case []byte:
		if t.Kind == Bytes {
			return v, false
		}
	case *Object:
		if _, ok := UploadOf(v); ok && t.Kind == File {
			return v, false
		}
	}
	w.fault(t.Kind.expected())
	return v, false
}

// readable reports whether values of the type, though no strings, may stand as text.
func (t *Type) readable() bool {
	switch t.Kind {
	case DecimalK, DateTime, Duration, Bytes:
		return true
	}
	return false
}

// checkText is for a string where the type is textual or readable. It keeps v, the
// boxed text, where that is canonical already.
func (t *Type) checkText(w *walk, v any, text string) (result any, changed bool) {
	if t.Kind.Textual() {
		canonical, err := t.Kind.canonical(text)
		if err != nil {
			w.refuse(err)
			return v, false
		}
		if canonical == text {
			return v, false
		}
		return canonical, true
	}
	result, err := t.Kind.read(text)
	if err != nil {
		w.fault(err.Error())
		return v, false
	}
	return result, true
}

// canonical checks the text of a textual kind.
func (k Kind) canonical(text string) (string, error) {
	switch k {
	case Date:
		return parseDate(text)
	case Time:
		return parseTime(text)
	case UUID:
		return parseUUID(text)
	case Email:
		return parseEmail(text)
	case URL:
		return parseURL(text)
	case Timezone:
		return parseTimezone(text)
	}
	return text, nil
}

// read makes a value of a readable kind from its text.
func (k Kind) read(text string) (any, error) {
	switch k {
	case DecimalK:
		return ParseDecimal(text)
	case DateTime:
		return parseDateTime(text)
	case Duration:
		return ParseDuration(text)
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errBase64
	}
	return b, nil
}

// expected says what a value of the kind must be.
func (k Kind) expected() string {
	switch k {
	case Null:
		return "must be null"
	case Bool:
		return "must be true or false"
	case Int:
		return "must be an integer"
	case Float:
		return "must be a number"
	case DecimalK:
		return errDecimal.Error()
	case Date:
		return errDate.Error()
	case Time:
		return errTime.Error()
	case DateTime:
		return errDateTime.Error()
	case Duration:
		return errDuration.Error()
	case UUID:
		return errUUID.Error()
	case Email:
		return errEmail.Error()
	case URL:
		return errURL.Error()
	case Timezone:
		return errTimezone.Error()
	case Bytes:
		return errBase64.Error()
	case File:
		return "must be a file"
	case ObjectK:
		return "must be an object"
	case List:
		return "must be a list"
	}
	return "must be a string"
}

func (t *Type) checkList(w *walk, v any) (result any, changed bool) {
	list, ok := v.([]any)
	if !ok {
		w.fault(List.expected())
		return v, false
	}
	if t.Elem == nil {
		return v, false
	}
	var copied []any
	for i, e := range list {
		if w.full() {
			break
		}
		w.item(i)
		e, c := t.Elem.check(w, e)
		w.up()
		if c {
			if copied == nil {
				copied = append([]any(nil), list...)
			}
			copied[i] = e
		}
	}
	if copied != nil {
		return copied, true
	}
	return v, false
}
