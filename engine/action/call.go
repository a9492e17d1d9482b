package action

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cloudlet/engine/audit"
	"cloudlet/engine/cache"
	"cloudlet/engine/captcha"
	"cloudlet/engine/database"
	"cloudlet/engine/events"
	"cloudlet/engine/failure"
	"cloudlet/engine/files"
	"cloudlet/engine/idempotency"
	"cloudlet/engine/identity"
	"cloudlet/engine/journal"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/limit"
	"cloudlet/engine/lock"
	"cloudlet/engine/mail"
	"cloudlet/engine/oidc"
	"cloudlet/engine/outgoing"
	"cloudlet/engine/secret"
	"cloudlet/engine/tasks"
	"cloudlet/engine/webhook"
)

// The slots that every chain has; the names that it binds follow.
const (
	LastSlot    = iota // ${last}
	ArgsSlot           // ${args}
	UserSlot           // ${user}
	RequestSlot        // ${request}
	ErrorSlot          // ${error}, inside handlers
	FirstSlot          // the first free one
)

// Call is one run of a chain: its slots, and the exchange that it belongs to.
// A composite action runs in a Call of its own, a parallel branch in a copy.
type Call struct {
	expression.Frame
	*Exchange

	// Context ends when the chain's, or the step's, timeout passes or the client
	// goes. Its Done is made when it is first asked for: do not ask in passing.
	Context *Context
	// Result is what `return` gave.
	Result any

	transaction *transaction
	locked      []string // keys of the locks that the chain holds
}

// Exchange is one request being answered, with all that its chains share.
type Exchange struct {
	Services *Services
	Request  *http.Request // nil where a program calls
	Address  Address       // of the request; nil where nothing took it
	Began    time.Time     // when the request was taken
	Log      *slog.Logger
	// Encodes says that the result goes straight out as JSON.
	Encodes bool
	// Streams says that such a result may also be Pieces.
	Streams bool
	// Out is the buffer that the answer is encoded in. A Raw result may be appended
	// to Out[:0]; nothing else may keep it.
	Out []byte
	// Body is the request's body as it came, where some step asked for it at load.
	Body []byte
	// Trace, where there is one, is told of every step.
	Trace func(Traced)
	// Cover counts what ran, a place for each point of the plan; nil: nobody counts.
	Cover []atomic.Uint32
	// Depth counts the endpoints that called each other.
	Depth int

	Answer Answer

	mu     sync.Mutex // parallel branches share the exchange
	ends   []func(ok bool) error
	trace  string
	held   *held
	caller *identity.Caller
	asked  bool  // whether the caller is known
	named  bool  // somebody wanted to know the caller
	unsure error // why it is not known who asks
}

// Address knows what of the address of a request is secret.
type Address interface {
	// Path is the path, unescaped, the values of secret arguments masked.
	Path(u *url.URL) string
	// URL is the path and query as they were sent, the values of secret arguments masked.
	URL(u *url.URL) string
}

// Caller is who asks, or nil without a valid ticket. Where nothing had to know
// so far, the ticket is verified now.
func (x *Exchange) Caller() *identity.Caller {
	caller, _ := x.Who()
	return caller
}

// Who is Caller that fails where the users could not be read: a client must not
// take its ticket for a bad one because the database is busy.
func (x *Exchange) Who() (*identity.Caller, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.named = true
	if x.asked {
		return x.caller, x.unsure
	}
	x.asked = true
	if x.Request == nil {
		return nil, nil
	}
	if token := Bearer(x.Request); token != "" {
		caller, err := x.Services.Identity.Verify(x.Request.Context(), token)
		x.caller = caller
		if refused := (*failure.Error)(nil); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
			x.unsure = err
		}
	}
	return x.caller, x.unsure
}

// OnEnd has f run once the chain has ended, ahead of the answer. ok says that it
// succeeded; where f fails then, the request does.
func (x *Exchange) OnEnd(f func(ok bool) error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ends = append(x.ends, f)
}

// End runs what waits for the chain's end; the engine calls it.
func (x *Exchange) End(ok bool) error {
	var errs []error
	for _, f := range x.ends {
		errs = append(errs, f(ok))
	}
	x.ends = nil
	return errors.Join(errs...)
}

// Time is what time it is.
func (x *Exchange) Time() time.Time {
	if x.Services.Clock != nil {
		return x.Services.Clock()
	}
	return time.Now()
}

// Named reports whether anything has wanted to know who asks, since it was called last.
func (x *Exchange) Named() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	named := x.named
	x.named = false
	return named
}

// SetCaller says who asks.
func (x *Exchange) SetCaller(c *identity.Caller) { x.caller, x.unsure, x.asked = c, nil, true }

// AdoptTrace takes over the trace id of the exchange that this one belongs to.
func (x *Exchange) AdoptTrace(o *Exchange) { x.trace = o.TraceID() }

// Bearer is the ticket that a request brings (RFC 6750, section 2.1), or "".
func Bearer(r *http.Request) string {
	a := r.Header["Authorization"]
	const scheme = "bearer "
	if len(a) != 1 || len(a[0]) <= len(scheme) || !strings.EqualFold(a[0][:len(scheme)], scheme) {
		return ""
	}
	return strings.TrimSpace(a[0][len(scheme):])
}

// Jobs takes jobs to be done later.
type Jobs interface {
	// Enqueue keeps a job, in the transaction tx of the main database or in one of its own.
	// It gives the number of the job, or of the one that keeps it out.
	Enqueue(ctx context.Context, tx *database.Tx, t tasks.Task) (id int64, err error)
}

// Services are what actions may use.
type Services struct {
	Identity *identity.Service
	Audit    *audit.Log
	Keys     *secret.Keyring  // what is derived from it, or sealed with it, is the app's alone
	Journal  *journal.Journal // of the log's newest lines
	Database func(name string) *database.DB
	// Clock is what time it is; nil is time.Now. ${now()} follows it.
	Clock func() time.Time
	// Proxies are the networks whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// Outgoing carries the requests that actions send to other services.
	Outgoing http.RoundTripper
	// Webhooks take the events that actions send to other services, and Receipts tell which
	// of those that came in were taken.
	Webhooks webhook.Post
	Receipts *webhook.Receipts
	// HTTP asks other services through Outgoing, and bounds what they answer.
	HTTP *outgoing.Client
	// Files are the app's files.
	Files *files.Store
	// PublicURL is what links to the app begin with, without a slash at its end.
	PublicURL string
	// Limits counts the requests of verbs with a rate_limit.
	Limits *limit.Counter
	// Idempotency keeps the answers to requests with an Idempotency-Key.
	Idempotency *idempotency.Store
	// Locks are those that chains hold.
	Locks *lock.Locks[string]
	// Cache is what chains keep.
	Cache *cache.Store[any]
	// Jobs takes the jobs that steps ask for.
	Jobs Jobs
	// Mail takes the messages that actions send.
	Mail mail.Post
	// OIDC lets users log in with accounts that they have elsewhere.
	OIDC *oidc.Service
	// Captcha tells people from programs.
	Captcha *captcha.Service
	// Events takes what actions publish, and has it read.
	Events *events.Hub

	doubted atomic.Bool // it was said that a proxy is not trusted
}

// Traced is one step as `call --trace` shows it; no value above public is in it.
type Traced struct {
	At      source.Span
	Action  string
	Depth   int
	Inputs  []TracedInput
	Result  any
	Skipped bool
	Failure *Failure
	Took    time.Duration
}

// TracedInput is an input as it was evaluated.
type TracedInput struct {
	Name  string
	Value any
}

// TraceID names the request in logs and problems: 32 hexadecimal digits, from
// the client's traceparent (W3C Trace Context) where it sent one.
func (x *Exchange) TraceID() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.trace == "" {
		x.trace = traceID(x.Request)
	}
	return x.trace
}

// Fork is a copy of the call for a parallel branch, with its own slots.
func (c *Call) Fork(ctx *Context) *Call {
	f := &Call{Exchange: c.Exchange, Context: ctx, transaction: c.transaction, locked: c.locked}
	f.Slots, f.Done, f.Now = slices.Clone(c.Slots), ctx, c.Now
	return f
}

// Child is a call of another chain in the same exchange: a composite action's.
func (c *Call) Child(slots []any) *Call {
	n := &Call{Exchange: c.Exchange, Context: c.Context, transaction: c.transaction, locked: c.locked}
	n.Slots, n.Done, n.Now = slots, c.Context, c.Now
	return n
}

// userObject is the request's user as ${user} shows it.
func userObject(u *identity.Caller) any {
	if u == nil {
		return nil
	}
	roles := make([]any, len(u.Roles))
	for i, r := range u.Roles {
		roles[i] = r
	}
	var impersonator any
	if u.Impersonator != "" {
		impersonator = u.Impersonator
	}
	return userShape.New([]any{u.Name, roles, u.Extras, impersonator})
}

var userShape = schema.NewShape("name", "roles", "extras", "impersonator")

// UserValue is ${user}: null without a ticket. It fails as Who does.
func (x *Exchange) UserValue() (any, error) {
	caller, err := x.Who()
	return userObject(caller), err
}
