package engine_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
)

// onePage asks for a page and tells what it has.
func onePage(t *testing.T, e *engine.Engine, target string) (status int, ids []int, next, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
	var page struct {
		Items []struct{ ID int }
		Next  string
		Code  string
	}
	fatal(t, json.Unmarshal(w.Body.Bytes(), &page))
	for _, item := range page.Items {
		ids = append(ids, item.ID)
	}
	return w.Code, ids, page.Next, w.Body.String()
}

// A cursor is good for its own list alone, and tells nothing of what it holds.
func TestCursorsBelongToTheirList(t *testing.T) {
	t.Parallel()
	e, err := engine.Open(makeApp(t, map[string]string{
		"cloudlet.yaml":               "databases: {main: \"sqlite::memory:\"}\n",
		"endpoints/_migrations/1.sql": "CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT NOT NULL, hidden TEXT);\nCREATE TABLE other (id INTEGER PRIMARY KEY, title TEXT);\nINSERT INTO films (title, hidden) VALUES ('c', 'treasure'), ('b', NULL), ('a', NULL), ('d', 'treasure'), ('e', 'treasure');\n",
		"endpoints/films.yaml":        "get:\n  arguments: {filter: \"json?\", sort: string = id, after: string = \"\"}\n  actions:\n    - data.list: {table: films, columns: id, filter: \"${args.filter}\", filterable: [title], sort: \"${args.sort}\", sortable: [id, title, hidden], limit: 2, after: \"${args.after}\"}\n",
		"endpoints/other.yaml":        "get:\n  arguments: {after: string = \"\"}\n  actions:\n    - data.list: {table: other, columns: id, limit: 2, after: \"${args.after}\"}\n",
	}), engine.WithActions(actions.All()), engine.WithLog(slog.New(slog.DiscardHandler)))
	fatal(t, err)
	t.Cleanup(func() { e.Close() })
	for sort, want := range map[string]string{"id": "[1 2][3 4][5]", "-id": "[5 4][3 2][1]", "title": "[3 2][1 4][5]", "hidden,-title": "[2 3][5 4][1]", "-hidden": "[1 4][5 2][3]"} {
		got, after := "", ""
		for range 4 {
			status, ids, next, body := onePage(t, e, "/films?sort="+sort+"&after="+after)
			if status != 200 {
				t.Fatal(body)
			}
			got += fmt.Sprint(ids)
			if after = next; next == "" {
				break
			}
		}
		if got != want {
			t.Errorf("by %s: %s, want %s", sort, got, want)
		}
	}
	_, _, cursor, _ := onePage(t, e, "/films?sort=hidden")
	if strings.Contains(cursor, "treasure") || len(cursor) < 40 {
		t.Errorf("the cursor is %s", cursor)
	}
	bad := map[string]string{
		"another sort":   "/films?sort=-hidden&after=" + cursor,
		"another filter": "/films?sort=hidden&filter=" + url.QueryEscape(`{"title":{"ne":"x"}}`) + "&after=" + cursor,
		"another table":  "/other?after=" + cursor,
		"changed":        "/films?sort=hidden&after=" + cursor[:len(cursor)-2] + "AA",
		"cut":            "/films?sort=hidden&after=" + cursor[:len(cursor)/2],
		"long":           "/films?sort=hidden&after=" + strings.Repeat("A", 20_000),
		"none":           "/films?sort=hidden&after=1",
	}
	for name, target := range bad {
		if status, _, _, body := onePage(t, e, target); status != 400 || !strings.Contains(body, "invalid_cursor") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}
