package schema

import (
	"net/mail"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// anyType draws a type of any kind that a value can have, up to a depth.
func anyType(depth int) *rapid.Generator[*Type] {
	return rapid.Custom(func(t *rapid.T) *Type {
		kinds := []Kind{JSON, Bool, Int, Float, DecimalK, String, Date, Time, DateTime, Duration, UUID, Timezone, Bytes}
		if depth > 0 {
			kinds = append(kinds, ObjectK, List)
		}
		typ := &Type{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Nullable: rapid.Bool().Draw(t, "nullable")}
		if typ.Kind == Int && rapid.Bool().Draw(t, "limited") {
			typ.Limits = &Limits{Min: 0}
		}
		switch typ.Kind {
		case List:
			typ.Elem = anyType(depth-1).Draw(t, "elem")
		case ObjectK:
			typ.Open = rapid.Bool().Draw(t, "open")
			for _, name := range []string{"a", "b", "c"} {
				if rapid.Bool().Draw(t, name) {
					typ.Fields = append(typ.Fields, Field{Name: name, Type: anyType(depth-1).Draw(t, "type"), Optional: rapid.Bool().Draw(t, "optional")})
				}
			}
		}
		return typ
	})
}

// valueOf draws a value of a type, never an empty list: that one fits every list.
func valueOf(t *rapid.T, typ *Type, null bool) any {
	if null && typ.Nullable && rapid.Bool().Draw(t, "null") {
		return nil
	}
	switch typ.Kind {
	case Bool:
		return rapid.Bool().Draw(t, "bool")
	case Int:
		if typ.Limits != nil {
			return rapid.IntMin(0).Draw(t, "int")
		}
		return rapid.Int().Draw(t, "int")
	case Float:
		return rapid.Float64().Draw(t, "float")
	case DecimalK:
		return FromInt(rapid.Int().Draw(t, "decimal"))
	case Date:
		return "2026-01-31"
	case Time:
		return "10:00:00.5"
	case DateTime:
		return time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "seconds"), rapid.Int64Range(0, 1e9-1).Draw(t, "nanoseconds")).UTC()
	case Duration:
		return time.Duration(rapid.Int64().Draw(t, "duration"))
	case UUID:
		return "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	case Timezone:
		return "Europe/Berlin"
	case Bytes:
		return rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
	case List:
		list := make([]any, rapid.IntRange(1, 3).Draw(t, "items"))
		for i := range list {
			list[i] = valueOf(t, typ.Elem, null)
		}
		return list
	case ObjectK:
		var all []any
		for _, f := range typ.Fields {
			if !f.Optional || rapid.Bool().Draw(t, "present") {
				all = append(all, f.Name, valueOf(t, f.Type, null))
			}
		}
		return NewObject(all...)
	}
	return rapid.String().Draw(t, "string")
}

// What Fits says of a type while loading, Check says of its values when they are there.
func TestFitsForetellsCheck(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from, to := anyType(2).Draw(t, "from"), anyType(2).Draw(t, "to")
		if rapid.Bool().Draw(t, "same") {
			to = from
		}
		fit := Fits(from, to)
		var faults []Fault
		v := valueOf(t, from, fit == Always)
		to.Check(v, "", &faults)
		if fit == Always && len(faults) > 0 || fit == Never && len(faults) == 0 {
			t.Fatalf("%v into %v is %d, and %s gives %v", from, to, fit, AppendJSON(nil, v), faults)
		}
	})
}

// A value of either type is one of their join.
func TestJoinHoldsBoth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyType(2).Draw(t, "a"), anyType(2).Draw(t, "b")
		joined := Join(a, b)
		for _, typ := range []*Type{a, b} {
			var faults []Fault
			v := valueOf(t, typ, true)
			if joined.Check(v, "", &faults); len(faults) > 0 {
				t.Fatalf("%v and %v make %v, but %s gives %v", a, b, joined, AppendJSON(nil, v), faults)
			}
			if Fits(typ, joined) == Never {
				t.Fatalf("%v does not fit %v", typ, joined)
			}
		}
	})
}

// What goes out as JSON comes back in as the same value.
func TestJSONRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		typ := anyType(2).Draw(t, "type")
		v := valueOf(t, typ, true)
		var faults []Fault
		want := typ.Check(v, "", &faults) // fills in what is absent
		text := AppendJSON(nil, v)
		got, err := typ.DecodeText(text, "", &faults)
		if err != nil || len(faults) > 0 || !Equal(want, got) {
			t.Fatalf("%v: %s came back as %s, %v %v", typ, text, AppendJSON(nil, got), faults, err)
		}
	})
}

// An address that passes is one to package net/mail too, and nothing but it.
func TestEmailIsOneToNetMail(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z.+"(é]{1,8}@[a-z0-9.é-]{1,10}`).Draw(t, "text")
		if _, err := parseEmail(text); err == nil {
			if a, err := mail.ParseAddress(text); err != nil || a.Address != text || a.Name != "" {
				t.Fatalf("%q: %v, %v", text, a, err)
			}
		}
	})
}
