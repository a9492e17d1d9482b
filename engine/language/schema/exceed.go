package schema

// Excess is a part of a value whose class is above what its place may hold.
type Excess struct {
	Path    string // of the part: "name", "[].key"; "" for the whole
	Is, May Class
}

// Exceeds finds a part of a value of type t that is of a higher class than the same
// part of the type place says, or nil. What place does not know has the class of
// what it is in. Whoever puts such a value there and reads it by the type of place
// would take a secret for something that may be shown.
func (t *Type) Exceeds(place *Type) *Excess { return exceeds(t, place, Public, Public, "") }

// exceeds compares two parts; is and may are the classes of what they are in.
func exceeds(t, place *Type, is, may Class, path string) *Excess {
	if t == nil {
		t = AnyType
	}
	if place == nil {
		place = AnyType
	}
	is, may = max(is, t.Class), max(may, place.Class)
	highest := max(is, t.Highest())
	switch {
	case highest <= may:
		return nil
	case is > may:
		return &Excess{path, is, may}
	case t.Kind == List && place.Kind == List:
		return exceeds(t.Elem, place.Elem, is, may, path+"[]")
	case t.Kind == ObjectK && place.Kind == ObjectK:
		return exceedingField(t, place, is, may, path)
	}
	return &Excess{path, highest, may}
}

func exceedingField(t, place *Type, is, may Class, path string) *Excess {
	for _, f := range t.Fields {
		at := f.Name
		if path != "" {
			at = path + "." + at
		}
		var there *Type
		if o, ok := place.Field(f.Name); ok {
			there = o.Type
		}
		if e := exceeds(f.Type, there, is, may, at); e != nil {
			return e
		}
	}
	return nil
}
