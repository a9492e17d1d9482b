package schema

import (
	"math"
	"math/big"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	messageInt64 = "must be an integer of 64 bits"
	messageExact = "is too large to be kept exactly"
	messageRange = "is too large"
)

// Decode reads the next value of a JSON text and holds it against the type: values
// must already be of it, so "7" is no int and 7.0 is none either; only a decimal
// may be a string or a number, and what has no form of its own in JSON (date,
// duration, uuid, bytes, …) is a string. Mistakes in single values go to faults,
// whose paths begin with path; the result means nothing where there are any. The
// error is that the text is no JSON or nests deeper than MaxDepth: a *SyntaxError.
// Values share no memory with the decoder's buffer.
func (t *Type) Decode(d *jsontext.Decoder, path string, faults *[]Fault) (any, error) {
	var shapes layouts
	w := walk{root: path, faults: faults, shapes: &shapes}
	v, err := t.decode(&w, d)
	if err != nil {
		return nil, Syntax(err, d.InputOffset())
	}
	return v, nil
}

func (t *Type) decode(w *walk, d *jsontext.Decoder) (any, error) {
	kind := d.PeekKind()
	if kind == jsontext.KindNull {
		_, err := d.ReadToken()
		if !t.null() {
			w.fault("must not be null")
		}
		return nil, err
	}
	before := len(*w.faults)
	v, err := t.decodeKind(w, d, kind)
	if err != nil || len(*w.faults) != before || v == nil {
		return nil, err
	}
	if t != nil {
		t.limit(w, v)
	}
	return v, nil
}

// decodeKind reads anything but null; nil without an error means that there was a fault.
func (t *Type) decodeKind(w *walk, d *jsontext.Decoder, kind jsontext.Kind) (any, error) {
	switch {
	case kind == jsontext.KindInvalid:
		_, err := d.ReadToken()
		return nil, err
	case t == nil || t.Kind == JSON:
		return decodeAny(w, d, kind)
	case t.Kind == ObjectK && kind == jsontext.KindBeginObject:
		return t.decodeObject(w, d)
	case t.Kind == List && kind == jsontext.KindBeginArray:
		return decodeList(w, d, t.Elem)
	case t.Kind == Bool && (kind == jsontext.KindTrue || kind == jsontext.KindFalse):
		_, err := d.ReadToken()
		return kind == jsontext.KindTrue, err
	case kind == jsontext.KindNumber && (t.Kind == Int || t.Kind == Float || t.Kind == DecimalK):
		raw, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		return readNumber(w, t.Kind, string(raw)), nil
	case kind == jsontext.KindString && (t.Kind.Textual() || t.readable()):
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		return t.Kind.fromString(w, token.String()), nil
	}
	w.fault(t.Kind.expected())
	return nil, Skip(d)
}

// fromString makes a value of a textual or readable kind; nil after a fault.
func (k Kind) fromString(w *walk, text string) any {
	var v any
	var err error
	if k.Textual() {
		v, err = k.canonical(text)
	} else {
		v, err = k.read(text)
	}
	if err != nil {
		w.refuse(err)
		return nil
	}
	return v
}

// readNumber makes a value of a number's kind from its text; nil after a fault.
func readNumber(w *walk, kind Kind, text string) any {
	n, ok := scanNumber(text)
	switch {
	case !ok || kind == Int && !n.integer:
		w.fault(kind.expected())
	case kind == Int:
		if i, err := strconv.Atoi(text); err == nil {
			return i
		}
		w.fault(messageInt64)
	case kind == Float:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
		w.fault(messageRange)
	default:
		return DecimalK.fromString(w, text)
	}
	return nil
}

// readAnyNumber makes an int of an integer literal that fits and a float of
// everything else, but never lets a float stand for an integer that it is not: that
// is a decimal, or a fault where what is read has to come out as it came in.
func readAnyNumber(w *walk, text string) any {
	n, _ := scanNumber(text)
	if n.integer {
		if i, err := strconv.Atoi(text); err == nil {
			return i
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsInf(f, 0):
		w.fault(messageRange)
	case n.integer && !holdsExactly(f, text):
		if d, err := ParseDecimal(text); err == nil && w.decimals {
			return d
		}
		w.fault(messageExact)
	default:
		return f
	}
	return nil
}

// holdsExactly is only asked where f is finite, so the text has at most 309 digits.
func holdsExactly(f float64, text string) bool {
	want, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return false
	}
	have, _ := big.NewFloat(f).Int(nil)
	return have.Cmp(want) == 0
}

func decodeAny(w *walk, d *jsontext.Decoder, kind jsontext.Kind) (any, error) {
	switch kind {
	case jsontext.KindBeginObject:
		return (*Type)(nil).decodeFields(w, d, nil, nil)
	case jsontext.KindBeginArray:
		return decodeList(w, d, nil)
	case jsontext.KindNumber:
		raw, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		return readAnyNumber(w, string(raw)), nil
	}
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	if kind == jsontext.KindString {
		return token.String(), nil
	}
	return kind == jsontext.KindTrue, nil
}

func decodeList(w *walk, d *jsontext.Decoder, elem *Type) (any, error) {
	if err := Begin(d); err != nil {
		return nil, err
	}
	list := []any{}
	for i := 0; d.PeekKind() != jsontext.KindEndArray; i++ {
		w.item(i)
		v, err := elem.decode(w, d)
		w.up()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.ReadToken()
	return list, err
}
