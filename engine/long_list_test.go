package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
)

// longApp has a list of many rows, one of which is not of its column's type.
func longApp(broken int) map[string]string {
	return map[string]string{
		"endpoints/_migrations/1.sql": fmt.Sprintf(`CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT NOT NULL, year INTEGER);
INSERT INTO films (title, year) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT printf('The film %%04d of a long list', i), iif(i = %d, 'bad', i %% 7) FROM n;
`, broken),
		"endpoints/films.yaml": "get:\n  arguments: {sort: string = id, limit: int = 1000, after: string = \"\"}\n  actions:\n    - data.list: {table: films, sort: \"${args.sort}\", sortable: [id, year, title], limit: \"${args.limit}\", max_limit: 5000, after: \"${args.after}\", count: true}\n    - log: listed\n",
	}
}

type longPage struct {
	Items []struct{ ID, Year int }
	Total int
	Next  *string
}

func serveLong(t *testing.T, broken int) (*engine.Engine, *httptest.Server) {
	t.Helper()
	e, err := engine.Open(makeApp(t, longApp(broken)), engine.WithActions(actions.All()), engine.WithLog(slog.New(slog.DiscardHandler)))
	fatal(t, err)
	server := httptest.NewServer(e)
	t.Cleanup(func() { server.Close(); e.Close() })
	return e, server
}

// A long page comes in batches, and is the same as if it came at once.
func TestLongListsComeInBatches(t *testing.T) {
	t.Parallel()
	_, server := serveLong(t, 0)
	for _, sort := range []string{"id", "-id", "year,-title"} {
		for _, limit := range []int{200, 201, 400, 1000, 1999, 2000, 5000} {
			seen, after := map[int]bool{}, ""
			for pages := 0; ; pages++ {
				r, err := http.Get(fmt.Sprintf("%s/films?sort=%s&limit=%d&after=%s", server.URL, sort, limit, after))
				fatal(t, err)
				var page longPage
				fatal(t, json.NewDecoder(r.Body).Decode(&page))
				r.Body.Close()
				if r.StatusCode != 200 || page.Total != 2000 || r.Header.Get("Content-Type") != "application/json" || (limit > 200) != (r.ContentLength < 0) && limit != 5000 && len(page.Items) > 200 {
					t.Fatalf("%s, %d: %d, %v, total %d", sort, limit, r.StatusCode, r.Header, page.Total)
				}
				for _, item := range page.Items {
					seen[item.ID] = true
				}
				if page.Next == nil {
					break
				}
				if after = *page.Next; len(page.Items) != limit || pages > 20 {
					t.Fatalf("%s: %d of %d items", sort, len(page.Items), limit)
				}
			}
			if len(seen) != 2000 {
				t.Errorf("%s, %d a page: %d rows of 2000", sort, limit, len(seen))
			}
		}
	}
}

// What fails before the first byte is a problem; what fails later cuts the answer off.
func TestLongListsThatFail(t *testing.T) {
	t.Parallel()
	for broken, cut := range map[int]bool{100: false, 700: true} {
		_, server := serveLong(t, broken)
		r, err := http.Get(server.URL + "/films")
		fatal(t, err)
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if cut && (r.StatusCode != 200 || err == nil) || !cut && (r.StatusCode != 500 || err != nil) {
			t.Errorf("row %d: %d %v %.100s", broken, r.StatusCode, err, body[:min(len(body), 100)])
		}
		head, err := http.Head(server.URL + "/films?limit=10")
		fatal(t, err)
		head.Body.Close()
		if head.StatusCode != 200 {
			t.Errorf("HEAD: %d", head.StatusCode)
		}
	}
}

// A client who does not read holds no connection of the database.
func TestLongListsHoldNoReader(t *testing.T) {
	t.Parallel()
	_, server := serveLong(t, 0)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for range 20 { // more than there are readers
		r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/films?limit=2000", nil)
		fatal(t, err)
		answer, err := http.DefaultClient.Do(r)
		fatal(t, err)
		defer answer.Body.Close()
	}
	r, err := http.Get(server.URL + "/films?limit=1")
	fatal(t, err)
	r.Body.Close()
	if r.StatusCode != 200 {
		t.Errorf("%d", r.StatusCode)
	}
}
