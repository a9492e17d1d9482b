package web

import (
	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/template"
)

// templateDoc is what there is to know about templates, once.
const templateDoc = "Templates are the files of the nearest `_templates` folder, written as Go's templates are: NAME.txt is text, " +
	"and in NAME.html every value is escaped for the place where it stands. `{{.name}}` is a field of `data`, `{{template \"layout.html\" .}}` " +
	"includes another one. Besides Go's and, or, not, len, index, slice, print, printf, urlquery and comparisons there are " +
	"`link \"/path\" \"name\" .value` for an address of the app with its query, `date \"2 January 2006\" .day`, upper, lower, trim, " +
	"`join \", \" .list` and `default \"none\" .value`."

// Template renders a template.
var Template = action.Define(action.Spec[templateInputs, string]{
	Name: "template", Summary: "Renders a template and gives the text.", Main: "file", Doc: templateDoc,
	Example:  "- template: {file: receipt.txt, data: {film: \"${film}\"}}\n",
	Failures: []action.Outcome{action.TemplateFailed},
	Prepare: func(l action.Load, in *templateInputs) action.Result {
		in.template = prepareTemplate(l, in.File, "file", &in.Data)
		return action.Gives(schema.StringType.WithClass(classOf(&in.Data)))
	},
	Run: func(c *action.Call, in *templateInputs) (string, error) {
		return render(c, in.template, &in.Data)
	},
})

type templateInputs struct {
	File string           `doc:"The template's file, such as receipt.txt."`
	Data action.Expr[any] `doc:"What the template knows, as \".\"; fields are written {{.name}}." class:"token" leak:"would be part of the text" optional:""`

	template *template.Template
}

// prepareTemplate finds a template and holds its fields against the data; nil after a problem.
func prepareTemplate(l action.Load, file, input string, data *action.Expr[any]) *template.Template {
	t := l.Template(file, input)
	if t == nil {
		return nil
	}
	of := noData
	if data.Given() {
		of = data.Type()
	}
	var problems source.Problems
	t.Check(of, l.At(input), &problems)
	for _, p := range problems.All() {
		l.Problem(p)
	}
	return t
}

// noData is the type of data that nobody gives.
var noData = schema.ObjectOf()

// classOf is the highest class of what an input may hold.
func classOf[T any](in *action.Expr[T]) schema.Class {
	if !in.Given() {
		return schema.Public
	}
	return in.Type().Highest()
}

// render renders a template with the value of an input.
func render(c *action.Call, t *template.Template, data *action.Expr[any]) (string, error) {
	v, _, err := data.Optional(c)
	if err != nil {
		return "", err
	}
	return t.Render(c.Context, c.Services.PublicURL, v)
}
