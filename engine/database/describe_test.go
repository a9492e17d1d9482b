package database

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	s := scratch(t, "", []Set{set(".", films)})
	tests := []struct {
		sql, columns string
		writes       bool
	}{
		{"SELECT * FROM films; -- all", "id int, title string, year int?, rating float?, seen bool, released date?, added datetime?, price decimal?, poster bytes?, extra json", false},
		{"SELECT f.id AS a, title b, f.rowid AS r, f.year + 1 AS later FROM films f", "a int, b string, r int, later json", false},
		{"SELECT f.id, r.name FROM films f LEFT JOIN roles r ON r.film = f.id", "id int, name string?", false},
		{"SELECT f.id, r.name FROM films f LEFT OUTER JOIN main.\"ROLES\" r ON r.film = f.id", "id int, name string?", false},
		{"SELECT f.id, r.name, g.title FROM films f LEFT JOIN roles r ON r.film = f.id JOIN films g ON g.id = f.id", "id int, name string?, title string", false},
		{"SELECT f.id, g.title FROM films f LEFT JOIN films g ON g.id = f.year", "id int?, title string?", false},
		{"SELECT f.id, r.name FROM films f LEFT JOIN (roles r JOIN films g ON g.id = r.film) ON r.film = f.id", "id int?, name string?", false},
		{"SELECT f.id, r.name FROM films f LEFT JOIN (SELECT name, film FROM roles) r ON r.film = f.id", "id int?, name string?", false},
		{"WITH roles AS (SELECT id, title AS name FROM films) SELECT f.id, r.name FROM films f LEFT JOIN roles r ON r.id = f.year", "id int?, name string?", false},
		{"SELECT f.id, r.id AS recent FROM films f LEFT JOIN recent r ON r.id = f.id", "id int?, recent int?", false},
		{"SELECT f.id, r.name FROM films f RIGHT JOIN roles r ON r.film = f.id", "id int?, name string?", false},
		{"SELECT s.id, s.name FROM (SELECT f.id, r.name FROM films f LEFT JOIN roles r ON r.film = f.id) s", "id int, name string?", false},
		{"SELECT f.id, r.name FROM films f JOIN roles r ON r.film = f.id", "id int, name string", false},
		{"SELECT id, count(*) AS n FROM films", "id int?, n json", false},
		{"SELECT year, id, count(*) AS n FROM films GROUP BY year", "year int?, id int, n json", false},
		{"SELECT id FROM films UNION SELECT name FROM roles", "id json", false},
		{"SELECT id FROM films WHERE id IN (SELECT film FROM roles UNION SELECT 1)", "id int", false},
		{"SELECT (SELECT title FROM films WHERE id = ?) AS title", "title string?", false},
		{"WITH x AS (SELECT id FROM films) SELECT id FROM x", "id int", false},
		{"WITH x AS (SELECT id FROM films UNION ALL SELECT 'a') SELECT id FROM x", "id json", false},
		{"SELECT id, title FROM recent", "id int, title string", false},
		{"SELECT id, name FROM with_roles", "id int?, name string?", false},
		{"SELECT username FROM cloudlet_profiles", "username string", false},
		{"SELECT count(*) AS n FROM cloudlet_profiles", "n json", false},
		{"SELECT f.id FROM films f JOIN cloudlet_profiles", "id int", false},
		{"SELECT p.username FROM films f JOIN cloudlet_profiles AS p ON p.username = f.title", "username string", false},
		{"VALUES (1, 'a')", "column1 json, column2 json", false},
		{"SELECT value FROM json_each(?)", "value json", false},
		{"INSERT INTO films (title) VALUES (?)", "", true},
		{"INSERT INTO films (title) VALUES (?) ON CONFLICT (title) DO UPDATE SET year = 2000", "", true},
		{"INSERT INTO counted (x) VALUES (?)", "", true},
		{"REPLACE INTO films (title) VALUES (?)", "", true},
		{"UPDATE films SET title = upper(title)", "", true},
		{"DELETE FROM films WHERE id = ?", "", true},
		{"WITH x AS (SELECT 1 AS id) DELETE FROM films WHERE id IN (SELECT id FROM x)", "", true},
	}
	for _, test := range tests {
		d, err := s.Describe(test.sql)
		if err != nil {
			t.Errorf("%s: %v", test.sql, err)
			continue
		}
		if got := columnsOf(d); got != test.columns || d.Writes != test.writes || d.Parameters != strings.Count(test.sql, "?") {
			t.Errorf("%s: %s%+v", test.sql, cmp.Diff(test.columns, got), d)
		}
	}
	d, err := s.Describe("INSERT INTO films (title) VALUES (?) RETURNING id, title, year * 2 AS twice")
	if err != nil || columnsOf(d) != "id int, title string, twice json" || !d.Writes {
		t.Errorf("RETURNING: %v %v", columnsOf(d), err)
	}
}

func columnsOf(d *Description) string {
	var list []string
	for _, c := range d.Columns {
		list = append(list, c.Name+" "+c.Type.String())
	}
	return strings.Join(list, ", ")
}

// wrong lists statements and what is said of them; » and « stand around the place.
func wrong() []struct{ sql, want string } {
	return []struct{ sql, want string }{
		{"SELECT id, »titel« FROM films WHERE titel = 'titel'", `there is no column "titel" in films; did you mean "title"?`},
		{"SELECT »f.titel« FROM films AS f JOIN roles ON film = id", `there is no column "titel" in films; did you mean "title"?`},
		{"SELECT name, »nmae« FROM films JOIN roles", `there is no column "nmae"; did you mean "name"?`},
		{"INSERT INTO films (»titel«, year) VALUES (?, ?)", `there is no column "titel" in films; did you mean "title"?`},
		{"SELECT id FROM »flims«", `there is no table "flims"; did you mean "films"?`},
		{"UPDATE »flims« SET id = 1", `there is no table "flims"; did you mean "films"?`},
		{"SELECT id »FORM« films", `"FORM" is not expected here; did you mean "FROM"?`},
		{"SELECT 'FORM' AS FORM, FORM FROM films »WERE« id = 1", `"WERE" is not expected here; did you mean "WHERE"?`},
		{"SELECT id FROM films WHERE id IN (»1«", `the statement ends too early, after "1"`},
		{"SELECT id FROM films WHERE id »=«", `the statement ends too early, after "="`},
		{"SELECT »id« FROM films JOIN with_roles", `the column "id" is in films and in with_roles; write the table before it: films.id`},
		{"SELECT »lentgh«(title) FROM films", `there is no function "lentgh"`},
		{"SELECT id, »id« FROM films", `two columns of the result are called "id"; name one of them with AS`},
		{"SELECT 1; »DROP« TABLE films", `a second statement begins here; write each statement as a step of its own`},
		{"»DROP« TABLE films", `schema changes belong into _migrations; write the statement into a new file there`},
		{"»BEGIN«", `a transaction is not written in sql; use the action transaction`},
		{"»PRAGMA« table_info(films)", `PRAGMA is refused; expected SELECT, INSERT, UPDATE or DELETE`},
		{"»ATTACH« 'x' AS y", `ATTACH is refused; expected SELECT, INSERT, UPDATE or DELETE`},
		{"»SELET« 1", `a statement cannot begin with "SELET"; expected SELECT, INSERT, UPDATE or DELETE; did you mean "SELECT"?`},
		{"»-- nothing«", `there is no statement; expected SELECT, INSERT, UPDATE or DELETE`},
		{"SELECT »'«open FROM films", `the string is not closed; add a '`},
		{"SELECT id »/«* open FROM films", `the comment is not closed; add a */`},
		{"SELECT »\"«id FROM films", `the name is not closed; add a "`},
		{"SELECT id FROM films WHERE id IN »1«", `"1" is not expected here`},
		{"SELECT id FROM films WHERE id = »:id«", `":id" is a placeholder of the database; expected ${…}`},
		{"INSERT »OR ROLLBACK« INTO films (title) VALUES (1)", `OR ROLLBACK is refused, it would undo what others share the transaction for; expected OR ABORT, OR IGNORE or OR REPLACE`},
		{"SELECT count(*) FROM cloudlet_profiles, »cloudlet_users«", `tables that begin with cloudlet_ belong to the engine; only the view cloudlet_profiles may be read`},
		{"SELECT hash FROM »cloudlet_users«", `tables that begin with cloudlet_ belong to the engine; only the view cloudlet_profiles may be read`},
		{"SELECT hash FROM »\"Cloudlet_Users\"«", `tables that begin with cloudlet_ belong to the engine; only the view cloudlet_profiles may be read`},
		{"DELETE FROM »cloudlet_users«", `tables that begin with cloudlet_ belong to the engine; only the view cloudlet_profiles may be read`},
		{"INSERT INTO »cloudlet_profiles« VALUES (1)", `tables that begin with cloudlet_ belong to the engine; only the view cloudlet_profiles may be read`},
		{"SELECT name FROM »sqlite_master«", `the table sqlite_master belongs to the database itself`},
		{"SELECT data FROM »sqlite_dbpage«", `the table sqlite_dbpage belongs to the database itself`},
		{"SELECT name FROM »pragma_table_info«('cloudlet_users')", `the table pragma_table_info belongs to the database itself`},
		{"WITH »cloudlet_profiles« AS (SELECT * FROM cloudlet_users) SELECT * FROM cloudlet_profiles", `names that begin with cloudlet_, and those of the queue's tables, belong to the engine`},
		{"WITH »'cloudlet_profiles'« (a, b) AS NOT MATERIALIZED (SELECT * FROM cloudlet_users) SELECT * FROM cloudlet_profiles", `names that begin with cloudlet_, and those of the queue's tables, belong to the engine`},
		{"SELECT * FROM (SELECT hash FROM »cloudlet_users«) AS cloudlet_profiles", `tables that begin with cloudlet_ belong to the engine; only the view cloudlet_profiles may be read`},
		{"SELECT »load_extension«('x')", `the function load_extension is refused, it leaves the database`},
		{"INSERT INTO films (title) »VALUES« (1, 2)", `there are 2 values for 1 columns`},
		{"SELECT id FROM films »)«", `")" is not expected here`},
	}
}

func TestDescribeErrors(t *testing.T) {
	t.Parallel()
	s := scratch(t, "", []Set{set(".", films)})
	for _, test := range wrong() {
		sql := strings.NewReplacer("»", "", "«", "").Replace(test.sql)
		_, err := s.Describe(sql)
		var e *SQLError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		got := sql[:e.From] + "»" + sql[e.From:e.To] + "«" + sql[e.To:]
		if err.Error() != test.want || got != test.sql {
			t.Errorf("%s\n got %s\n says %s\nwanted %s", test.sql, got, err, test.want)
		}
	}
}
