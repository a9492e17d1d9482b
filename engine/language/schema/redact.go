package schema

// Masked is what stands in logs and traces where a value may not be seen.
const Masked = "[secret]"

// Redacted is a value of the type for logs and traces: everything of a class above
// Public is replaced by Masked, but for null. Where the value does not have the
// shape that the type says, nobody knows what it holds: then one part above Public
// hides it whole, and a field that is not declared is hidden beside one that is.
// The value itself is not changed.
func Redacted(v any, t *Type) any {
	if v == nil || t.Highest() == Public {
		return v
	}
	if t.Class > Public {
		return Masked
	}
	switch v := v.(type) {
	case []any:
		if t.Kind == List {
			list := make([]any, len(v))
			for i, e := range v {
				list[i] = Redacted(e, t.Elem)
			}
			return list
		}
	case *Object:
		if t.Kind == ObjectK && v != nil {
			values := make([]any, len(v.values))
			for i, name := range v.shape.names {
				values[i] = Masked
				if f := t.fieldNear(name, i); f != nil {
					values[i] = Redacted(v.values[i], f.Type)
				}
			}
			return v.shape.New(values)
		}
	}
	return Masked
}
