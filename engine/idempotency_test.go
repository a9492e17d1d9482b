package engine_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
)

var orders = map[string]string{
	"endpoints/_migrations/1.sql": "CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT NOT NULL);\n",
	"endpoints/orders.yaml": `get:
  actions:
    - sql.value: SELECT count(*) FROM orders
post:
  idempotency: 1h
  arguments: {item: string}
  actions:
    - sql.one: INSERT INTO orders (item) VALUES (${args.item}) RETURNING id, item
`,
}

func order(h http.Handler, key, item string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/orders", strings.NewReader(`{"item":"`+item+`"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func countOrders(h http.Handler) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/orders", nil))
	return w.Body.String()
}

// TestIdempotencyAtOnce sends a request 50 times at once, to two engines on one file, as two
// processes are: it has one effect, and everybody gets the one answer.
func TestIdempotencyAtOnce(t *testing.T) {
	t.Parallel()
	dir := makeApp(t, orders)
	var engines []*engine.Engine
	for range 2 {
		e, err := engine.Open(dir, engine.WithActions(actions.All()))
		fatal(t, err)
		t.Cleanup(func() { fatal(t, e.Close()) })
		engines = append(engines, e)
	}
	var all sync.WaitGroup
	answers := make([]*httptest.ResponseRecorder, 50)
	for i := range answers {
		all.Go(func() { answers[i] = order(engines[i%2], "k", "tea") })
	}
	all.Wait()
	replayed := 0
	for _, w := range answers {
		if w.Code != 200 || w.Body.String() != `{"id":1,"item":"tea"}` {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		if w.Header().Get("Idempotency-Replayed") == "true" {
			replayed++
		}
	}
	if n := countOrders(engines[0]); n != "1" || replayed != 49 {
		t.Errorf("%s rows, %d answered again", n, replayed)
	}
}

// TestIdempotencyOutlives answers again after a restart, with nothing of it readable in the file.
func TestIdempotencyOutlives(t *testing.T) {
	t.Parallel()
	dir := makeApp(t, orders)
	for range 2 {
		e, err := engine.Open(dir, engine.WithActions(actions.All()))
		fatal(t, err)
		if w := order(e, "k", "tea"); w.Code != 200 || w.Body.String() != `{"id":1,"item":"tea"}` {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		if w := order(e, "k", "coffee"); w.Code != 422 {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		if n := countOrders(e); n != "1" {
			t.Errorf("%s rows", n)
		}
		fatal(t, e.Close())
	}
}
