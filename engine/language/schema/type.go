// Package schema says what a value may be: its type, limits, default and class,
// how text and JSON become values, and how values become JSON.
//
// A value is one of these Go types, and nothing else:
//
//	nil             null
//	bool            bool
//	int             int (64 bit on every platform that we build for)
//	float64         float, always finite
//	Decimal         decimal; in the JSON of others, an integer that is neither int nor float
//	string          string, date (2006-01-02), time (15:04:05[.999999999]), uuid, email, url, timezone, secret
//	time.Time       datetime
//	time.Duration   duration
//	[]byte          bytes, a database BLOB; base64 in JSON
//	[]any           list
//	*Object         object, its fields in order; file, which NewUpload makes
//	Raw             JSON that is already encoded: only as a result on its way out
//
// Values are never changed after they were made, so they may be shared freely.
package schema

import (
	"regexp"
	"strings"
)

// Kind is what a value is, before its limits.
type Kind uint8

// The kinds, named as authors write them.
const (
	JSON     Kind = iota // json: anything
	Null                 // only null: the type of the literal
	Bool                 // bool
	Int                  // int
	Float                // float
	DecimalK             // decimal
	String               // string, and secret, which is a string of the class Secret
	Date                 // date
	Time                 // time
	DateTime             // datetime
	Duration             // duration
	UUID                 // uuid
	Email                // email
	URL                  // url
	Timezone             // timezone, a name of the IANA time zone database
	Bytes                // bytes, only from databases
	File                 // file, an upload
	ObjectK              // object
	List                 // [T]
)

var kindNames = [...]string{"json", "null", "bool", "int", "float", "decimal", "string", "date", "time", "datetime",
	"duration", "uuid", "email", "url", "timezone", "bytes", "file", "object", "list"}

// String is the kind as an author writes it.
func (k Kind) String() string { return kindNames[k] }

// Textual reports whether values of the kind are Go strings.
func (k Kind) Textual() bool {
	switch k {
	case String, Date, Time, UUID, Email, URL, Timezone:
		return true
	}
	return false
}

// Class says who may see a value (language.md, section 7). The higher, the fewer.
type Class uint8

// The classes.
const (
	Public Class = iota // everybody, the log too
	Token               // the requester, never the log: tickets, confirmation tokens
	Secret              // nobody: passwords, keys
)

// String is the class as a message names it.
func (c Class) String() string { return [...]string{"public", "token", "secret"}[c] }

// Type is what is known about a value while a file is loaded. Types are shared:
// change a copy (With…), never a type that somebody else may hold.
type Type struct {
	Kind     Kind
	Class    Class // of the value itself; that of its parts stands in Fields and Elem
	Nullable bool  // may be null

	Elem   *Type   // of a List; nil: anything
	Fields []Field // of an ObjectK, in order
	Open   bool    // of an ObjectK: it may hold fields that Fields does not name
	Fold   bool    // of an ObjectK: its names are in lower case and found without regard to case, as headers are

	Limits *Limits // nil: none
}

// Limits narrow a type. A nil pointer or zero pattern does not limit.
type Limits struct {
	Enum                 []any // values of the type
	Min, Max             any   // values of the type: Int, Float, DecimalK, Date, Time, DateTime, Duration
	MinLength, MaxLength *int  // characters of a text
	Pattern              *regexp.Regexp
	MinItems, MaxItems   *int
	MaxSize              *int64 // bytes of a File
	ContentTypes         []string
}

// Place is where an argument comes from.
type Place uint8

// The places. Anywhere means what the verb makes of it: path, query or body.
const (
	Anywhere Place = iota
	InPath
	InQuery
	InHeader
	InCookie
	InBody
)

// String is the place as an author writes it; empty for Anywhere.
func (p Place) String() string {
	return [...]string{"", "path", "query", "header", "cookie", "body"}[p]
}

// Field is one named part of an object, or one argument of a chain.
type Field struct {
	Name        string
	Type        *Type
	Optional    bool // may be absent; then it is Default, or null
	HasDefault  bool
	Default     any
	Description string
	Example     any
	In          Place // arguments only
}

// Types without limits, to be shared.
var (
	AnyType      = &Type{Kind: JSON, Nullable: true}
	NullType     = &Type{Kind: Null, Nullable: true}
	BoolType     = &Type{Kind: Bool}
	IntType      = &Type{Kind: Int}
	FloatType    = &Type{Kind: Float}
	DecimalType  = &Type{Kind: DecimalK}
	StringType   = &Type{Kind: String}
	DateTimeType = &Type{Kind: DateTime}
	DurationType = &Type{Kind: Duration}
	UUIDType     = &Type{Kind: UUID}
	TokenType    = &Type{Kind: String, Class: Token}
	SecretType   = &Type{Kind: String, Class: Secret}
)

// ListOf is the type of lists whose items are of type elem.
func ListOf(elem *Type) *Type { return &Type{Kind: List, Elem: elem} }

// ObjectOf is the type of objects with just these fields.
func ObjectOf(fields ...Field) *Type { return &Type{Kind: ObjectK, Fields: fields} }

// OrNull is t, or null.
func (t *Type) OrNull() *Type {
	if t.Nullable {
		return t
	}
	c := *t
	c.Nullable = true
	return &c
}

// NotNull is t without null.
func (t *Type) NotNull() *Type {
	if !t.Nullable {
		return t
	}
	c := *t
	c.Nullable = false
	return &c
}

// WithClass is t with at least the class c on the value itself.
func (t *Type) WithClass(c Class) *Type {
	if t.Class >= c {
		return t
	}
	n := *t
	n.Class = c
	return &n
}

// Highest is the highest class of the value and all its parts.
func (t *Type) Highest() Class {
	if t == nil {
		return Public
	}
	c := t.Class
	if t.Kind == List && t.Elem != nil {
		c = max(c, t.Elem.Highest())
	}
	for _, f := range t.Fields {
		c = max(c, f.Type.Highest())
	}
	return c
}

// Field finds a field of an object type.
func (t *Type) Field(name string) (*Field, bool) {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return &t.Fields[i], true
		}
	}
	return nil, false
}

// FieldNames lists the names of an object type's fields, in order.
func (t *Type) FieldNames() []string {
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
	}
	return names
}

// String is the type as an author would write it: "int?", "[string]", "{id: int, title: string?}".
func (t *Type) String() string {
	if t == nil {
		return "json"
	}
	var b strings.Builder
	switch {
	case t.Kind == String && t.Class == Secret:
		b.WriteString("secret")
	case t.Kind == List:
		b.WriteString("[" + t.Elem.String() + "]")
	case t.Kind == ObjectK && len(t.Fields) > 0:
		b.WriteString("{")
		for i, f := range t.Fields {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(f.Name + ": " + f.Type.String())
		}
		if t.Open {
			b.WriteString(", …")
		}
		b.WriteString("}")
	default:
		b.WriteString(t.Kind.String())
	}
	if t.Nullable && t.Kind != JSON && t.Kind != Null {
		b.WriteString("?")
	}
	return b.String()
}
