package engine_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/language/schema"
)

// injectedApp takes texts to every place that SQL is made of.
var injectedApp = map[string]string{
	"cloudlet.yaml": "databases: {main: \"sqlite::memory:\"}\n",
	"endpoints/_migrations/1.sql": `CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT NOT NULL, year INTEGER, note TEXT);
CREATE TABLE vault (id INTEGER PRIMARY KEY, secret TEXT NOT NULL);
CREATE TABLE written (id INTEGER PRIMARY KEY, text TEXT, n INTEGER, data JSON);
INSERT INTO films VALUES (1, 'Alien', 1979, 'private-note'), (2, 'Heat', 1995, 'private-note');
INSERT INTO vault VALUES (1, 'the-treasure');
`,
	"endpoints/sql.yaml": `get:
  arguments: {q: string}
  actions:
    - sql.select: SELECT id, title FROM films WHERE title = ${args.q} OR title IN (${[args.q]}) OR id = ${args.q}
post:
  arguments: {q: string}
  actions:
    - sql.execute: UPDATE films SET year = 1 WHERE title = ${args.q} AND year = ${args.q}
`,
	"endpoints/where.yaml": `get:
  arguments: {q: string}
  actions:
    - data.list: {table: films, columns: [id, title], where: {title: "${args.q}"}}
    - data.list: {table: films, columns: [id, title], where: {title: {in: "${[args.q]}", gt: "${args.q}", ne: "${args.q}"}}}
    - data.get: {table: films, columns: [id, title], where: {title: {like: "${args.q}"}, note: "${args.q}"}}
post:
  arguments: {q: string}
  actions:
    - data.update: {table: films, where: {title: "${args.q}"}, values: {year: 1}}
    - data.delete: {table: films, where: {title: "${args.q}"}}
`,
	"endpoints/choose.yaml": `get:
  arguments: {filter: "json?", sort: "json?", after: string = ""}
  actions:
    - data.list: {table: films, columns: [id, title], filter: "${args.filter}", filterable: [id, title], sort: "${args.sort}", sortable: [id, title], after: "${args.after}"}
`,
	"endpoints/write.yaml": `post:
  arguments: {rows: json}
  actions:
    - data.create: {table: written, values: "${args.rows}", columns: [text, n, data], returning: [text]}
put:
  arguments: {row: json}
  actions:
    - data.upsert: {table: written, key: id, values: "${args.row}", columns: [id, text], returning: [text]}
patch:
  arguments: {row: json}
  actions:
    - data.update: {table: written, where: {id: 0}, values: "${args.row}", columns: [text, n]}
`,
	"endpoints/state.yaml": `get:
  actions:
    - sql.select: SELECT f.id, f.title, f.year, f.note, v.secret, (SELECT count(*) FROM vault) AS vaults, (SELECT count(*) FROM films) AS films FROM films f, vault v ORDER BY f.id
`,
}

// injections are texts of every kind that has been known to break out of SQL, by class.
func injections() map[string][]string {
	classes := map[string][]string{
		"quotes":    {`'`, `''`, `"`, "`", `'"`, `\'`, `\\'`, `'''`, `[`, `]`, `')`, `'))`, `")`, `';`, `'--`, `x' OR 'a'='a`, `x" OR "a"="a`, `' OR 1=1--`, `' OR ''='`, `') OR ('1'='1`, `')) OR (('1'='1`, `' OR 1 LIMIT 1 --`, `'||title||'`, `'+'`, `"title"`, "`title`", `[title]`, `'; SELECT secret FROM vault; --`, `title"."title`, `a''b`, `' AND 1=0 OR '`},
		"comments":  {`--`, `/*`, `*/`, `/**/`, `/*! OR 1=1 */`, `x'/**/OR/**/1=1--`, `#`, `;--`, `-- -`, "--\n OR 1=1", `'/*`, `*/'`, `/*x*/OR/*x*/1`, `x--`, `--+`, "/*\n*/", `''/**/`},
		"unions":    {},
		"stacked":   {},
		"encodings": {"%27", "%2527", "&#39;", `\u0027`, `\x27`, "ʼ OR 1=1", "＇ OR 1=1", "’ OR ’1’=’1", "\u02bc", "\uff07;--", "\u2018", "¿'", "\u00a0OR\u00a01=1", "'\u2028OR 1=1", "\u202e'", "\ufeff'", "ſelect", "K' OR 1=1", "Ω'", "%bf%27", "0x27204f5220313d31", "CHAR(39)", "char(39)||char(49)", "x'27'", "X'2727'", "unhex('27')"},
		"like":      {"_", "%a%", "%%", "\\%", "\\", "\\\\", "%\\", "[a-z]%", "A____", "a%' ESCAPE '", "%' OR title LIKE '%", "_%_%_%_%", strings.Repeat("%a", 200), "\\_", "^", "*", "?", "glob('*', title)"},
		"nul":       {"\x00", "a\x00", "\x00' OR 1=1", "Alien\x00", "Alien\x00' --", "\x00\x00", "'\x00'", "\x01", "\x1a", "\x7f", "\b'", "\r\n'", "\t' OR 1=1"},
		"utf8":      {"\xc0\xa7", "\xe0\x80\xa7", "\xf0\x80\x80\xa7", "\xc0\xa7 OR 1=1", "\xbf'", "\xbf\x27", "\xff", "\xfe\xff", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "'\xc3", "\xe2\x28\xa1"},
		"numeric":   {"1", "1 OR 1=1", "1; DELETE FROM films", "-1 UNION SELECT 1,2", "1e309", "0x1", "1.0", "+1", "1--", "9223372036854775808", "-9223372036854775809", "NaN", "Infinity", "1/0", "1,2", "(1)", "1=1", "1||1", "~0", "1 AND sleep(5)", "00", " 1", "1 ", "١", "1_000", "1e1", "CAST('1' AS INTEGER)", "randomblob(1000000000)", "zeroblob(1e9)"},
		"keywords":  {"rowid", "_rowid_", "oid", "ROWID", "sqlite_version()", "NULL", "null", "TRUE", "CURRENT_TIMESTAMP", "DEFAULT", "*", "films.*", "count(*)", "DESC", "title DESC", "id ASC, note", "random()", "CASE WHEN 1 THEN id END", "(SELECT secret FROM vault)", "id COLLATE NOCASE", "1 NULLS LAST", "note", "secret", "title,note", "-note", "id,-note", "id;", "id)--", "films.id", "main.films.id", "\"id\"", "excluded.id", "id LIMIT 0", "__proto__", "constructor"},
		"json":      {"$", "$.a", "->", "->>", "note->>'$'", "title->'$.x'", "json_extract(note,'$')", "$[0]", "{}", "[]", `{"$gt":""}`, `{"$ne":null}`, `{"gt":""}`, `{"or":1}`, `["or","1=1"]`, `{"$where":"1"}`, `{"__proto__":{}}`, "json('x')", "json_each(note)", `{"null":false}`, `{"in":["x"]}`},
	}
	for _, close := range []string{"'", "\"", "')", "", "1"} {
		for _, columns := range []string{"1", "1,2", "id,secret", "secret,1", "NULL,secret", "sql,name", "1,2,3"} {
			classes["unions"] = append(classes["unions"], close+" UNION SELECT "+columns+" FROM vault--", close+" uNiOn/**/AlL sElEcT "+columns+" FROM vault;")
		}
		for _, statement := range []string{"DROP TABLE films", "DELETE FROM vault", "UPDATE films SET title='x'", "INSERT INTO vault VALUES (9,'x')", "PRAGMA writable_schema=1", "ATTACH 'x.db' AS x", "VACUUM INTO 'x'", "COMMIT", "ROLLBACK", "SELECT load_extension('x')"} {
			classes["stacked"] = append(classes["stacked"], close+"; "+statement+";--")
		}
	}
	return classes
}

// Whatever text comes, in whichever place, nothing changes, nothing is revealed, and it is never the server's fault.
func TestInjections(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	e, err := engine.Open(makeApp(t, injectedApp), engine.WithActions(actions.All()), engine.WithLog(slog.New(slog.NewTextHandler(&logged, nil))))
	fatal(t, err)
	t.Cleanup(func() { e.Close() })
	send := func(method, path string, body any) (int, string) {
		var in io.Reader
		if body != nil {
			in = bytes.NewReader(schema.AppendJSON(nil, body))
		}
		r := httptest.NewRequest(method, path, in)
		if body != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	_, before := send("GET", "/state", nil)
	if !strings.Contains(before, "the-treasure") {
		t.Fatal(before)
	}
	count := 0
	for class, list := range injections() {
		for _, text := range list {
			count++
			for _, a := range attacks(text) {
				status, answer := send(a.method, a.path, a.body)
				written := string(schema.AppendJSON(nil, text))
				echoed := strings.ReplaceAll(answer, written[1:len(written)-1], "") // a name that is not known is said
				if status >= 500 || status < 200 || strings.Contains(echoed, "the-treasure") || strings.Contains(echoed, "private-note") || strings.Contains(echoed, "sqlite") {
					t.Errorf("%s %q: %s %s: %d %.300s", class, text, a.method, a.path, status, answer)
				}
			}
		}
		if _, after := send("GET", "/state", nil); after != before {
			t.Fatalf("%s changed what is stored: %s", class, after)
		}
	}
	if count < 300 {
		t.Errorf("only %d texts", count)
	}
	if logged.Len() > 0 && strings.Contains(logged.String(), "level=ERROR") {
		t.Errorf("errors in the log: %.500s", logged.String())
	}
}

// attack is one request.
type attack struct {
	method, path string
	body         any
}

// attacks are the requests that bring a text to every place.
func attacks(text string) []attack {
	q := url.QueryEscape(text)
	as := func(v any) string { return url.QueryEscape(string(schema.AppendJSON(nil, v))) }
	o := schema.NewObject
	list := []attack{
		{"GET", "/sql?q=" + q, nil}, {"GET", "/where?q=" + q, nil},
		{"POST", "/sql", o("q", "§"+text)}, {"POST", "/where", o("q", "§"+text)},
		{"GET", "/choose?after=" + q, nil}, {"GET", "/choose?after=" + url.QueryEscape(base64.RawURLEncoding.EncodeToString([]byte(text))), nil},
		{"GET", "/choose?sort=" + as(text), nil}, {"GET", "/choose?sort=" + as([]any{text, "-" + text}), nil},
		{"GET", "/choose?sort=" + q, nil}, {"GET", "/choose?filter=" + q, nil},
		{"GET", "/choose?filter=" + as(o("title", text)), nil}, {"GET", "/choose?filter=" + as(o("id", text)), nil},
		{"GET", "/choose?filter=" + as(o("title", o("like", text, "contains", text, "ne", text, "in", []any{text}))), nil},
		{"GET", "/choose?filter=" + as(o(text, text)), nil}, {"GET", "/choose?filter=" + as(o("title", o(text, text))), nil},
		{"POST", "/write", o("rows", []any{o("text", text, "data", text)})}, {"POST", "/write", o("rows", o(text, text))},
		{"POST", "/write", o("rows", o("n", text))}, {"PUT", "/write", o("row", o("id", text, "text", text))}, {"PATCH", "/write", o("row", o(text, 1, "text", text))},
	}
	if strings.ContainsRune(text, 0) { // raw, since JSON has none
		list = append(list, attack{http.MethodGet, "/where?q=" + fmt.Sprintf("%%00%s", q), nil})
	}
	return list
}
