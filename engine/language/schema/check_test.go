package schema

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	film := ObjectOf(Field{Name: "id", Type: IntType}, Field{Name: "price", Type: FloatType, Optional: true},
		Field{Name: "tags", Type: ListOf(&Type{Kind: UUID}), Optional: true, HasDefault: true, Default: []any{}})
	open := &Type{Kind: ObjectK, Open: true, Fields: []Field{{Name: "d", Type: DurationType}}}
	for _, c := range []struct {
		typ  *Type
		v    any
		want string
	}{
		{nil, 1, `1`}, {AnyType, nil, `null`}, {IntType.OrNull(), nil, `null`}, {NullType, nil, `null`}, {&Type{Kind: JSON}, nil, `null`},
		{BoolType, true, `true`}, {IntType, 7, `7`}, {FloatType, 7, `7`}, {FloatType, 0.5, `0.5`}, {DecimalType, 7, `"7"`}, {DecimalType, 1.5, `"1.5"`},
		{DecimalType, "9.90", `"9.90"`}, {DateTimeType, "2026-01-31T10:00:00Z", `"2026-01-31T10:00:00Z"`}, {DurationType, "1d", `"24h0m0s"`},
		{&Type{Kind: Bytes}, "YQ==", `"YQ=="`}, {&Type{Kind: Bytes}, []byte("a"), `"YQ=="`}, {&Type{Kind: Time}, "10:00:00.50", `"10:00:00.5"`},
		{UUIDType, "6BA7B810-9DAD-11D1-80B4-00C04FD430C8", `"6ba7b810-9dad-11d1-80b4-00c04fd430c8"`}, {SecretType, "x", `"x"`},
		{ListOf(FloatType), []any{1, 2.5}, `[1,2.5]`}, {ListOf(nil), []any{1, "a"}, `[1,"a"]`}, {&Type{Kind: List}, []any{}, `[]`},
		{film, NewObject("price", 1, "id", 2), `{"price":1,"id":2,"tags":[]}`}, {film, NewObject("id", 1), `{"id":1,"price":null,"tags":[]}`},
		{film, NewObject("id", 1, "price", nil, "tags", []any{}), `{"id":1,"price":null,"tags":[]}`},
		{open, NewObject("x", 1, "d", "1m"), `{"x":1,"d":"1m0s"}`},
	} {
		var faults []Fault
		v := c.typ.Check(c.v, "", &faults)
		if got := string(AppendJSON(nil, v)); got != c.want || len(faults) > 0 {
			t.Errorf("%v of %v: %s %v; want %s", c.typ, c.v, got, faults, c.want)
		}
	}
	// An int for a float is a float afterwards, not only in its JSON.
	var faults []Fault
	if v, ok := ListOf(FloatType).Check([]any{1}, "", &faults).([]any)[0].(float64); !ok || v != 1 {
		t.Error(v)
	}
}

func TestCheckFaults(t *testing.T) {
	t.Parallel()
	film := ObjectOf(Field{Name: "id", Type: IntType}, Field{Name: "owner", Type: ObjectOf(Field{Name: "mail", Type: &Type{Kind: Email}}), Optional: true})
	for _, c := range []struct {
		typ  *Type
		v    any
		want []Fault
	}{
		{IntType, nil, []Fault{{"p", "must not be null"}}}, {IntType, 7.0, []Fault{{"p", "must be an integer"}}}, {IntType, "7", []Fault{{"p", "must be an integer"}}},
		{FloatType, "1", []Fault{{"p", "must be a number"}}}, {BoolType, 1, []Fault{{"p", "must be true or false"}}}, {StringType, 1, []Fault{{"p", "must be a string"}}},
		{StringType, time.Unix(0, 0), []Fault{{"p", "must be a string"}}}, {StringType, time.Second, []Fault{{"p", "must be a string"}}}, {StringType, []byte("a"), []Fault{{"p", "must be a string"}}},
		{DurationType, 5, []Fault{{"p", "must be a duration such as 1h30m"}}}, {DateTimeType, time.Second, []Fault{{"p", "must be a date and time such as 2026-01-31T12:00:00Z"}}},
		{DecimalType, 1e200, []Fault{{"p", "must be a decimal number of at most 100 digits"}}}, {IntType, decimalOf(t, "1"), []Fault{{"p", "must be an integer"}}},
		{NullType, 1, []Fault{{"p", "must be null"}}}, {&Type{Kind: Timezone}, 1, []Fault{{"p", "must be a time zone such as Europe/Berlin"}}}, {&Type{Kind: File}, "x", []Fault{{"p", "must be a file"}}}, {film, []any{}, []Fault{{"p", "must be an object"}}}, {film, (*Object)(nil), []Fault{{"p", "must be an object"}}},
		{ListOf(IntType), NewObject(), []Fault{{"p", "must be a list"}}}, {IntType, Raw("1"), []Fault{{"p", "must be an integer"}}},
		{film, NewObject("idd", 1, "owner", NewObject("mail", "x")), []Fault{{"p.idd", "is not known; did you mean id?"}, {"p.owner.mail", "must be an email address"}, {"p.id", "is missing"}}},
		{ObjectOf(Field{Name: "a", Type: IntType, Optional: true, HasDefault: true, Default: 1}), NewObject("a", nil), []Fault{{"p.a", "must not be null"}}},
		{ListOf(ListOf(IntType)), []any{[]any{1, "x"}, nil}, []Fault{{"p[0][1]", "must be an integer"}, {"p[1]", "must not be null"}}},
	} {
		var faults []Fault
		c.typ.Check(c.v, "p", &faults)
		if diff := cmp.Diff(c.want, faults); diff != "" {
			t.Errorf("%v of %v: %s", c.typ, c.v, diff)
		}
	}
}

func TestCheckPathOfAnyDepth(t *testing.T) {
	t.Parallel()
	typ, v := IntType, any("x")
	for range 100 {
		typ, v = ListOf(typ), []any{v}
	}
	var faults []Fault
	typ.Check(v, "", &faults)
	if len(faults) != 1 || len(faults[0].Path) != 3*(MaxDepth+1)+len("…") {
		t.Error(faults)
	}
}

// The fast path: what fits comes back itself.
func TestCheckAllocations(t *testing.T) {
	limits := &Limits{MinLength: length(1), MaxLength: length(99)}
	typ := ListOf(ObjectOf(Field{Name: "id", Type: &Type{Kind: Int, Limits: &Limits{Min: 1, Max: 5000}}}, Field{Name: "title", Type: &Type{Kind: String, Limits: limits}},
		Field{Name: "price", Type: DecimalType}, Field{Name: "at", Type: DateTimeType}, Field{Name: "day", Type: &Type{Kind: Date}},
		Field{Name: "clock", Type: &Type{Kind: Time}}, Field{Name: "mail", Type: &Type{Kind: Email}}, Field{Name: "key", Type: UUIDType}, Field{Name: "zone", Type: &Type{Kind: Timezone}},
		Field{Name: "role", Type: &Type{Kind: String, Limits: &Limits{Enum: []any{"guest", "editor"}}}}, Field{Name: "none", Type: StringType, Optional: true}))
	film := NewObject("id", 1000, "title", "Alien", "price", decimalOf(t, "9.90"), "at", time.Unix(0, 0), "day", "2026-01-31", "clock", "10:00:00",
		"mail", "a@example.com", "key", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "zone", "Europe/Berlin", "role", "editor", "none", nil)
	var v any = []any{film, film}
	var faults []Fault
	if n := testing.AllocsPerRun(100, func() { v = typ.Check(v, "args", &faults) }); n != 0 {
		t.Errorf("%v allocations for a value that fits", n)
	}
	if len(faults) > 0 {
		t.Error(faults)
	}
}

// askedError says how often it was asked for its message.
type askedError struct{ asked int }

func (c *askedError) Error() string { c.asked++; return "is wrong" }

// The message that suggests a name takes long: of a long list, it is made for what is reported.
func TestMessagesOfFaultsThatAreKept(t *testing.T) {
	t.Parallel()
	var faults []Fault
	w, wrong := walk{faults: &faults}, &askedError{}
	for range 3 * MaxFaults {
		w.refuse(wrong)
	}
	if wrong.asked != MaxFaults || len(faults) != MaxFaults {
		t.Errorf("%d messages for %d faults", wrong.asked, len(faults))
	}
}
