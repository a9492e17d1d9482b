package engine

import (
	"context"

	"cloudlet/engine/language/schema"
)

// Composite is an action that an app defines as a chain in _actions.
type Composite struct {
	Name        string
	Folder      string // the folder under endpoints/ in which and below which it may be used; "" is everywhere
	File        string // relative to the app
	Description string
	Arguments   []schema.Field
	Result      *schema.Type // nil: it has none, or ends the request
}

// Composites lists the composite actions of the app in dir by folder and name, and
// all that is wrong with the app; the list is complete only where nothing is. It
// creates and changes nothing. The error is what keeps the app from being read.
func Composites(ctx context.Context, dir string, list ...Option) ([]Composite, []Problem, error) {
	a, err := loadOnce(ctx, dir, list)
	if err != nil {
		return nil, nil, err
	}
	var all []Composite
	for _, c := range a.plan.Composites {
		all = append(all, Composite{Name: c.Name, Folder: c.Folder, File: c.File.Path, Description: c.Description, Arguments: c.Arguments, Result: c.Result.Type})
	}
	return all, a.problems.All(), nil
}
