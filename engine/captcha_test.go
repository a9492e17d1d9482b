package engine_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"

	"github.com/altcha-org/altcha-lib-go"
)

// TestCaptchaSolved does the work of a challenge that an endpoint gives, and shows it to
// another: once, not a second time, and not after a restart either.
func TestCaptchaSolved(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{
		"cloudlet.yaml":            "captcha: {altcha: {max_number: 1000}}\n",
		"endpoints/challenge.yaml": "get:\n  actions:\n    - captcha.challenge:\n",
		"endpoints/register.yaml":  "post:\n  arguments: {altcha: string}\n  actions:\n    - captcha: ${args.altcha}\n    - return: welcome\n",
	})
	work := func() string {
		t.Helper()
		status, text, _ := strings.Cut(l.get("/challenge", ""), " ")
		var c struct {
			Algorithm, Challenge, Salt, Signature string
			MaxNumber                             int `json:"maxnumber"`
		}
		if err := json.Unmarshal([]byte(text), &c); err != nil || status != "200" || c.MaxNumber != 1000 {
			t.Fatalf("the challenge is %s %s", status, text)
		}
		found, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.Algorithm(c.Algorithm), c.MaxNumber, 0, nil)
		if err != nil || found == nil {
			t.Fatal("nobody solves it", err)
		}
		solved, err := json.Marshal(altcha.Payload{Algorithm: c.Algorithm, Challenge: c.Challenge, Number: int64(found.Number), Salt: c.Salt, Signature: c.Signature})
		fatal(t, err)
		return base64.StdEncoding.EncodeToString(solved)
	}
	first, second := work(), work()
	for _, c := range []struct{ token, want string }{
		{first, `200 "welcome"`}, {first, "400 captcha_failed"}, {second[:len(second)-8], "400 captcha_failed"}, {"e30=", "400 captcha_failed"}, {"", "400 captcha_failed"},
	} {
		if got := l.register(l.server, c.token); got != c.want {
			t.Errorf("%.12q gives %s, want %s", c.token, got, c.want)
		}
	}
	l.server.Close()
	fatal(t, l.engine.Close())
	again, err := engine.Open(l.dir, engine.WithActions(actions.All()), engine.WithEnvironment(func(string) string { return "" }))
	fatal(t, err)
	server := httptest.NewServer(again)
	defer again.Close()
	defer server.Close()
	if got := l.register(server, first); got != "400 captcha_failed" {
		t.Errorf("a solution that was used before a restart gives %s", got)
	}
	if got := l.register(server, second); got != `200 "welcome"` {
		t.Errorf("one that was not gives %s", got)
	}
}

// register shows a solution: the status, and the code of a failure or the body.
func (l *live) register(server *httptest.Server, token string) string {
	l.t.Helper()
	w, err := client.PostForm(server.URL+"/register", url.Values{"altcha": {token}})
	fatal(l.t, err)
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	fatal(l.t, err)
	var problem struct{ Code string }
	if json.Unmarshal(text, &problem) == nil && problem.Code != "" {
		return fmt.Sprintf("%d %s", w.StatusCode, problem.Code)
	}
	return fmt.Sprintf("%d %s", w.StatusCode, text)
}
