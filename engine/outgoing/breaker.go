package outgoing

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/sony/gobreaker/v2"
)

const (
	mostHosts = 1000 // that are remembered; those that nobody asks are forgotten first
	// A circuit opens after so many failures in a row, or where at least half of enough
	// requests in the last minute failed.
	inARow   = 5
	enough   = 20
	lookBack = time.Minute
	openFor  = 30 * time.Second
)

// breakers are one circuit breaker for each host that was asked lately.
type breakers struct {
	hosts *otter.Cache[string, *breaker]
}

type breaker struct {
	circuit *gobreaker.TwoStepCircuitBreaker[struct{}]
	until   atomic.Int64 // when an open circuit lets one through, Unix nanoseconds
}

func newBreakers() *breakers {
	return &breakers{otter.Must(&otter.Options[string, *breaker]{MaximumSize: mostHosts})}
}

func newBreaker(string) *breaker {
	b := &breaker{}
	b.circuit = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Interval: lookBack, BucketPeriod: lookBack / 6, Timeout: openFor,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return c.ConsecutiveFailures >= inARow || c.Requests >= enough && 2*c.TotalFailures >= c.Requests
		},
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				b.until.Store(time.Now().Add(openFor).UnixNano())
			}
		},
		IsSuccessful: func(err error) bool { return !faulty(err) },
		IsExcluded:   func(err error) bool { return err != nil && !faulty(err) },
	})
	return b
}

// enter asks whether a host may be asked. done is told what came of it.
func (b *breakers) enter(u *url.URL) (done func(error), err error) {
	name := origin(u)
	host, ok := b.hosts.GetIfPresent(name)
	if !ok {
		host, _ = b.hosts.SetIfAbsent(name, newBreaker(name))
	}
	done, err = host.circuit.Allow()
	if err == nil {
		return done, nil
	}
	e := ErrCircuitOpen.Because("%s failed too often", name)
	e.RetryAfter = max(time.Second, time.Until(time.Unix(0, host.until.Load())))
	return nil, e
}

// errServerError is an answer of 500 or more, to the circuit breaker.
var errServerError = errors.New("an answer of 500 or more")

// statusFault is what an answer's status says of its host's health.
func statusFault(status int) error {
	if status >= http.StatusInternalServerError {
		return errServerError
	}
	return nil
}

// faulty reports whether an error is the host's fault, and not the client's or ours.
func faulty(err error) bool {
	for _, e := range []error{errServerError, ErrUnreachable, ErrTimeout, context.DeadlineExceeded} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
