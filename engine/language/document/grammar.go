package document

import (
	"cloudlet/engine/language/source"
)

// ShapeKind is what the value of a key looks like.
type ShapeKind uint8

// The kinds.
const (
	AnyShape         ShapeKind = iota // any value; it may hold ${…} where a chain or test evaluates it
	TextShape                         // a text
	FlagShape                         // true or false
	CountShape                        // a number from 0
	StatusShape                       // an HTTP status
	DurationShape                     // 30s
	SizeShape                         // 1MiB
	NamesShape                        // a list of texts
	ListShape                         // a list of anything
	ChoiceShape                       // one of Values
	AuthShape                         // public, user or a list of roles
	ExpressionShape                   // a condition
	StepsShape                        // a list of steps
	ArgumentsShape                    // declarations by name, each with its place
	FieldsShape                       // declarations by name
	DeclarationShape                  // a type, short or long, without a name
	MappingShape                      // a mapping with Keys
	ItemsShape                        // a list of mappings with Keys
	MapShape                          // a mapping of any names to values, or to mappings with Keys
	PatternShape                      // what a value is expected to be
	RateShape                         // 10/minute, none, or a mapping with Keys
)

// Shape is what the value of a key looks like.
type Shape struct {
	Kind   ShapeKind
	Values []string     // of a ChoiceShape; a DurationShape may have some words
	Keys   func() []Key // of a MappingShape or ItemsShape; a MapShape may have some
}

// Shapes that many keys have.
var (
	text      = Shape{Kind: TextShape}
	flag      = Shape{Kind: FlagShape}
	names     = Shape{Kind: NamesShape}
	steps     = Shape{Kind: StepsShape}
	arguments = Shape{Kind: ArgumentsShape}
	declared  = Shape{Kind: DeclarationShape}
)

// Key is a key of the language: what a file may say, derived from what reads it.
type Key struct {
	Name, Doc string
	Shape     Shape
}

// exported are keys as other packages see them.
func exported(list []key) []Key {
	keys := make([]Key, len(list))
	for i, k := range list {
		keys[i] = Key{k.name, k.doc, k.shape}
	}
	return keys
}

// silent reads nothing: its keys are only looked at.
func silent() reader { return reader{&source.Problems{}} }

// EndpointKeys are the keys of an endpoint's file.
func EndpointKeys() []Key { return exported(silent().endpointKeys(&Endpoint{})) }

// ModuleKeys are the keys of a _module.yaml.
func ModuleKeys() []Key { return exported(silent().moduleKeys(&Module{})) }

// CompositeKeys are the keys of a file in _actions.
func CompositeKeys() []Key { return exported(silent().compositeKeys(&Composite{})) }

// TestKeys are the keys of one test.
func TestKeys() []Key { return exported(silent().testKeys(&Test{}, &TestStep{}, new(*Node))) }

// DeclarationKeys are the keys of the long form of a declared type. A named one, as
// an argument or field, may have a default; an argument may say its place.
func DeclarationKeys(named, placed bool) []Key { return exported((&long{}).keys(named, placed)) }

// TypeNames are the names of the types, as authors write them.
func TypeNames() []string { return typeNames() }
