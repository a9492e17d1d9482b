package engine

import (
	"context"
	"io"
	"path/filepath"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Route is one verb at one address, as `cloudlet routes` shows it.
type Route struct {
	Method  string   `json:"method"`
	Path    string   `json:"path"`
	Auth    []string `json:"auth"` // "public", "user", or the roles of which one suffices
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Summary string   `json:"summary,omitempty"`
	// PublicWrite marks a verb that writes to a database for everybody.
	PublicWrite bool `json:"public_write"`
	// Stream marks a verb that is a stream of events.
	Stream bool `json:"stream"`
	// Arguments are those of the path, the file and the verb, in the order of their declaration.
	Arguments []RouteArgument `json:"arguments"`
	// Result is the type of what a successful answer holds as JSON, nil where none does.
	Result *schema.Type `json:"result"`
	// Answers are the answers that the chain can give, by status.
	Answers []RouteAnswer `json:"answers"`
}

// Check compiles the app in dir and says all that is wrong with it and its tests,
// warnings too.
// It creates and changes nothing. The error is what keeps the app from being read.
func Check(ctx context.Context, dir string, list ...Option) ([]Problem, error) {
	_, problems, err := Inspect(ctx, dir, list...)
	return problems, err
}

// Inspect is Check that also lists the routes; they are complete only where there
// are no problems.
func Inspect(ctx context.Context, dir string, list ...Option) ([]Route, []Problem, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, err
	}
	l := newLoader(dir, newOptions(list))
	l.tests = true
	a, err := l.load(ctx)
	if err != nil {
		return nil, nil, err
	}
	return a.routes(), a.problems.All(), nil
}

// loadOnce reads and compiles the app in dir as its files are now.
func loadOnce(ctx context.Context, dir string, list []Option) (*app, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return newLoader(dir, newOptions(list)).load(ctx)
}

// Formats of problems.
const (
	FormatText   = "text"
	FormatJSON   = "json"
	FormatGitHub = "github"
)

// PrintProblems writes problems as text with carets, as a JSON list, or as
// GitHub's workflow commands.
func PrintProblems(w io.Writer, format string, list []Problem) error {
	switch format {
	case FormatJSON:
		return source.WriteJSON(w, list)
	case FormatGitHub:
		return source.WriteGitHub(w, list)
	}
	return source.WriteText(w, list)
}
