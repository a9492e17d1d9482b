package main

import (
	"strconv"
	"strings"

	"cloudlet/engine"
	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// actionPage is an action as documentation shows it.
type actionPage struct {
	Name     string        `json:"name"`
	Family   string        `json:"family"`
	Summary  string        `json:"summary"`
	Doc      string        `json:"doc,omitempty"`
	Main     string        `json:"main,omitempty"`   // the input that a plain value fills
	Beside   bool          `json:"beside,omitempty"` // its other inputs stand beside its key
	Inputs   []inputPage   `json:"inputs"`
	Result   string        `json:"result,omitempty"` // "" where it has none
	Ends     bool          `json:"ends,omitempty"`   // no step after it runs
	Failures []failurePage `json:"failures"`
	Example  string        `json:"example,omitempty"`
	File     string        `json:"file,omitempty"`   // of a composite action
	Folder   string        `json:"folder,omitempty"` // in which and below which a composite may be used
}

// inputPage is an input of an action.
type inputPage struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Required bool     `json:"required"`
	Default  string   `json:"default,omitempty"`
	Enum     []string `json:"enum,omitempty"`
	Constant bool     `json:"constant,omitempty"` // whether it has to be known when the file is loaded
	Class    string   `json:"class"`              // the highest that it takes, or "any"
	Doc      string   `json:"doc,omitempty"`
}

// failurePage is a failure that an action declares.
type failurePage struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	When   string `json:"when"`
}

func pageOf(family string, a *action.Action) actionPage {
	p := actionPage{Name: a.Name, Family: family, Summary: a.Summary, Doc: a.Doc, Main: a.Main, Beside: a.Beside,
		Inputs: []inputPage{}, Ends: a.Ends, Failures: []failurePage{}, Example: a.Example}
	for i := range a.Inputs {
		p.Inputs = append(p.Inputs, pageOfInput(&a.Inputs[i]))
	}
	for _, f := range a.Failures {
		p.Failures = append(p.Failures, failurePage(f))
	}
	if a.HasResult && !a.Ends {
		p.Result = resultText(a.Result)
		if a.Gives != "" {
			p.Result = a.Gives
		}
	}
	return p
}

func pageOfInput(in *action.Input) inputPage {
	p := inputPage{Name: in.Name, Required: in.Required, Default: in.Default, Enum: in.Enum, Class: in.Class.String(), Doc: in.Doc}
	if in.AnyClass {
		p.Class = "any"
	}
	switch in.Form {
	case action.Constant:
		p.Type, p.Constant = in.Type.String(), true
	case action.Steps:
		p.Type, p.Class = "steps", "any"
	case action.NamedSteps:
		p.Type, p.Class = "names with steps", "any"
	case action.Bindings:
		p.Type, p.Class = "names with values", "any"
	case action.Statement:
		p.Type, p.Class = "SQL", schema.Token.String() // of its parameters
	case action.TypeForm:
		p.Type, p.Constant = "a type, as of an argument", true
	case action.FieldsForm:
		p.Type, p.Constant = "names and their types, as of arguments", true
	default:
		p.Type = in.Type.String()
	}
	return p
}

func resultText(t *schema.Type) string {
	if t == nil || t.Kind == schema.JSON {
		return "depends on its inputs"
	}
	text := t.String()
	if c := t.Highest(); c > schema.Public {
		text += ", of the class " + c.String()
	}
	return text
}

func pageOfComposite(c engine.Composite) actionPage {
	p := actionPage{Name: c.Name, Family: "app", Summary: firstLine(c.Description), Doc: restOf(c.Description),
		Inputs: []inputPage{}, Failures: []failurePage{}, File: c.File, Folder: c.Folder}
	for _, f := range c.Arguments {
		in := inputPage{Name: f.Name, Type: f.Type.String(), Required: !f.Optional, Class: "any", Doc: f.Description}
		if f.HasDefault {
			in.Default = string(schema.AppendJSON(nil, schema.Redacted(f.Default, f.Type)))
		}
		p.Inputs = append(p.Inputs, in)
	}
	if c.Result != nil {
		p.Result = resultText(c.Result)
	}
	return p
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}

func restOf(text string) string {
	_, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(rest)
}

// print explains the action to people.
func (p actionPage) print(t *terminal) {
	t.printf("%s: %s\n", p.Name, p.Summary)
	if p.Doc != "" {
		t.printf("%s\n", p.Doc)
	}
	if p.File != "" {
		t.printf("It is made in %s, for %s.\n", p.File, folderText(p.Folder))
	}
	if len(p.Inputs) > 0 {
		t.printf("\nInputs\n")
		rows := make([][]string, len(p.Inputs))
		for i, in := range p.Inputs {
			rows[i] = []string{"  " + in.Name, in.Type, in.need(p.Main), in.takes(), in.Doc}
		}
		table(t.out, rows)
	}
	switch {
	case p.Ends:
		t.printf("\nIt ends the chain.\n")
	case p.Result == "":
		t.printf("\nIt has no result.\n")
	default:
		t.printf("\nResult\n  %s\n", p.Result)
	}
	if len(p.Failures) > 0 {
		t.printf("\nFailures\n")
		rows := make([][]string, len(p.Failures))
		for i, f := range p.Failures {
			rows[i] = []string{"  " + strconv.Itoa(f.Status), f.Code, f.When}
		}
		table(t.out, rows)
	}
	if p.Example != "" {
		t.printf("\nExample\n  %s\n", strings.ReplaceAll(strings.TrimSpace(p.Example), "\n", "\n  "))
	}
}

func folderText(folder string) string {
	if folder == "" {
		return "every endpoint"
	}
	return "endpoints/" + folder + " and below"
}

// takes says what the input may be computed of.
func (in inputPage) takes() string {
	if in.Constant {
		return "not computed"
	}
	return "takes " + in.Class
}

// need says whether an input must be given, and what it is without.
func (in inputPage) need(main string) string {
	text := "optional"
	switch {
	case in.Required:
		text = "required"
	case in.Default != "":
		text = "= " + in.Default
	}
	if in.Name == main {
		text += ", main"
	}
	if len(in.Enum) > 0 {
		text += ", one of " + strings.Join(in.Enum, " ")
	}
	return text
}
