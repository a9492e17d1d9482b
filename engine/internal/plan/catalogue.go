package plan

import (
	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Composite is a composite action as it is declared.
type Composite struct {
	Name        string
	Folder      string // under endpoints/, in which and below which it may be used; "" is everywhere
	File        *source.File
	Description string
	Arguments   []schema.Field
	Result      action.Result
}

// listComposites lists the composite actions by folder and name.
func (b *builder) listComposites() []Composite {
	var list []Composite
	for _, folder := range sortedKeys(b.app.Composites) {
		for _, name := range sortedKeys(b.app.Composites[folder]) {
			d := b.app.Composites[folder][name]
			c := Composite{Name: name, Folder: folder, File: d.File, Description: d.Description, Arguments: fieldsOf(d.Arguments)}
			if compiled := b.composites[folder+"\x00"+name]; compiled != nil {
				v := b.variant(compiled, compiled.fields, surroundings{})
				c.Result = v.frame.whole(v.result)
			}
			list = append(list, c)
		}
	}
	return list
}
