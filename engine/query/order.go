package query

import (
	"slices"

	"cloudlet/engine/database"
)

// Order is one column that rows are sorted by. NULL comes before all else, or behind it
// where it is descending, as in SQLite.
type Order struct {
	Column     string
	Descending bool
	Nullable   bool
	// Computed says that the driver makes something else of what is stored, as of dates.
	Computed bool
}

// Of is the order by a column.
func Of(c *database.TableColumn, descending bool) Order {
	return Order{Column: c.Name, Descending: descending, Nullable: !c.NotNull, Computed: dated(c)}
}

// Total adds to an order what makes it total: the primary key, and the row's number where
// that is missing or may be null. Of a view, which has neither, it is every column that
// has an order.
// total is false where that is not enough, since there is no key.
func Total(t *database.Table, order []Order) (list []Order, total bool) {
	order = slices.Clip(order)
	has := func(name string) bool {
		return slices.ContainsFunc(order, func(o Order) bool { return o.Column == name })
	}
	names, sure := t.Key, len(t.Key) > 0
	if t.View {
		names, sure = t.Names(), true
	}
	for _, name := range names {
		c, ok := t.Column(name)
		if !ok || !c.Order {
			sure = false
			continue
		}
		sure = sure && (c.NotNull || t.View)
		if !has(c.Name) {
			order = append(order, Of(c, false))
		}
	}
	if !sure && t.RowID != "" {
		order, sure = append(order, Order{Column: t.RowID}), true
	}
	return order, sure && !t.View
}

func (t *text) order(list []Order) {
	for i, o := range list {
		if i == 0 {
			t.WriteString(" ORDER BY ")
		} else {
			t.WriteString(", ")
		}
		t.column(o.Column)
		if o.Descending {
			t.WriteString(" DESC")
		}
	}
}
