package engine

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/internal/reference"
	"cloudlet/engine/internal/settings"
	"cloudlet/engine/language/schema"
)

// OpenAPI describes all endpoints of the app in dir, whoever may call them, as an
// indented OpenAPI document (version 3.1), and says all that is wrong with the app; the
// document is nil where something is. The error is what keeps the app from being read.
func OpenAPI(ctx context.Context, dir string, list ...Option) ([]byte, []Problem, error) {
	a, err := loadOnce(ctx, dir, list)
	if err != nil {
		return nil, nil, err
	}
	problems := a.problems.All()
	if wrong(problems) > 0 {
		return nil, problems, nil
	}
	return indented(reference.OpenAPI(a.plan, a.about)), problems, nil
}

// aboutApp is what an OpenAPI document says of the app as a whole: what the outermost
// module's description says, its first sentence as the title; else the folder's name.
func aboutApp(dir, description string) reference.Options {
	title, rest, _ := strings.Cut(strings.TrimSpace(description), ". ")
	title = strings.TrimSuffix(strings.Join(strings.Fields(title), " "), ".")
	if title == "" {
		title = filepath.Base(dir)
	}
	return reference.Options{Title: title, Description: strings.TrimSpace(rest)}
}

// documents are the OpenAPI documents of a generation, one for each set of verbs that
// some caller may call.
type documents struct {
	mu     sync.Mutex
	byVerb map[string][]byte
}

// mostDocuments bounds how many are kept: there are as many as combinations of roles.
const mostDocuments = 16

// openAPI answers /-/openapi.json: what the caller may call, or everything, as
// cloudlet.yaml says.
func (e *Engine) openAPI(w http.ResponseWriter, r *http.Request) {
	g := e.enter()
	if g == nil {
		e.fail(w, r, http.StatusServiceUnavailable, "shutting_down", "The server is shutting down.")
		return
	}
	defer g.leave()
	if g.settings.OpenAPI == settings.Off {
		plan.WriteFailure(w, &action.Exchange{Request: r, Log: e.o.log}, notFound())
		return
	}
	permits := func(*plan.Verb) bool { return true }
	if g.settings.OpenAPI == settings.Callable {
		caller, f := g.caller(r)
		if f != nil {
			plan.WriteFailure(w, &action.Exchange{Request: r, Log: e.o.log}, f)
			return
		}
		permits = func(v *plan.Verb) bool { return v.Permits(caller) }
	}
	e.document(w, r, "application/json", g.openAPI(permits))
}

// openAPI is the document of the verbs that a caller is permitted.
func (g *generation) openAPI(permits func(*plan.Verb) bool) []byte {
	var key strings.Builder
	for _, endpoint := range g.plan.Endpoints {
		for _, v := range endpoint.Verbs {
			if permits(v) {
				key.WriteByte('1')
			} else {
				key.WriteByte('0')
			}
		}
	}
	g.documents.mu.Lock()
	defer g.documents.mu.Unlock()
	if text, ok := g.documents.byVerb[key.String()]; ok {
		return text
	}
	about := g.about
	about.Permits = permits
	text := schema.AppendJSON(nil, reference.OpenAPI(g.plan, about))
	if g.documents.byVerb == nil || len(g.documents.byVerb) == mostDocuments {
		g.documents.byVerb = map[string][]byte{}
	}
	g.documents.byVerb[key.String()] = text
	return text
}

// docs answers /-/docs, the page that shows the document, and what it loads.
func (e *Engine) docs(w http.ResponseWriter, r *http.Request) {
	off := e.current.Load().settings.OpenAPI == settings.Off
	switch page := e.page(); {
	case off || !page.Serves(r.URL.Path):
		plan.WriteFailure(w, &action.Exchange{Request: r, Log: e.o.log}, notFound())
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		e.fail(w, r, http.StatusMethodNotAllowed, "method_not_allowed", "This address only takes GET.")
	default:
		page.ServeHTTP(w, r)
	}
}
