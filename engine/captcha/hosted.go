package captcha

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	requestTime = 10 * time.Second // for one request, its answer included
	answerSize  = 64 << 10         // bytes of one answer
	// usualScore is the least that passes where the author names none; it is what
	// Google's documentation begins with.
	usualScore = 0.5
)

// host is a provider that judges tokens.
type host struct {
	name    string
	address string
	scores  bool // answers have a score, 1 for a person
}

var hosts = map[string]*host{
	Recaptcha: {Recaptcha, "https://www.google.com/recaptcha/api/siteverify", true},
	Turnstile: {Turnstile, "https://challenges.cloudflare.com/turnstile/v0/siteverify", false},
	Hcaptcha:  {Hcaptcha, "https://api.hcaptcha.com/siteverify", false},
}

// newClient asks providers. It follows no redirects, which would take the secret along.
func newClient(outgoing http.RoundTripper) *http.Client {
	return &http.Client{Transport: outgoing, Timeout: requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// judgement is what all three providers answer with.
type judgement struct {
	Success bool     `json:"success"`
	Codes   []string `json:"error-codes"`
	Score   *float64 `json:"score"`
}

// ask has the provider judge a token. Whatever goes wrong with asking, nobody passes.
func (s *Service) ask(ctx context.Context, h *host, a Answer) error {
	form := url.Values{"secret": {s.options.Secrets[h.name]}, "response": {a.Token}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.address, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.client.Do(r)
	if err != nil {
		return s.unasked(ctx, h, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, answerSize+1))
	switch {
	case err != nil:
		return s.unasked(ctx, h, err)
	case answer.StatusCode >= 500 || answer.StatusCode >= 300 && answer.StatusCode < 400 || answer.StatusCode == http.StatusTooManyRequests:
		return ErrUnavailable.Because("%s answers %s", h.name, answer.Status)
	case len(text) > answerSize:
		return ErrUnavailable.Because("%s answers too much", h.name)
	}
	var j judgement
	if err := json.Unmarshal(text, &j); err != nil {
		return ErrUnavailable.Because("%s answers %s and no JSON of the right types", h.name, answer.Status)
	}
	return h.judge(&j, a.Threshold)
}

// unasked is the failure of a request: the context's, where that has ended.
func (s *Service) unasked(ctx context.Context, h *host, err error) error {
	if e := ctx.Err(); e != nil {
		return e
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return ErrUnavailable.Because("%s cannot be asked: %v", h.name, err)
}

// ours are the codes of failures that are not the client's: the secret is wrong, or the
// provider has trouble.
var ours = []string{"missing-input-secret", "invalid-input-secret", "sitekey-secret-mismatch", "not-using-dummy-secret", "internal-error"}

func (h *host) judge(j *judgement, threshold *float64) error {
	if !j.Success {
		for _, code := range j.Codes {
			if slices.Contains(ours, code) {
				return ErrUnavailable.Because("%s answers %q: the secret may be wrong", h.name, code)
			}
		}
		return ErrFailed.Because("%s answers %q", h.name, j.Codes)
	}
	if !h.scores {
		return nil
	}
	least := usualScore
	switch {
	case threshold != nil:
		least = *threshold
	case j.Score == nil:
		return nil // a key of version 2, which gives no score
	}
	switch {
	case j.Score == nil:
		return ErrFailed.Because("%s gives no score to compare with %v: its key is not of version 3", h.name, least)
	case !(*j.Score >= least):
		return ErrFailed.Because("%s gives the score %v, under %v", h.name, *j.Score, least)
	}
	return nil
}
