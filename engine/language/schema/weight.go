package schema

// What parts of a value take in memory, in bytes.
const (
	heldAny    = 16 // in a list or an object
	heldList   = 24
	heldObject = 96 // with its shape, of which JSON makes one each
	heldName   = 48
	heldOther  = 32
)

// Weight is about how many bytes a value takes in memory. That of JSON is up to thirty times its
// text: {} takes two bytes there.
func Weight(v any) int {
	switch v := v.(type) {
	case nil, bool:
		return 0
	case string:
		return heldAny + len(v)
	case []byte:
		return heldList + len(v)
	case []any:
		n := heldList + heldAny*len(v)
		for _, item := range v {
			n += Weight(item)
		}
		return n
	case *Object:
		n := heldObject
		for name, item := range v.All() {
			n += heldName + len(name) + heldAny + Weight(item)
		}
		return n
	}
	return heldOther
}
