package audit

import (
	"context"
	"strings"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
)

// Record is an entry as it was written.
type Record struct {
	Number int
	At     time.Time
	Entry
}

// Query says which records are asked for. Its zero value asks for all.
type Query struct {
	Event   string // this one, or with .* at its end those that begin so: user.*
	Actor   string
	Subject string
	After   time.Time // not before
	Before  time.Time // earlier than
	Limit   int       // at most; 50 where it is 0
	Offset  int
	Tx      *database.Tx // that is read in; nil: none
}

// List gives the records that a query asks for, the newest first, and how many there
// are in all. It fails with the database's failure.
func (l *Log) List(ctx context.Context, q Query) (records []Record, total int, err error) {
	where, args := q.where()
	var from querier = l.db
	if q.Tx != nil {
		from = q.Tx
	}
	count, err := from.QueryRow(ctx, "SELECT count(*) FROM cloudlet_audit"+where, args...)
	if err == nil {
		err = count.Scan(&total)
	}
	if err != nil {
		return nil, 0, err
	}
	if q.Limit == 0 {
		q.Limit = 50
	}
	rows, err := from.Query(ctx, columns+where+" ORDER BY number DESC LIMIT ? OFFSET ?", append(args, q.Limit, q.Offset)...)
	if err != nil {
		return nil, 0, err
	}
	records = make([]Record, 0, len(rows))
	for _, stored := range rows {
		r, err := scan(stored)
		if err != nil {
			return nil, 0, err
		}
		records = append(records, r.record())
	}
	return records, total, nil
}

func (q *Query) where() (sql string, args []any) {
	var all []string
	add := func(condition string, value any) { all, args = append(all, condition), append(args, value) }
	if family, ok := strings.CutSuffix(q.Event, ".*"); ok {
		add("event >= ?", family+".")
		add("event < ?", family+"/") // which follows the dot
	} else if q.Event != "" {
		add("event = ?", q.Event)
	}
	if q.Actor != "" {
		add("actor = ? COLLATE NOCASE", q.Actor)
	}
	if q.Subject != "" {
		add("subject = ? COLLATE NOCASE", q.Subject)
	}
	if !q.After.IsZero() {
		add("at >= ?", q.After.UTC().Format(timeLayout))
	}
	if !q.Before.IsZero() {
		add("at < ?", q.Before.UTC().Format(timeLayout))
	}
	if len(all) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(all, " AND "), args
}

const columns = "SELECT number, at, event, actor, subject, address, trace, fields, kid, mac FROM cloudlet_audit"

// page is how many rows Verify reads at once.
const page = 1000

// after reads the next rows in the order of the chain.
func (l *Log) after(ctx context.Context, number int) ([]*row, error) {
	rows, err := l.db.Query(ctx, columns+" WHERE number > ? ORDER BY number LIMIT ?", number, page)
	if err != nil {
		return nil, err
	}
	list := make([]*row, len(rows))
	for i, stored := range rows {
		if list[i], err = scan(stored); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func scan(stored database.Row) (*row, error) {
	r := &row{}
	return r, stored.Scan(&r.number, &r.at, &r.event, &r.actor, &r.subject, &r.address, &r.trace, &r.fields, &r.kid, &r.mac)
}

func (r *row) record() Record {
	at, _ := time.Parse(timeLayout, r.at) // one that somebody changed shows as the zero time
	fields := schema.NewObject()
	if v, err := schema.AnyType.FromText(r.fields); err == nil {
		if o, ok := v.(*schema.Object); ok {
			fields = o
		}
	}
	return Record{r.number, at, Entry{r.event, r.actor, r.subject, r.address, r.trace, fields}}
}
