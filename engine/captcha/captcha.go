// Package captcha tells people from programs, as far as that can be told: by a proof of
// work of our own (ALTCHA), which asks no third party, or by one of the services
// reCAPTCHA, Turnstile and hCaptcha.
package captcha

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/failure"
	"cloudlet/engine/secret"
)

// The providers.
const (
	Altcha    = "altcha" // our own
	Recaptcha = "recaptcha"
	Turnstile = "turnstile"
	Hcaptcha  = "hcaptcha"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the table of the solutions that were taken.
func Migrations() database.Set {
	return database.Embedded("-/captcha", migrations)
}

// Options say how a Service works.
type Options struct {
	// MaxNumber is how many numbers a client has to try at most; 100,000 where it is 0.
	MaxNumber int
	// Expires is how long a challenge can be answered; 10 minutes where it is 0.
	Expires time.Duration
	// Secrets are the app's secrets at the hosted providers, by their names. A provider
	// without one is not configured.
	Secrets map[string]string
	// Outgoing carries the requests to the hosted providers.
	Outgoing http.RoundTripper
	// Clock is time.Now where it is nil.
	Clock func() time.Time
}

// Service gives and judges captchas. It is safe for use by several goroutines.
type Service struct {
	db      *database.DB
	keys    *secret.Keyring
	options Options
	client  *http.Client
}

// New makes the service of a database that Migrations were applied to. It holds nothing
// that has to be closed.
func New(db *database.DB, keys *secret.Keyring, o Options) *Service {
	if o.MaxNumber == 0 {
		o.MaxNumber = 100_000
	}
	if o.Expires == 0 {
		o.Expires = 10 * time.Minute
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Service{db: db, keys: keys, options: o, client: newClient(o.Outgoing)}
}

// Answer is what a client shows for not being a program. It prints without the token.
type Answer struct {
	Provider string
	Token    string // what the provider's widget puts into the form
	// Threshold is the least score that passes, from 0 to 1; nil: the provider's usual one.
	// reCAPTCHA alone gives scores of this kind.
	Threshold *float64
}

// Format prints the provider, never the token.
func (a Answer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[captcha of %s]", a.Provider) }

// What a captcha fails with.
var (
	// ErrFailed means that the token proves nothing: it is wrong, expired or was used.
	ErrFailed = &failure.Error{Status: 400, Code: "captcha_failed", Detail: "The captcha was not solved, has expired or was used before. Solve a new one."}
	// ErrUnavailable means that the provider cannot be asked, or refuses to say: then nobody passes.
	ErrUnavailable = &failure.Error{Status: 503, Code: "captcha_unavailable", RetryAfter: 5 * time.Second, Detail: "The captcha cannot be checked at the moment; try again later."}
)

// longestToken is the most that is looked at, in bytes.
const longestToken = 8 << 10

// Verify tells whether an answer is good, and uses it up. It fails with ErrFailed,
// ErrUnavailable, the context's error or the database's failure.
func (s *Service) Verify(ctx context.Context, a Answer) error {
	if a.Token == "" || len(a.Token) > longestToken {
		return ErrFailed.Because("the token is empty or too long")
	}
	if a.Provider == Altcha {
		return s.verifyWork(ctx, a.Token)
	}
	hosted, known := hosts[a.Provider]
	if !known || s.options.Secrets[a.Provider] == "" {
		return ErrUnavailable.Because("the provider %q is not configured", a.Provider)
	}
	return s.ask(ctx, hosted, a)
}
