package engine

import (
	"context"
	"net/http"

	"cloudlet/engine/audit"
	"cloudlet/engine/database"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
)

// UsersOf is the identity service of a running engine, for tests that need users
// of a database in memory.
func UsersOf(e *Engine) *identity.Service { return e.identity }

// Look reads rows of a running engine's database as a JSON list of lists.
func Look(ctx context.Context, e *Engine, name, sql string) (string, error) {
	e.mu.Lock()
	db := e.databases[name].db
	e.mu.Unlock()
	rows, err := db.Query(ctx, sql)
	list := make([]any, len(rows))
	for i, row := range rows {
		list[i] = []any(row)
	}
	return string(schema.AppendJSON(nil, list)), err
}

// DatabasesOf are the open databases by name, to see which stay the same.
func DatabasesOf(e *Engine) map[string]*database.DB {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := map[string]*database.DB{}
	for name, d := range e.databases {
		all[name] = d.db
	}
	return all
}

// VerbsOf are the verbs of the app in dir, compiled and not linked.
func VerbsOf(ctx context.Context, dir string, list ...Option) ([]*plan.Verb, []Problem, error) {
	a, err := loadOnce(ctx, dir, list)
	if err != nil {
		return nil, nil, err
	}
	var verbs []*plan.Verb
	for _, e := range a.plan.Endpoints {
		verbs = append(verbs, e.Verbs...)
	}
	return verbs, a.problems.All(), nil
}

// DocumentOf is the whole OpenAPI document of a running engine, and what it describes.
func DocumentOf(e *Engine) ([]byte, *plan.Plan) {
	g := e.current.Load()
	return g.openAPI(func(*plan.Verb) bool { return true }), g.plan
}

// WithAround puts something around the routes that endpoint tests ask.
func WithAround(around func(http.Handler) http.Handler) Option {
	return func(o *options) { o.around = around }
}

// Exec runs a statement on a running engine's main database.
func Exec(ctx context.Context, e *Engine, sql string) error {
	e.mu.Lock()
	db := e.databases["main"].db
	e.mu.Unlock()
	_, err := db.Exec(ctx, sql)
	return err
}

// VerifyAudit holds a running engine's audit log against its chain.
func VerifyAudit(ctx context.Context, e *Engine) (*audit.Report, error) { return e.audit.Verify(ctx) }
