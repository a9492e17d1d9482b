package captcha

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloudlet/engine/secret"
)

// towards carries requests to a server of the test, as if it were the providers'.
type towards struct {
	server *httptest.Server
}

func (t towards) RoundTrip(r *http.Request) (*http.Response, error) {
	u, err := url.Parse(t.server.URL)
	if err != nil {
		return nil, err
	}
	to := r.Clone(r.Context())
	to.Host, to.URL.Host, to.URL.Scheme = r.URL.Host, u.Host, u.Scheme
	return t.server.Client().Transport.RoundTrip(to)
}

// provider answers every question with a status and text, and tells what it was asked.
func provider(t *testing.T, status int, text string) (outgoing http.RoundTripper, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, fmt.Sprintf("%s https://%s%s %s %s %s", r.Method, r.Host, r.URL, r.Header.Get("Content-Type"), r.PostFormValue("secret"), r.PostFormValue("response")))
		if status == http.StatusTemporaryRedirect {
			w.Header().Set("Location", "/elsewhere")
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}))
	t.Cleanup(server.Close)
	return towards{server}, asked
}

func number(x float64) *float64 { return &x }

// Answers as in the providers' documentation.
const (
	person  = `{"success":true,"challenge_ts":"2026-01-02T03:04:05Z","hostname":"example.com"}`
	scored  = `{"success":true,"score":0.6,"action":"register","hostname":"example.com"}`
	robot   = `{"success":false,"error-codes":["invalid-input-response"]}`
	again   = `{"success":false,"error-codes":["timeout-or-duplicate"]}`
	config  = `{"success":false,"error-codes":["invalid-input-secret"]}`
	trouble = `{"success":false,"error-codes":["internal-error"]}`
)

func TestHosted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		provider  string
		status    int
		text      string
		threshold *float64
		want      error
		reason    string
	}{
		"turnstile":                {Turnstile, 200, person, nil, nil, ""},
		"hcaptcha":                 {Hcaptcha, 200, person, nil, nil, ""},
		"hcaptcha's risk":          {Hcaptcha, 200, `{"success":true,"score":0.1}`, nil, nil, ""}, // 0 is a person there
		"recaptcha 2":              {Recaptcha, 200, person, nil, nil, ""},
		"recaptcha 3":              {Recaptcha, 200, scored, nil, nil, ""},
		"low score":                {Recaptcha, 200, `{"success":true,"score":0.4}`, nil, ErrFailed, "0.4, under 0.5"},
		"threshold":                {Recaptcha, 200, scored, number(0.7), ErrFailed, "0.6, under 0.7"},
		"at the threshold":         {Recaptcha, 200, scored, number(0.6), nil, ""},
		"threshold without score":  {Recaptcha, 200, person, number(0.1), ErrFailed, "no score"},
		"robot":                    {Turnstile, 200, robot, nil, ErrFailed, "invalid-input-response"},
		"robot of 400":             {Hcaptcha, 400, robot, nil, ErrFailed, "invalid-input-response"},
		"used":                     {Recaptcha, 200, again, nil, ErrFailed, "timeout-or-duplicate"},
		"no success":               {Turnstile, 200, `{}`, nil, ErrFailed, ""},
		"null":                     {Turnstile, 200, `null`, nil, ErrFailed, ""},
		"our secret is wrong":      {Turnstile, 200, config, nil, ErrUnavailable, "invalid-input-secret"},
		"our secret is wrong, 400": {Turnstile, 400, config, nil, ErrUnavailable, "invalid-input-secret"},
		"trouble":                  {Turnstile, 200, trouble, nil, ErrUnavailable, "internal-error"},
		"out of order":             {Turnstile, 500, person, nil, ErrUnavailable, "500"},
		"too many":                 {Turnstile, 429, person, nil, ErrUnavailable, "429"},
		"elsewhere":                {Turnstile, 307, person, nil, ErrUnavailable, "307"},
		"no JSON":                  {Turnstile, 200, "<html>", nil, ErrUnavailable, "no JSON"},
		"other types":              {Turnstile, 200, `{"success":"yes"}`, nil, ErrUnavailable, "no JSON"},
		"too much":                 {Turnstile, 200, person + strings.Repeat(" ", answerSize), nil, ErrUnavailable, "too much"},
		"longer than ever":         {Turnstile, 200, `{"success":false,"error-codes":["` + strings.Repeat("ä", 5000) + `"]}`, nil, ErrFailed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outgoing, asked := provider(t, c.status, c.text)
			s := New(nil, secret.NewKeyring(), Options{Secrets: map[string]string{c.provider: "s3cr3t"}, Outgoing: outgoing})
			err := s.Verify(context.Background(), Answer{Provider: c.provider, Token: "t0k3n", Threshold: c.threshold})
			if !errors.Is(err, c.want) || err != nil && c.want == nil {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil && (!strings.Contains(err.Error(), c.reason) || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "t0k3n") || len(err.Error()) > 400) {
				t.Errorf("the log has %q", err)
			}
			want := "POST " + hosts[c.provider].address + " application/x-www-form-urlencoded s3cr3t t0k3n"
			if len(*asked) != 1 || (*asked)[0] != want {
				t.Errorf("it was asked %q, want %q", *asked, want)
			}
		})
	}
}

// TestHostedUnreachable: nobody passes where nobody can be asked.
func TestHostedUnreachable(t *testing.T) {
	t.Parallel()
	outgoing, _ := provider(t, 200, `{"success":true}`)
	s := New(nil, secret.NewKeyring(), Options{Secrets: map[string]string{Turnstile: "s3cr3t"}, Outgoing: outgoing})
	outgoing.(towards).server.Close()
	if err := s.Verify(t.Context(), Answer{Provider: Turnstile, Token: "t"}); !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Verify(ctx, Answer{Provider: Turnstile, Token: "t"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{Hcaptcha, Recaptcha, "nobody", ""} {
		if err := s.Verify(t.Context(), Answer{Provider: name, Token: "t"}); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%q, which is not configured: %v", name, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %s", Answer{Turnstile, "t0k3n", nil}, &Answer{Turnstile, "t0k3n", nil}, Answer{Token: "t0k3n"}); strings.Contains(text, "t0k3n") {
		t.Error(text)
	}
}
