package schema

// Fit says whether values of one type may stand where another is expected.
type Fit uint8

// The answers of Fits, each one more than the one before.
const (
	Never  Fit = iota // no value fits, but perhaps null: a problem while loading
	Maybe             // it depends on the value: checked when it is known
	Always            // every value fits, converted where Check converts
)

// Fits says while loading whether values of the type value may stand where input is
// expected; nil is anything. Json may be everything, null may not be there, an int
// fits float and decimal, every textual kind fits string, a string may hold
// whatever is written as text, and objects fit by their fields. Classes are no part of it.
func Fits(value, input *Type) Fit {
	if input == nil || input.Kind == JSON {
		if input != nil && input.Limits != nil {
			return Maybe
		}
		return Always
	}
	if value == nil || value.Kind == JSON {
		return Maybe
	}
	if value.Kind == Null {
		if input.null() {
			return Always
		}
		return Maybe
	}
	fit := fitsKind(value, input)
	if fit == Always && (value.Nullable && !input.null() || input.Limits != nil && input.Limits != value.Limits) {
		return Maybe
	}
	return fit
}

func fitsKind(value, input *Type) Fit {
	switch {
	case value.Kind == List && input.Kind == List:
		if fit := Fits(value.Elem, input.Elem); fit != Never {
			return fit
		}
		return Never // an empty list would fit, but nobody means that
	case value.Kind == ObjectK && input.Kind == ObjectK:
		return fitsObject(value, input)
	case value.Kind == File && input.Kind == ObjectK: // whoever wants an object sees its fields
		return fitsObject(value, input)
	case value.Kind == input.Kind:
		return Always
	case value.Kind == Int && (input.Kind == Float || input.Kind == DecimalK):
		return Always
	case value.Kind == Float && input.Kind == DecimalK:
		return Maybe
	case value.Kind.Textual() && input.Kind == String:
		return Always
	case value.Kind == String && (input.Kind.Textual() || input.readable()):
		return Maybe
	case input.Kind == Null && value.Nullable:
		return Maybe
	}
	return Never
}

func fitsObject(value, input *Type) Fit {
	fit := Always
	for i := range input.Fields {
		f := &input.Fields[i]
		have, ok := value.Field(f.Name)
		switch {
		case ok:
			t := f.Type
			if t != nil && f.Optional && !f.HasDefault {
				t = t.OrNull()
			}
			fit = min(fit, Fits(have.Type, t))
			if have.Optional && !f.Optional {
				fit = min(fit, Maybe)
			}
		case value.Open:
			fit = min(fit, Maybe)
		case !f.Optional:
			return Never
		}
	}
	if input.Open {
		return fit
	}
	for _, have := range value.Fields {
		if _, ok := input.Field(have.Name); ok {
			continue
		}
		if !have.Optional {
			return Never
		}
		fit = min(fit, Maybe)
	}
	if value.Open {
		fit = min(fit, Maybe)
	}
	return fit
}

// Join is the type of "a or b", as after two branches: what both allow to be known.
// Limits stay only where both share them; null is possible where it is on either
// side; a field of one side only may be absent; different kinds of text make string,
// all others json. Every part has the higher class of both, and what has no known shape
// the highest of all.
func Join(a, b *Type) *Type {
	if a == nil {
		a = AnyType
	}
	if b == nil {
		b = AnyType
	}
	switch {
	case a == b:
		return a
	case a.Kind == Null:
		return b.OrNull().WithClass(a.Class)
	case b.Kind == Null:
		return a.OrNull().WithClass(b.Class)
	case a.Kind != b.Kind && a.Kind.Textual() && b.Kind.Textual():
		return &Type{Kind: String, Nullable: a.Nullable || b.Nullable, Class: max(a.Class, b.Class)}
	case a.Kind != b.Kind || a.Kind == JSON:
		return &Type{Kind: JSON, Nullable: true, Class: max(a.Highest(), b.Highest())}
	}
	t := &Type{Kind: a.Kind, Class: max(a.Class, b.Class), Nullable: a.Nullable || b.Nullable}
	if a.Limits == b.Limits {
		t.Limits = a.Limits
	}
	switch t.Kind {
	case File:
		t.Fields = FileType.Fields
	case List:
		t.Elem = Join(a.Elem, b.Elem)
	case ObjectK:
		t.Open = a.Open || b.Open
		t.Fields = joinFields(a, b)
	}
	return t
}

func joinFields(a, b *Type) []Field {
	var fields []Field
	for _, f := range a.Fields {
		o, ok := b.Field(f.Name)
		if !ok {
			fields = append(fields, oneSided(f, b))
			continue
		}
		j := Field{Name: f.Name, Type: Join(f.Type, o.Type), Optional: f.Optional || o.Optional, Description: f.Description}
		if j.Optional {
			j.Type = j.Type.OrNull()
		}
		fields = append(fields, j)
	}
	for _, f := range b.Fields {
		if _, ok := a.Field(f.Name); !ok {
			fields = append(fields, oneSided(f, a))
		}
	}
	return fields
}

// oneSided is a field that only one side declares. Where the other side is open it
// may hold the same name with anything in it.
func oneSided(f Field, other *Type) Field {
	t := f.Type
	if other.Open {
		t = Join(t, &Type{Kind: JSON, Nullable: true, Class: other.Highest()})
	}
	if t == nil {
		t = AnyType
	}
	return Field{Name: f.Name, Type: t.OrNull(), Optional: true, Description: f.Description}
}
