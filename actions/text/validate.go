package text

import (
	"fmt"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

var invalidValue = action.Outcome{Status: 400, Code: "invalid_value", When: "the value is none of the type; `errors` lists what is wrong with it"}

// Validate holds a value against a type.
var Validate = action.Define(action.Spec[validateInputs, any]{
	Name: "validate", Summary: "Makes sure that a value is of a type, and converts it.",
	Gives: "the type of `as`",
	Doc: "`as` is written as the type of an argument is, short or long, with its limits. The rules are those of a JSON body, and a text that stands for an int, a float or a bool becomes one. " +
		"The result has that type, so that what follows can rely on it. `errors` of the failure lists every mistake.",
	Example:  "- validate: {value: \"${args.text}\", as: {type: int, min: 1}}\n  as: number\n",
	Failures: []action.Outcome{invalidValue},
	Prepare: func(l action.Load, in *validateInputs) action.Result {
		if in.As.Type == nil {
			return action.Gives(schema.AnyType.WithClass(in.Value.Type().Highest()))
		}
		return gives(in.As.Type, in.Value.Type())
	},
	Run: func(c *action.Call, in *validateInputs) (any, error) {
		v, err := in.Value.Value(c)
		if err != nil {
			return nil, err
		}
		var faults []schema.Fault
		text, isText := v.(string)
		if k := in.As.Type.Kind; isText && (k == schema.Int || k == schema.Float || k == schema.Bool) {
			v = in.As.Type.ReadText(text, "", &faults)
		} else {
			v = in.As.Type.Check(v, "", &faults)
		}
		if len(faults) == 0 {
			return v, nil
		}
		f := action.Fail(invalidValue.Status, invalidValue.Code, "The value is not valid.")
		for _, fault := range faults {
			f.Errors = append(f.Errors, schema.NewObject("value", fault.Path, "message", fault.Message))
		}
		if first := faults[0]; len(faults) == 1 && first.Path == "" {
			f.Detail = fmt.Sprintf("The value %s.", first.Message)
		}
		return nil, f
	},
})

type validateInputs struct {
	Value action.Expr[any] `doc:"The value." class:"any"`
	As    action.Declared  `doc:"The type."`
}
