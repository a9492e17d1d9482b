package schema

// checkObject checks the fields that an object has, in its own order, and then adds
// those that it lacks.
func (t *Type) checkObject(w *walk, v any) (result any, changed bool) {
	o, ok := v.(*Object)
	if !ok || o == nil {
		w.fault(ObjectK.expected())
		return v, false
	}
	var copied []any
	found := 0
	for i := range o.Len() {
		if w.full() {
			return v, false
		}
		name, value := o.At(i)
		f := t.fieldNear(name, i)
		if f == nil {
			if !t.Open {
				w.field(name)
				w.fault(NotKnown(name, t.FieldNames()))
				w.up()
			}
			continue
		}
		found++
		value, c := f.check(w, value)
		if c {
			if copied == nil {
				copied = append([]any(nil), o.values...)
			}
			copied[i] = value
		}
	}
	if found < len(t.Fields) {
		return t.complete(w, o, copied), true
	}
	if copied != nil {
		return o.shape.New(copied), true
	}
	return v, false
}

// fieldNear is Field that looks first where the field stands if both are in one order.
func (t *Type) fieldNear(name string, i int) *Field {
	if i < len(t.Fields) && t.Fields[i].Name == name {
		return &t.Fields[i]
	}
	f, _ := t.Field(name)
	return f
}

// check checks the value of a field that is present. Null stands for absence where
// absence would give null.
func (f *Field) check(w *walk, v any) (any, bool) {
	if v == nil && f.Optional && !f.HasDefault {
		return nil, false
	}
	w.field(f.Name)
	v, changed := f.Type.check(w, v)
	w.up()
	return v, changed
}

// absent is the value of a field that is not there.
func (f *Field) absent(w *walk) any {
	switch {
	case f.HasDefault:
		return f.Default
	case !f.Optional:
		w.field(f.Name)
		w.fault("is missing")
		w.up()
	}
	return nil
}

// complete is the object with the fields that it lacked behind its own.
func (t *Type) complete(w *walk, o *Object, values []any) *Object {
	if values == nil {
		values = append([]any(nil), o.values...)
	}
	names := append([]string(nil), o.shape.names...)
	for i := range t.Fields {
		f := &t.Fields[i]
		if o.shape.Index(f.Name) < 0 {
			names, values = append(names, f.Name), append(values, f.absent(w))
		}
	}
	return NewShape(names...).New(values)
}
