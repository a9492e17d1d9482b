package webhook

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Published examples: of Standard Webhooks' reference libraries, and of GitHub's documentation.
// Stripe publishes none; its sum is openssl's.
const (
	standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	githubSecret   = "It's a Secret to Everybody"
	stripeSecret   = "whsec_test_secret"
)

var vectors = map[string]Delivery{
	"standard": {Scheme: Standard, Secrets: []string{standardSecret}, Body: []byte(`{"test": 2432232314}`), Now: time.Unix(1614265330, 0), Header: http.Header{
		"Webhook-Id": {"msg_p5jXN8AQM9LWM0D4loKWxJek"}, "Webhook-Timestamp": {"1614265330"}, "Webhook-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}}},
	"svix": {Scheme: Standard, Secrets: []string{standardSecret}, Body: []byte(`{"test": 2432232314}`), Now: time.Unix(1614265330, 0), Header: http.Header{
		"Svix-Id": {"msg_p5jXN8AQM9LWM0D4loKWxJek"}, "Svix-Timestamp": {"1614265330"}, "Svix-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}}},
	"github": {Scheme: GitHub, Secrets: []string{githubSecret}, Body: []byte("Hello, World!"), Header: http.Header{
		"X-Hub-Signature-256": {"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}, "X-Github-Delivery": {"72d3162e"}}},
	"stripe": {Scheme: Stripe, Secrets: []string{stripeSecret}, Body: []byte(`{"id":"evt_1"}`), Now: time.Unix(1614265330, 0), Header: http.Header{
		"Stripe-Signature": {"t=1614265330,v1=e135cdbed3dda004bf8a2fb350f2541d299393c770e0b9e6e319dc595e9072aa,v0=ff"}}},
}

// decoys are secrets that did not sign.
var decoys = map[string]string{Standard: secretOf(make([]byte, 24)), GitHub: "x", Stripe: "x"}

// vector is an example with a header in place of another; "" takes it away.
func vector(name, header, value string) *Delivery {
	d := vectors[name]
	d.Header = d.Header.Clone()
	if header != "" {
		if d.Header.Del(header); value != "" {
			d.Header[http.CanonicalHeaderKey(header)] = strings.Split(value, "|")
		}
	}
	return &d
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"standard": "msg_p5jXN8AQM9LWM0D4loKWxJek", "svix": "msg_p5jXN8AQM9LWM0D4loKWxJek", "github": "72d3162e", "stripe": ""} {
		d := vector(name, "", "")
		if id, err := d.Verify(); err != nil || id != want {
			t.Errorf("%s: %q, %v", name, id, err)
		}
		d.Secrets = append([]string{decoys[d.Scheme]}, d.Secrets...)
		if _, err := d.Verify(); err != nil {
			t.Errorf("%s with another secret ahead: %v", name, err)
		}
		d.Body = append(d.Body, ' ')
		if _, err := d.Verify(); !errors.Is(err, ErrInvalidSignature) {
			t.Errorf("%s with another body: %v", name, err)
		}
		d = vector(name, "", "")
		for _, off := range []time.Duration{tolerance, -tolerance} {
			if d.Now = vectors[name].Now.Add(off); d.Scheme == GitHub {
				continue // it says no time
			}
			if _, err := d.Verify(); err != nil {
				t.Errorf("%s, %s off: %v", name, off, err)
			}
			d.Now = d.Now.Add(off / tolerance * time.Second)
			if _, err := d.Verify(); !errors.Is(err, ErrInvalidSignature) {
				t.Errorf("%s, more than %s off: %v", name, off, err)
			}
		}
	}
}

func TestInvalidSignatures(t *testing.T) {
	t.Parallel()
	good := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	for _, c := range []struct{ name, header, value, want string }{
		{"standard", "Webhook-Signature", "v1,AAAA " + good, ""},
		{"standard", "Webhook-Signature", "v1a,x v2 , " + good, ""},
		{"standard", "Webhook-Signature", strings.Repeat("v1,AAAA ", 16) + good, "17 signatures"},
		{"standard", "Webhook-Signature", "", "0 signatures"},
		{"standard", "Webhook-Signature", good[3:], "0 signatures"},
		{"standard", "Webhook-Signature", "v1a," + good[3:], "0 signatures"},
		{"standard", "Webhook-Signature", good + "|" + good, "0 signatures"},
		{"standard", "Webhook-Signature", "v1,AAAA", "no signature fits"},
		{"standard", "Webhook-Id", "", "no webhook-id"},
		{"standard", "Webhook-Id", "other", "no signature fits"},
		{"standard", "Webhook-Id", "a.b", "no webhook-id"},
		{"standard", "Webhook-Id", strings.Repeat("a", 257), "no webhook-id"},
		{"standard", "Webhook-Timestamp", "", "no time"},
		{"standard", "Webhook-Timestamp", "1614265331", "no signature fits"},
		{"standard", "Webhook-Timestamp", "01614265330", "no time"},
		{"standard", "Webhook-Timestamp", "+1614265330", "no time"},
		{"standard", "Webhook-Timestamp", "1614265330.0", "no time"},
		{"standard", "Webhook-Timestamp", "99999999999999999999", "no time"},
		{"standard", "Webhook-Timestamp", "-1", "no time"},
		{"github", "X-Hub-Signature-256", "", "0 signatures"},
		{"github", "X-Hub-Signature-256", "sha1=757107ea", "0 signatures"},
		{"github", "X-Hub-Signature-256", "sha256=757107ea", "no signature fits"},
		{"github", "X-Hub-Signature-256", "sha256=zz", "0 signatures"},
		{"github", "X-GitHub-Delivery", "", ""},
		{"github", "X-GitHub-Delivery", strings.Repeat("a", 257), "too long"},
		{"stripe", "Stripe-Signature", "", "no time"},
		{"stripe", "Stripe-Signature", "t=1614265330", "0 signatures"},
		{"stripe", "Stripe-Signature", "t=1614265330,v0=ab", "0 signatures"},
		{"stripe", "Stripe-Signature", "t=1614265330,t=1614265330,v1=ab", "two times"},
		{"stripe", "Stripe-Signature", "t=1614265330,v1=ab", "no signature fits"},
	} {
		_, err := vector(c.name, c.header, c.value).Verify()
		if c.want == "" && err != nil || c.want != "" && (!errors.Is(err, ErrInvalidSignature) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s with %s: %.60q gives %v, want %q", c.name, c.header, c.value, err, c.want)
		}
	}
	for _, list := range [][]string{nil, {""}, {"abc"}, make([]string, 17)} {
		d := vector("standard", "", "")
		d.Secrets = list
		if _, err := d.Verify(); !errors.Is(err, ErrInvalidSignature) {
			t.Errorf("the secrets %q: %v", list, err)
		}
	}
}

// TestSignVerifies: what is signed here is taken here, by each scheme and with several secrets.
func TestSignVerifies(t *testing.T) {
	t.Parallel()
	now := time.Unix(1614265330, 5)
	for scheme, secrets := range map[string][]string{Standard: {standardSecret, secretOf(make([]byte, 32))}, GitHub: {githubSecret}, Stripe: {"a", "b"}} {
		body := []byte(`{"a":1}`)
		for _, s := range secrets {
			d := Delivery{Scheme: scheme, Header: Sign(scheme, "id", secrets, now, body), Body: body, Secrets: []string{s}, Now: now}
			if id, err := d.Verify(); err != nil || id != "id" && scheme != Stripe {
				t.Errorf("%s: %q, %v", scheme, id, err)
			}
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("standard", "msg_1", "1614265330", "v1,AAAA", []byte("{}"))
	f.Add("stripe", "", "", "t=1614265330,v1=ab", []byte("{}"))
	f.Add("github", "", "", "sha256=ab", []byte("{}"))
	f.Fuzz(func(t *testing.T, scheme, id, stamp, signature string, body []byte) {
		d := &Delivery{Scheme: scheme, Secrets: []string{standardSecret}, Body: body, Now: time.Unix(1614265330, 0), Header: http.Header{
			"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {signature}, "X-Hub-Signature-256": {signature}, "Stripe-Signature": {signature}}}
		if _, err := d.Verify(); err == nil {
			t.Fatal("a signature was guessed")
		} else if !errors.Is(err, ErrInvalidSignature) {
			t.Fatal(err)
		}
	})
}

func TestCheckSecret(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		standardSecret: true, secretOf(make([]byte, 24)): true, secretOf(make([]byte, 64)): true, strings.TrimRight(secretOf(make([]byte, 25)), "="): true,
		"": false, "whsec_": false, secretOf(make([]byte, 23)): false, secretOf(make([]byte, 65)): false, standardSecret[6:]: false, "whsec_" + strings.Repeat("ä", 30): false,
	} {
		if got := CheckSecret(text) == ""; got != good {
			t.Errorf("%q: %t", text, got)
		}
	}
}
