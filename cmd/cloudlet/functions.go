package main

import (
	"errors"
	"fmt"
	"slices"

	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/source"
)

// functionsCommand is `cloudlet functions`.
type functionsCommand struct {
	Name   string `arg:"" optional:"" help:"The function to explain."`
	Format string `enum:"text,json" default:"text" help:"How functions are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (functionsCommand) Help() string {
	return `Lists the functions that an expression may call, as ${upper(args.name)}, and the operators.

Example:

    cloudlet functions filter
`
}

// operators is what an expression is made of besides functions.
const operators = `
A ? ends what may be left out, … what may come several times. In a predicate # is the item, as in
filter(films, #.year > 1980).

Operators
  + - * / % **         numbers; + joins texts, adds durations to times
  == != < <= > >=      and in, not in, contains, startsWith, endsWith, matches (a regular expression)
  and or not           also && || !
  a ? b : c            one of two; a ?? b is b where a is null
  a.b  a["b"]  a?.b    a field; with ?. null where a is null
  a[0]  a[1:3]         an item, a part
  [1, 2]  {"a": 1}     a list, an object

Names
  args user request config secrets   what there is; last is the result of the step before
  error                              in catch and on_error: status, code, detail, action
  and what steps named with as or set, and for_each with item
`

// functionPage is a function as documentation shows it.
type functionPage struct {
	Name      string `json:"name"`
	Signature string `json:"signature"`
	Doc       string `json:"doc"`
}

// Run lists the functions or explains one.
func (c *functionsCommand) Run(t *terminal) error {
	var list []functionPage
	var names []string
	for _, f := range expression.Functions() {
		list = append(list, functionPage(f))
		names = append(names, f.Name)
	}
	if c.Name != "" {
		i := slices.Index(names, c.Name)
		if i < 0 {
			text := fmt.Sprintf("there is no function %q", c.Name)
			if hint := source.DidYouMean(c.Name, names); hint != "" {
				text += "; " + hint
			}
			return errors.New(text)
		}
		list = list[i : i+1]
	}
	if c.Format == "json" {
		return printJSON(t.out, list)
	}
	rows := make([][]string, len(list))
	for i, f := range list {
		rows[i] = []string{f.Signature, f.Doc}
	}
	if err := table(t.out, rows); err != nil || c.Name != "" {
		return err
	}
	t.printf("%s", operators)
	return nil
}
