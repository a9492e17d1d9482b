package query

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
)

// The bounds of what a caller may choose.
const (
	MostConditions = 32   // of a filter
	MostItems      = 1000 // of in
	MostOrders     = 8    // columns of a sort
)

// Mistake is what is wrong with what a caller chose.
type Mistake struct {
	Path    string // where: "year.gte"; "" for the whole
	Message string // to be read behind the path
}

// Choices are the columns that a caller may choose among.
type Choices struct {
	Table   *database.Table
	Columns []*database.TableColumn
}

// names are what a caller may write; case matters, as everywhere in JSON.
func (ch *Choices) find(name string) *database.TableColumn {
	for _, c := range ch.Columns {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func (ch *Choices) unknown(name string) string {
	names := make([]string, len(ch.Columns))
	for i, c := range ch.Columns {
		names[i] = c.Name
	}
	return schema.NotKnown(schema.ShortName(name), names)
}

// Filter reads a caller's filter: a map of columns to a value, or to a map of operators.
// args has a parameter for each condition.
func (ch *Choices) Filter(o *schema.Object) (list []Condition, args []any, wrong []Mistake) {
	f := &filter{}
	for name, v := range o.All() {
		path := schema.ShortName(name)
		c := ch.find(name)
		if c == nil {
			f.fault(path, ch.unknown(name))
			continue
		}
		operators, ok := v.(*schema.Object)
		if !ok {
			f.condition(Condition{Column: c}, v, path)
			continue
		}
		if operators.Len() == 0 {
			f.fault(path, "must be a value, or some of "+strings.Join(Operators(), ", "))
		}
		for name, v := range operators.All() {
			op, at := Operator(name), path+"."+schema.ShortName(name)
			if !op.Known() {
				f.fault(at, schema.NotKnown(schema.ShortName(name), Operators()))
				continue
			}
			f.condition(Condition{Column: c, Operator: op}, v, at)
		}
	}
	if len(f.list) > MostConditions {
		f.fault("", fmt.Sprintf("must have at most %d conditions", MostConditions))
	}
	return f.list, f.args, f.wrong
}

type filter struct {
	list  []Condition
	args  []any
	wrong []Mistake
}

func (f *filter) fault(path, message string) {
	if len(f.wrong) < schema.MaxFaults {
		f.wrong = append(f.wrong, Mistake{path, message})
	}
}

func (f *filter) condition(c Condition, v any, path string) {
	if why := c.Misfit(); why != "" && v != nil {
		f.fault(path, why)
		return
	}
	if items, ok := v.([]any); ok && c.Operator == In && len(items) > MostItems {
		f.fault(path, fmt.Sprintf("must have at most %d items", MostItems))
		return
	}
	switch v.(type) {
	case []any, *schema.Object:
		if c.Operator != In {
			f.fault(path, "must be one value")
			return
		}
	}
	var faults []schema.Fault
	v = c.Wants().Check(v, "", &faults)
	for _, fault := range faults {
		f.fault(path+fault.Path, fault.Message)
	}
	if why := c.Refused(v); why != "" {
		f.fault(path, why)
	}
	c.Present = c.Operator == Equal && v != nil
	f.list, f.args = append(f.list, c), append(f.args, c.Argument(v))
}

// Sort reads an order: names of columns in a text, between commas, or a list of them; a -
// ahead of one makes it descend. Null and the empty text are no order.
func (ch *Choices) Sort(v any) (order []Order, wrong []Mistake) {
	var names []string
	switch v := v.(type) {
	case nil:
	case string:
		if v != "" {
			names = strings.Split(v, ",")
		}
	case []any:
		for _, item := range v {
			name, ok := item.(string)
			if !ok {
				return nil, []Mistake{{"", "must be a list of texts"}}
			}
			names = append(names, name)
		}
	default:
		return nil, []Mistake{{"", "must be a text or a list of texts"}}
	}
	if len(names) > MostOrders {
		return nil, []Mistake{{"", fmt.Sprintf("must have at most %d columns", MostOrders)}}
	}
	for _, name := range names {
		name, descending := strings.CutPrefix(strings.TrimSpace(name), "-")
		c := ch.find(name)
		switch {
		case c == nil:
			wrong = append(wrong, Mistake{schema.ShortName(name), ch.unknown(name)})
		case !c.Order:
			wrong = append(wrong, Mistake{c.Name, "is JSON, which has no order"})
		case slices.ContainsFunc(order, func(o Order) bool { return o.Column == c.Name }):
			wrong = append(wrong, Mistake{c.Name, "is named twice"})
		default:
			order = append(order, Of(c, descending))
		}
	}
	return order, wrong
}
