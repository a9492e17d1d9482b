package action

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"cloudlet/engine/language/schema"
)

// Form is how an input is written.
type Form uint8

// The forms.
const (
	Constant   Form = iota // a value of the file
	Expression             // ${…}, or a value that holds some
	Steps                  // a list of steps
	NamedSteps             // a map of names to lists of steps
	Bindings               // a map of names to values that they are bound to
	Statement              // SQL
	Nested                 // names and values that are written out in the file
	TypeForm               // a type, declared as an argument is
	FieldsForm             // names and their types, declared as arguments are
)

// Input is one input of an action, derived from a field of its inputs' struct.
// The field's tags: doc, enum (comma-separated), default, class (token, secret),
// optional, leak, otherwise, lone, roles, and name where the snake_case of the field's name will not do.
type Input struct {
	Name     string
	Doc      string
	Form     Form
	Type     *schema.Type // of a Constant or Expression
	Class    schema.Class // the highest that it takes
	AnyClass bool         // takes every class and does not show it
	Leak     string       // what would happen to a value above the class: "would be written to the log"
	Required bool
	Default  string
	Enum     []string
	// Otherwise marks a chain that is gone through where none of the others is, also
	// where it is not written: an else.
	Otherwise bool
	// Text says that the value becomes a text, whatever it is; a map that is written for
	// it alone is one of inputs.
	Text bool
	// Roles says of a list of texts that they are names of roles that have to be there.
	Roles bool
	// Lone says of a list of texts that a text alone is a list of one.
	Lone  bool
	index int
}

// Field is the input's field in the inputs' struct in.
func (i *Input) Field(in any) any {
	return reflect.ValueOf(in).Elem().Field(i.index).Addr().Interface()
}

func inputsOf[In any](action, main string) []Input {
	t := reflect.TypeFor[In]()
	var inputs []Input
	found := main == ""
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Type == reflect.TypeFor[Direct]() {
			continue
		}
		in := inputOf(f, i)
		found = found || in.Name == main
		inputs = append(inputs, in)
	}
	if !found {
		panic("action " + action + ": no input named " + main)
	}
	return inputs
}

func inputOf(f reflect.StructField, index int) Input {
	in := Input{Name: f.Tag.Get("name"), Doc: f.Tag.Get("doc"), index: index, Default: f.Tag.Get("default"), Leak: f.Tag.Get("leak")}
	if in.Name == "" {
		in.Name = snake(f.Name)
	}
	if enum := f.Tag.Get("enum"); enum != "" {
		in.Enum = strings.Split(enum, ",")
	}
	switch f.Tag.Get("class") {
	case "token":
		in.Class = schema.Token
	case "secret":
		in.Class = schema.Secret
	case "any":
		in.AnyClass = true
	}
	_, optional := f.Tag.Lookup("optional")
	_, in.Otherwise = f.Tag.Lookup("otherwise")
	_, in.Lone = f.Tag.Lookup("lone")
	_, in.Roles = f.Tag.Lookup("roles")
	in.Required = !optional && in.Default == ""
	in.Text = f.Type == reflect.TypeFor[Expr[Text]]()
	in.Form, in.Type = formOf(reflect.New(f.Type).Interface())
	return in
}

func formOf(field any) (Form, *schema.Type) {
	switch p := field.(type) {
	case Dynamic:
		return Expression, p.Wants()
	case *Chain:
		return Steps, nil
	case *Chains:
		return NamedSteps, nil
	case *Assignments:
		return Bindings, nil
	case *SQL:
		return Statement, schema.StringType
	case *Tree:
		return Nested, schema.AnyType
	case *Declared:
		return TypeForm, nil
	case *Fields:
		return FieldsForm, nil
	case *string, *Name:
		return Constant, schema.StringType
	case *int:
		return Constant, schema.IntType
	case *bool:
		return Constant, schema.BoolType
	case *time.Duration:
		return Constant, schema.DurationType
	case *[]string:
		return Constant, textList
	}
	panic(fmt.Sprintf("action: an input cannot be a %T", field))
}

// setDefaults fills the fields of *In from the default tags.
func setDefaults(in any, inputs []Input) {
	for i := range inputs {
		if d := inputs[i].Default; d != "" {
			if err := setDefault(inputs[i].Field(in), d); err != nil {
				panic("action: the default " + d + " of " + inputs[i].Name + ": " + err.Error())
			}
		}
	}
}

func setDefault(field any, text string) (err error) {
	switch p := field.(type) {
	case *string:
		*p = text
	case *Name:
		*p = Name(text)
	case *int:
		*p, err = strconv.Atoi(text)
	case *bool:
		*p, err = strconv.ParseBool(text)
	case *time.Duration:
		*p, err = time.ParseDuration(text)
	case *Expr[string]:
		*p = Fixed(text)
	case *Expr[Text]:
		*p = Fixed(Text(text))
	case *Expr[bool]:
		b, e := strconv.ParseBool(text)
		*p, err = Fixed(b), e
	case *Expr[int]:
		n, e := strconv.Atoi(text)
		*p, err = Fixed(n), e
	case *Expr[time.Duration]:
		d, e := time.ParseDuration(text)
		*p, err = Fixed(d), e
	default:
		err = fmt.Errorf("inputs of its type have no default")
	}
	return err
}

// SetConstant gives a Constant input a value that was checked against its Type.
func (i *Input) SetConstant(in any, v any) {
	switch p := i.Field(in).(type) {
	case *string:
		*p = v.(string)
	case *Name:
		*p = Name(v.(string))
	case *int:
		*p = v.(int)
	case *bool:
		*p = v.(bool)
	case *time.Duration:
		*p = v.(time.Duration)
	case *[]string:
		*p, _ = textsOf(v)
	}
}

// snake is the snake_case of a Go name: MaxAge is max_age, SQL is sql.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		upper := 'A' <= r && r <= 'Z'
		if upper && i > 0 && (name[i-1] < 'A' || name[i-1] > 'Z' || i+1 < len(name) && name[i+1] >= 'a' && name[i+1] <= 'z') {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
