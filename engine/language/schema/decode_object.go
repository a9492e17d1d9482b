package schema

import "github.com/go-json-experiment/json/jsontext"

// decodeObject reads an object of declared fields. All objects of the type in one
// text share a shape, unless they hold fields that an open type does not name.
func (t *Type) decodeObject(w *walk, d *jsontext.Decoder) (any, error) {
	return t.decodeFields(w, d, w.shapes.shape(t), make([]any, len(t.Fields)))
}

// decodeFields reads an object into the values of a shape, with what is not
// declared behind them. Where t is nil nothing is.
func (t *Type) decodeFields(w *walk, d *jsontext.Decoder, shape *Shape, values []any) (any, error) {
	if err := Begin(d); err != nil {
		return nil, err
	}
	declared := len(values)
	seen := make([]bool, declared)
	var extra []string
	for d.PeekKind() != jsontext.KindEndObject {
		i, name, err := ReadName(d, shape)
		if err != nil {
			return nil, err
		}
		if i >= 0 {
			seen[i] = true
			values[i], err = t.Fields[i].decode(w, d)
		} else {
			var v any
			var keep bool
			if v, keep, err = t.decodeExtra(w, d, name); keep {
				extra, values = append(extra, name), append(values, v)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for i := range declared {
		if !seen[i] {
			values[i] = t.Fields[i].absent(w)
		}
	}
	if shape == nil {
		return NewShape(extra...).New(values), nil
	}
	if len(extra) > 0 {
		shape = NewShape(append(append([]string(nil), shape.names...), extra...)...)
	}
	return shape.New(values), nil
}

// decode reads the value of a field that is present. Null stands for absence where
// absence would give null.
func (f *Field) decode(w *walk, d *jsontext.Decoder) (any, error) {
	if f.Optional && !f.HasDefault && d.PeekKind() == jsontext.KindNull {
		_, err := d.ReadToken()
		return nil, err
	}
	w.field(f.Name)
	v, err := f.Type.decode(w, d)
	w.up()
	return v, err
}

// decodeExtra reads a field that is not declared; keep tells whether it may be there.
func (t *Type) decodeExtra(w *walk, d *jsontext.Decoder, name string) (v any, keep bool, err error) {
	w.field(name)
	defer w.up()
	if t != nil && !t.Open {
		if !w.full() {
			w.fault(NotKnown(name, t.FieldNames()))
		}
		return nil, false, Skip(d)
	}
	v, err = (*Type)(nil).decode(w, d)
	return v, err == nil, err
}

// ReadName reads the name of an object's next field. A name of the shape costs no
// allocation and is given as its place; for any other the place is -1. The shape may be nil.
func ReadName(d *jsontext.Decoder, shape *Shape) (place int, name string, err error) {
	raw, err := d.ReadValue()
	if err != nil {
		return -1, "", err
	}
	if len(raw) < 2 || raw[0] != '"' {
		return -1, "", &SyntaxError{d.InputOffset(), "the name of a field must be a string"}
	}
	text := raw[1 : len(raw)-1]
	for _, c := range text {
		if c == '\\' {
			unquoted, err := jsontext.AppendUnquote(nil, raw)
			if err != nil {
				return -1, "", err
			}
			text = unquoted
			break
		}
	}
	if shape != nil {
		if i := shape.Index(string(text)); i >= 0 {
			return i, shape.names[i], nil
		}
	}
	return -1, string(text), nil
}
