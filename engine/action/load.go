package action

import (
	"net/http"

	"cloudlet/engine/database"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/template"
)

// Presence says whether a step or chain has a result.
type Presence uint8

// The presences.
const (
	Never Presence = iota
	Maybe
	Always
)

// Result is what is known at load about the result of a step or chain.
type Result struct {
	Type *schema.Type // nil where Has is Never
	Has  Presence
	Ends bool // no step after it can run
}

// Effect is the result of a step that has none.
var Effect = Result{}

// Gives is the result of a step that always has one of the type t.
func Gives(t *schema.Type) Result { return Result{Type: t, Has: Always} }

// Either is the result of one of two chains, it is not known which.
func Either(a, b Result) Result {
	switch {
	case a.Ends && b.Ends:
		return Result{Ends: true}
	case a.Ends:
		return b
	case b.Ends:
		return a
	case a.Has == Never && b.Has == Never:
		return Result{}
	case a.Has == Never:
		return Result{Type: b.Type, Has: Maybe}
	case b.Has == Never:
		return Result{Type: a.Type, Has: Maybe}
	}
	return Result{Type: schema.Join(a.Type, b.Type), Has: min(a.Has, b.Has)}
}

// Local is a name that an action binds inside a chain it runs, as for_each its item.
type Local struct {
	Name string
	Type *schema.Type
	Slot int // set by Load.Compile
}

// Within says where an action runs a chain.
type Within struct {
	Locals      []*Local
	Transaction string // the database whose transaction the chain runs in
	Parallel    bool   // the chain runs beside others: outer names are read-only, nothing in it ends the outside
	Handler     bool   // the chain handles a failure: ${error} is known
	Caught      bool   // what the chain fails with is handled: the client never sees it
}

// Load is what an action may ask for while its file is loaded.
type Load interface {
	// At is the place of an input in the file, or of the action where the input is not written.
	At(input string) source.Span
	// Problem reports a mistake at a place.
	Problem(p source.Problem)
	// Compile compiles a chain in the scope of the step. A chain that Prepare does
	// not compile is compiled after it, without locals.
	Compile(chain *Chain, in Within) Result
	// Statement checks a statement against a database. It returns nil after a problem.
	Statement(sql *SQL, db string) *database.Description
	// Typed compiles a value of a Tree that has to fit a type. It returns nil after a
	// problem. name is what problems call it, behind the action's name and a point.
	Typed(b *Branch, want *schema.Type, name string) *expression.Program
	// Table is a table, or view, of a database that authors may use. It returns nil after
	// a problem, which is at the input.
	Table(name, db, input string) *database.Table
	// Query checks a statement that the action wrote itself, and gives it to use once the
	// database is open. It returns nil after a problem, which is at the step's action.
	Query(sql, db string, use func(*database.Statement)) *database.Description
	// Transaction is the database whose transaction surrounds the step, or "".
	Transaction() string
	// Parallel reports whether the step runs beside others, be it because the call
	// of its composite action does.
	Parallel() bool
	// Body says that the step reads the request's body as it came, from Exchange.Body: no
	// argument of the verb comes from there then.
	Body()
	// Sends says which arguments another service puts into the query of the request, for
	// the step to read.
	Sends(names ...string)
	// Labels says that the step gives the answer of whatever step ends the chain the media
	// type that stands in the file under a name of an input, without regard to case.
	Labels(input, name string)
	// Publishes says to which topic the step publishes, with Hole for what is computed; ""
	// is one of which nothing is known.
	Publishes(topic string)
	// Retried reports whether the step, or one around it, is tried again where it fails.
	Retried() bool
	// Branch reports whether the step is in a parallel branch of its own chain, and
	// so cannot end it.
	Branch() bool
	// Returns says that the step ends its chain with a result of the type t.
	Returns(t *schema.Type)
	// Responds says that the step gives the whole answer itself, and which.
	Responds(r Response)
	// Answers says that the step sets the status of the answer; 0 is one that is
	// known only when it runs.
	Answers(status int)
	// Fails says what the step may fail with, in place of what its action declares.
	Fails(list ...Outcome)
	// Database is the name of the database to use where the step says name, which may be "".
	Database(name string) string
	// Template is the template of a name that the nearest _templates folder has. It
	// returns nil after a problem; the input is where problems go.
	Template(name, input string) *template.Template
	// Templates are the names of all templates that the step could use.
	Templates() []string
	// Configured reports a problem at an input where cloudlet.yaml does not have a name
	// under one of its keys, oidc or captcha, and tells whether it does.
	Configured(key, name, input string) bool
	// Job is the job of a name that the nearest _jobs folder has. It returns nil after a
	// problem; the input is where problems go.
	Job(name, input string) *Job
	// Endpoint resolves "GET /films/{id}" when all files are compiled. The input is where problems go.
	Endpoint(name, input string) *Endpoint
}

// Hole stands in a topic for what is computed: no topic holds it.
const Hole = "\x00"

// Job is a job that steps ask for.
type Job struct {
	Name      string // with its folder
	Arguments []schema.Field
	Attempts  int
	// Check holds arguments against those that are declared.
	Check func(args *schema.Object) *Failure
}

// Endpoint is another verb of the app, to be called in the same process.
type Endpoint struct {
	Method, Path string
	Type         *schema.Type // of its result
	// Invoke runs the verb with its checks; user "" is the present caller.
	Invoke func(c *Call, arguments *schema.Object, user string) (any, error)
}

// Status tells whether a number is a status that an answer may have.
func Status(n int) bool { return n >= 200 && n <= 599 && http.StatusText(n) != "" }
