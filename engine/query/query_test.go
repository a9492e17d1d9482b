package query

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cloudlet/engine/database"
	"cloudlet/engine/failure"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

const schemaText = `CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT NOT NULL, year INTEGER, rating REAL, released DATE, added DATETIME, price DECIMAL(8,2), seen BOOLEAN, poster BLOB, extra JSON, "a ""b" TEXT);
CREATE TABLE logs (line TEXT, level INTEGER);
CREATE TABLE tags (name TEXT COLLATE NOCASE PRIMARY KEY, n INTEGER) WITHOUT ROWID;
CREATE TABLE loose (code TEXT PRIMARY KEY, x);
CREATE VIEW recent AS SELECT id, title FROM films;`

func open(t testing.TB) (*database.DB, *database.Scratch) {
	t.Helper()
	ctx := context.Background()
	sets := []database.Set{{Folder: ".", Migrations: []database.Migration{{Version: 1, Name: "1.sql", File: source.NewFile("1.sql", []byte(schemaText))}}}}
	s, problems, err := database.NewScratch(ctx, "", sets)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	db, err := database.Open(ctx, database.Config{Name: "main", URL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); db.Close() })
	if _, err := db.Migrate(ctx, sets); err != nil {
		t.Fatal(err)
	}
	return db, s
}

func tableOf(t testing.TB, s *database.Scratch, name string) *database.Table {
	t.Helper()
	table, err := s.Table(name)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestSQL(t *testing.T) {
	t.Parallel()
	_, s := open(t)
	films, logs, loose, recent := tableOf(t, s, "FILMS"), tableOf(t, s, "logs"), tableOf(t, s, "loose"), tableOf(t, s, "recent")
	c := func(name string, op Operator) Condition {
		column, ok := films.Column(name)
		if !ok {
			t.Fatal(name)
		}
		return Condition{Column: column, Operator: op}
	}
	list := func(table *database.Table, order ...Order) string {
		l := List{Table: table, Columns: []string{table.Columns[1].Name}}
		l.Order, l.Cursors = Total(table, order)
		l.Place()
		return l.SQL("")
	}
	year, _ := films.Column("year")
	added, _ := films.Column("added")
	for _, test := range []struct{ got, want string }{
		{Get(films, []string{"id", `a "b`}, []Condition{c("id", Equal)}), `SELECT "films"."id", "films"."a ""b" FROM "films" WHERE "films"."id" IS ? ORDER BY "films"."id" LIMIT 1`},
		{Delete(films, []Condition{c("year", Greater), c("title", Like), c("id", In), c("extra", Null), c("year", NotEqual)}),
			`DELETE FROM "films" WHERE "films"."year" > ? AND "films"."title" LIKE ? ESCAPE '\' AND "films"."id" IN (SELECT value FROM json_each(?)) AND ("films"."extra" IS NULL) = ? AND "films"."year" IS NOT ?`},
		{Update(films, []string{"title", `a "b`}, []Condition{{Column: year, Present: true}}), `UPDATE "films" SET "title" = ?, "a ""b" = ? WHERE "films"."year" = ?`},
		{Insert(films, nil, []string{"id"}), `INSERT INTO "films" DEFAULT VALUES RETURNING "films"."id"`},
		{Insert(films, []string{"id", "title"}, nil), `INSERT INTO "films" ("id", "title") VALUES (?, ?)`},
		{Upsert(films, []string{"id", "title"}, []string{"id"}, []string{"id"}), `INSERT INTO "films" ("id", "title") VALUES (?, ?) ON CONFLICT ("id") DO UPDATE SET "title" = excluded."title" RETURNING "films"."id"`},
		{Upsert(films, []string{"id"}, []string{"id"}, nil), `INSERT INTO "films" ("id") VALUES (?) ON CONFLICT ("id") DO UPDATE SET "id" = excluded."id"`},
		{list(films, Of(year, true)), `SELECT "films"."title", +"films"."year", +"films"."id" FROM "films" ORDER BY "films"."year" DESC, "films"."id" LIMIT ? OFFSET ?`},
		{list(films, Of(added, false)), `SELECT "films"."title", +"films"."added", +"films"."id" FROM "films" ORDER BY "films"."added", "films"."id" LIMIT ? OFFSET ?`},
		{list(logs), `SELECT "logs"."level", +"logs"."rowid" FROM "logs" ORDER BY "logs"."rowid" LIMIT ? OFFSET ?`},
		{list(loose), `SELECT "loose"."x", +"loose"."code", +"loose"."rowid" FROM "loose" ORDER BY "loose"."code", "loose"."rowid" LIMIT ? OFFSET ?`},
		{list(recent), `SELECT "recent"."title" FROM "recent" ORDER BY "recent"."id", "recent"."title" LIMIT ? OFFSET ?`},
	} {
		if test.got != test.want {
			t.Errorf("%s\nwant %s", test.got, test.want)
		}
		if _, err := s.Describe(test.got); err != nil {
			t.Errorf("%s: %v", test.got, err)
		}
	}
}

// lists are orders of every kind: with NULLs, mixed directions, ties and dates.
var lists = []struct{ table, sort string }{
	{"films", ""}, {"films", "-id"}, {"films", "year"}, {"films", "-year"}, {"films", "year,-rating"}, {"films", "-year,rating,-id"}, {"films", "-title,released"},
	{"films", "added,-seen"}, {"films", "-added"}, {"films", "price,-poster"}, {"films", "-poster,price"}, {"logs", ""}, {"logs", "-line,level"}, {"logs", "level"},
	{"tags", ""}, {"tags", "-name"}, {"tags", "n,-name"}, {"loose", ""}, {"loose", "-code"}, {"loose", "-x"},
}

// A reader who goes from page to page sees every row once that is there all the time, in
// the order of the whole list, whatever is written meanwhile.
func TestPagesSeeEveryRowOnce(t *testing.T) {
	t.Parallel()
	db, s := open(t)
	for i, l := range lists {
		random := rand.New(rand.NewPCG(7, uint64(i)))
		p := &reader{T: t, db: db, s: s, table: tableOf(t, s, l.table), random: random}
		p.fill(40)
		p.prepare(l.sort)
		whole := p.page(nil, 1000)
		for _, size := range []int{1, 3, 7} {
			if got := p.walk(size, nil); !slices.Equal(got, whole) {
				t.Errorf("%s by %q, %d a page:\n%v\nwant\n%v", l.table, l.sort, size, got, whole)
			}
		}
		p.disturbed(whole)
		p.run("DELETE FROM " + l.table)
	}
}

// reader reads a list of the stored values of its order.
type reader struct {
	*testing.T
	db     *database.DB
	s      *database.Scratch
	table  *database.Table
	random *rand.Rand
	list   List
	gives  *database.Statement
	mark   Mark
	last   []any
}

func (r *reader) run(sql string, args ...any) {
	r.Helper()
	d, err := r.s.Describe(sql)
	if err != nil {
		r.Fatal(sql, err)
	}
	if _, _, err = r.db.Prepare(d).Execute(context.Background(), nil, args); err != nil {
		var e *failure.Error
		if !errors.As(err, &e) || e.Status != 409 {
			r.Fatal(sql, err)
		}
	}
}

// fill writes rows of few values, so that many are alike, and many NULL.
func (r *reader) fill(n int) {
	pick := func(values ...any) any { return values[r.random.IntN(len(values))] }
	for range n {
		switch r.table.Name {
		case "films":
			r.run("INSERT INTO films (title, year, rating, released, added, price, seen, poster) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", pick("a", "B", "é", "", "1"), pick(nil, 1, 2, 3),
				pick(nil, 1.5, -0.25, 1.0), pick(nil, "2020-01-01", "2021-01-01"), pick(nil, "2020-01-01 10:00:00", "2020-01-01T09:00:00Z", "2020-01-01T10:00:00.5Z"), pick(nil, "9.50", "10", "9.5"),
				pick(nil, true, false), pick(nil, []byte{}, []byte("\xff\x00"), []byte("a")))
		case "logs":
			r.run("INSERT INTO logs VALUES (?, ?)", pick(nil, "a", "b"), pick(nil, 1, 2))
		case "tags":
			r.run("INSERT OR IGNORE INTO tags VALUES (?, ?)", fmt.Sprint(pick("a", "b", "C"), r.random.IntN(1e9)), pick(nil, 1, 2))
		case "loose":
			r.run("INSERT OR IGNORE INTO loose VALUES (?, ?)", pick(nil, nil, "a", fmt.Sprint(r.random.IntN(1000))), pick(nil, 1, 1.5, "1", "a", []byte("a"), "\xff"))
		}
	}
}

func (r *reader) prepare(sort string) {
	r.Helper()
	ch := Choices{Table: r.table}
	for i := range r.table.Columns {
		ch.Columns = append(ch.Columns, &r.table.Columns[i])
	}
	order, wrong := ch.Sort(sort)
	if len(wrong) > 0 {
		r.Fatal(wrong)
	}
	r.list = List{Table: r.table, Columns: []string{r.table.Columns[0].Name}}
	r.list.Order, r.list.Cursors = Total(r.table, order)
	r.list.Place()
	d, err := r.s.Describe(r.list.Plain())
	if err != nil {
		r.Fatal(err)
	}
	r.gives, r.mark = r.db.Prepare(d), r.list.MarkOf()
}

// page reads the rows after a place, each as text with all that it is sorted by.
func (r *reader) page(after []any, size int) []string {
	r.Helper()
	condition, args := "", []any(nil)
	if after != nil {
		condition, args = After(r.table, r.list.Order, after)
	}
	var rows []string
	r.last = nil
	// One row at a time, so that the stored values of each are told.
	for i := range size {
		p, err := r.gives.Vary(r.list.SQL(condition), r.list.Further).Page(context.Background(), nil, append(slices.Clone(args), 2, i),
			database.Reading{Limit: 1, Keys: r.list.Keys})
		if err != nil {
			r.Fatal(err)
		}
		if len(p.Rows) == 0 {
			break
		}
		rows, r.last = append(rows, fmt.Sprintf("%q", p.Last)), p.Last
	}
	return rows
}

// walk goes from page to page; between tells what happens between two.
func (r *reader) walk(size int, between func()) (all []string) {
	r.Helper()
	var after []any
	for {
		rows := r.page(after, size)
		all = append(all, rows...)
		if len(rows) < size {
			return all
		}
		text, err := r.mark.Encode(r.last)
		if err != nil {
			r.Fatal(err)
		}
		if after, err = r.mark.Decode(text, len(r.list.Order)); err != nil {
			r.Fatal(err)
		}
		if between != nil {
			between()
		}
	}
}

// disturbed walks while others write.
func (r *reader) disturbed(whole []string) {
	r.Helper()
	turns := 0
	got := r.walk(4, func() {
		if turns++; turns < 8 {
			r.fill(2)
			if r.table.RowID != "" {
				r.run("DELETE FROM "+r.table.Name+" WHERE rowid % 11 = ?", turns)
			} else {
				r.run("DELETE FROM "+r.table.Name+" WHERE name LIKE ?", fmt.Sprint("%", turns))
			}
		}
	})
	remaining := r.page(nil, 1000)
	seen := map[string]int{}
	for _, row := range got {
		if seen[row]++; seen[row] > 1 {
			r.Errorf("%s by %v: seen twice: %s", r.table.Name, r.list.Order, row)
		}
	}
	for _, row := range whole {
		if slices.Contains(remaining, row) && seen[row] == 0 {
			r.Errorf("%s by %v: missed: %s", r.table.Name, r.list.Order, row)
		}
	}
}

func TestCursors(t *testing.T) {
	t.Parallel()
	_, s := open(t)
	l := List{Table: tableOf(t, s, "films"), Columns: []string{"id"}}
	a, b := l.MarkOf(), l.MarkOf([]byte("x"))
	values := []any{nil, int64(-5), 1.5, "é\x00", []byte{0, 255}}
	text, err := a.Encode(values)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.Decode(text, 5); err != nil || fmt.Sprint(got) != fmt.Sprint(values) {
		t.Errorf("%v %v", got, err)
	}
	for name, bad := range map[string]func() error{
		"foreign": func() error { _, err := b.Decode(text, 5); return err },
		"fewer":   func() error { _, err := a.Decode(text, 4); return err },
		"more":    func() error { _, err := a.Decode(text, 6); return err },
		"cut":     func() error { _, err := a.Decode(text[:len(text)-1], 5); return err },
		"empty":   func() error { _, err := a.Decode(nil, 0); return err },
		"kind":    func() error { _, err := a.Encode([]any{true}); return err },
	} {
		if err := bad(); !errors.Is(err, ErrCursor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.Encode([]any{strings.Repeat("x", LongestCursor)}); !errors.Is(err, ErrCursorTooLong) {
		t.Errorf("too long: %v", err)
	}
}

// FuzzDecode reads whatever a sealed cursor might hold.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("nit\x01a"), 3)
	f.Add([]byte("b\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 1)
	f.Fuzz(func(t *testing.T, text []byte, n int) {
		var m Mark
		if values, err := m.Decode(append(m[:], text...), n&7); err == nil && len(values) != n&7 {
			t.Errorf("%d values", len(values))
		}
	})
}

func TestFilterBounds(t *testing.T) {
	t.Parallel()
	_, s := open(t)
	films := tableOf(t, s, "films")
	title, _ := films.Column("title")
	id, _ := films.Column("id")
	ch := Choices{Table: films, Columns: []*database.TableColumn{title, id}}
	for _, test := range []struct {
		filter any
		want   string
	}{
		{schema.NewObject("title", "a"), ""},
		{schema.NewObject("TITLE", "a"), "TITLE is not known; did you mean title?"},
		{schema.NewObject("title", schema.NewObject("like", strings.Repeat("x", database.LongestPattern+1))), "title.like must have at most 1000 bytes"},
		{schema.NewObject("id", schema.NewObject("in", make([]any, MostItems+1))), "id.in must have at most 1000 items"},
		{schema.NewObject("id", []any{1}), "id must be one value"},
		{schema.NewObject("id", schema.NewObject("gt", nil)), "id.gt must not be null"},
		{schema.NewObject("id", schema.NewObject("in", []any{nil})), "id.in[0] must not be null"},
		{schema.NewObject("id", schema.NewObject("gt", schema.NewObject())), "id.gt must be one value"},
		{schema.NewObject("id", schema.NewObject("like", "1")), "id.like is no text, and has no like"},
	} {
		_, _, wrong := ch.Filter(test.filter.(*schema.Object))
		got := ""
		if len(wrong) > 0 {
			got = wrong[0].Path + " " + wrong[0].Message
		}
		if got != test.want {
			t.Errorf("%v: %q, want %q", test.filter, got, test.want)
		}
	}
	for _, sort := range []any{7, []any{7}, strings.Repeat("id,", 9), "id,id", "x", "--id"} {
		if _, wrong := ch.Sort(sort); len(wrong) == 0 {
			t.Errorf("%v was taken for an order", sort)
		}
	}
}
