package engine_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine"
	"cloudlet/engine/webhook"
)

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// openHooks is an app that takes webhooks.
func openHooks(t *testing.T) *live {
	t.Helper()
	return openLive(t, map[string]string{
		"cloudlet.yaml":               "secrets: {hook: {env: HOOK}, git: {env: GIT}}\n",
		"endpoints/_migrations/1.sql": "CREATE TABLE taken (n INTEGER);",
		"endpoints/once.yaml":         "post:\n  actions:\n    - webhook.verify: ${secrets.hook}\n    - wait: 50ms\n    - sql.execute: INSERT INTO taken (n) VALUES (${last.n})\n",
		"endpoints/with.yaml":         "post:\n  actions:\n    - transaction:\n        - webhook.verify: {secret: \"${secrets.hook}\", repeated: refuse}\n        - sql.execute: INSERT INTO taken (n) VALUES (${last.n})\n",
		"endpoints/git.yaml":          "post:\n  body_limit: 100B\n  actions:\n    - webhook.verify: {secret: \"${secrets.git}\", scheme: github}\n",
	}, engine.WithEnvironment(func(name string) string {
		return map[string]string{"HOOK": hookSecret, "GIT": "It's a Secret to Everybody"}[name]
	}))
}

// deliver sends a body with headers, and gives the status with the code of a failure.
func (l *live) deliver(path, body string, header http.Header) string {
	r, err := http.NewRequest("POST", l.server.URL+path, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	r.Header = header
	w, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer w.Body.Close()
	text, _ := io.ReadAll(w.Body)
	var problem struct{ Code string }
	_ = json.Unmarshal(text, &problem) // what is none has no code
	return strings.TrimSpace(fmt.Sprintf("%d %s", w.StatusCode, problem.Code))
}

// TestHooksAtOnce: of deliveries that come at the same time one is taken, and no later one
// is, not after a restart of the app's generation either.
func TestHooksAtOnce(t *testing.T) {
	t.Parallel()
	l := openHooks(t)
	for path, later := range map[string]string{"/once": "200", "/with": "409 already_received"} {
		body := `{"n": 1}`
		header := webhook.Sign(webhook.Standard, "msg"+path, []string{hookSecret}, time.Now(), []byte(body))
		var wg sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		for range 10 {
			wg.Go(func() {
				answer := l.deliver(path, body, header)
				mu.Lock()
				defer mu.Unlock()
				got[answer]++
			})
		}
		wg.Wait()
		taken := got["200"] + got["204"]
		if busy := got["409 being_received"] + got["409 already_received"]; taken+busy != 10 || path == "/with" && taken != 1 {
			t.Errorf("%s: %v", path, got)
		}
		fatal(t, l.engine.Reload(t.Context()))
		if answer := l.deliver(path, body, header); answer != later {
			t.Errorf("%s later: %s", path, answer)
		}
	}
	rows, err := engine.Look(t.Context(), l.engine, "main", "SELECT count(*) FROM taken")
	fatal(t, err)
	if rows != "[[2]]" {
		t.Errorf("taken: %s", rows)
	}
}

// TestHookBodies: the signature holds for the body byte for byte, whatever its type; the
// verb's limit holds, too, and nobody learns anything without a signature.
func TestHookBodies(t *testing.T) {
	t.Parallel()
	l := openHooks(t)
	sign := func(body string) http.Header {
		return webhook.Sign(webhook.GitHub, "", []string{"It's a Secret to Everybody"}, time.Time{}, []byte(body))
	}
	spaced := " {\"a\" : [1,\n2] }\n"
	for _, c := range []struct {
		body string
		of   string // what was signed
		kind string
		want string
	}{
		{spaced, spaced, "application/json", "200"},
		{spaced, spaced, "", "200"},
		{spaced, spaced, "text/plain; charset=latin1", "200"},
		{"[1]", "[1]", "application/json", "200"},
		{`{"a":[1,2]}`, spaced, "application/json", "401 invalid_signature"},
		{"", "", "application/json", "400 invalid_body"},
		{"Hello, World!", "Hello, World!", "application/json", "400 invalid_body"},
		{`{"a":1,"a":2}`, `{"a":1,"a":2}`, "application/json", "400 invalid_body"},
		{`{"a":1} x`, `{"a":1} x`, "application/json", "400 invalid_body"},
		{`"` + strings.Repeat("x", 100) + `"`, "", "application/json", "413 body_too_large"},
		{"{", "", "application/json", "401 invalid_signature"},
	} {
		header := sign(c.of)
		if c.kind != "" {
			header.Set("Content-Type", c.kind)
		}
		if got := l.deliver("/git", c.body, header); got != c.want {
			t.Errorf("%.40q as %q gives %s, want %s", c.body, c.kind, got, c.want)
		}
	}
	// GitHub's own example.
	sum, _ := hex.DecodeString("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
	if got := sign("Hello, World!").Get("X-Hub-Signature-256"); got != "sha256="+hex.EncodeToString(sum) {
		t.Error(got)
	}
	if got := l.deliver("/git?x=1", "{}", sign("{}")); got != "400 invalid_arguments" {
		t.Errorf("an argument that is not known: %s", got)
	}
	if strings.Contains(l.log.all(), "Everybody") {
		t.Error("the log shows a secret")
	}
}
