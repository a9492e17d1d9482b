package engine

import (
	"net/http"
	"strings"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/internal/reference/docs"
	"cloudlet/engine/language/schema"
)

// own answers what no endpoint does: the engine's addresses under /-/, and 404.
func (e *Engine) own(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/-/health":
		e.get(w, r, e.healthObject())
		return
	case "/-/ready":
		e.get(w, r, schema.NewObject("status", "ready"))
		return
	case "/-/schema.json":
		e.schemaJSON(w, r)
		return
	case "/-/openapi.json":
		e.openAPI(w, r)
		return
	}
	if r.URL.Path == docs.Path || strings.HasPrefix(r.URL.Path, docs.Path+"/") {
		e.docs(w, r)
		return
	}
	plan.WriteFailure(w, &action.Exchange{Request: r, Log: e.o.log}, notFound())
}

// notFound is the failure of an address that nothing takes.
func notFound() *action.Failure {
	return action.Fail(http.StatusNotFound, "not_found", "There is nothing at this address.")
}

func (e *Engine) healthObject() *schema.Object {
	h := e.health.Load()
	status := "ok"
	if h.problems > 0 {
		status = "degraded"
	}
	return schema.NewObject("status", status, "generation", h.generation, "loaded_at", h.loaded.UTC().Truncate(time.Millisecond),
		"endpoints", h.endpoints, "problems", h.problems)
}

func (e *Engine) get(w http.ResponseWriter, r *http.Request, body *schema.Object) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		e.fail(w, r, http.StatusMethodNotAllowed, "method_not_allowed", "This address only takes GET.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(schema.AppendJSON(nil, body))
}

// fail answers a request that no endpoint took.
func (e *Engine) fail(w http.ResponseWriter, r *http.Request, status int, code, detail string) {
	plan.WriteFailure(w, &action.Exchange{Request: r, Log: e.o.log}, action.Fail(status, code, detail))
}
