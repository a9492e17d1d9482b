package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Schemes of signatures.
const (
	Standard = "standard" // https://www.standardwebhooks.com
	GitHub   = "github"   // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
	Stripe   = "stripe"   // https://docs.stripe.com/webhooks#verify-manually
)

// Schemes lists the schemes.
var Schemes = []string{Standard, GitHub, Stripe}

const (
	prefix = "whsec_"
	// tolerance is how far the time of a signature may be from ours, both ways.
	tolerance = 5 * time.Minute
	// mostSignatures bounds how many signatures of a delivery are looked at, and mostSecrets how
	// many secrets they are compared with.
	mostSignatures = 16
	mostSecrets    = 16
	longestID      = 256
)

// CheckSecret says what is wrong with a secret of Standard Webhooks, or "".
func CheckSecret(text string) string {
	if _, ok := keyOf(text); !ok {
		return "a webhook's secret is whsec_ with 24 to 64 bytes as base64 behind it"
	}
	return ""
}

// keyOf is the key of a secret.
func keyOf(text string) ([]byte, bool) {
	rest, is := strings.CutPrefix(text, prefix)
	if !is || strings.ContainsAny(rest, "\r\n") {
		return nil, false
	}
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(rest, "="))
	return key, err == nil && len(key) >= 24 && len(key) <= 64
}

// secretOf is the text of a key.
func secretOf(key []byte) string { return prefix + base64.StdEncoding.EncodeToString(key) }

func mac(key []byte, parts ...string) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}

// Sign gives the headers of a delivery that a scheme signs it with, one signature for each
// secret. The id is that of the delivery; Stripe has it in its body.
func Sign(scheme, id string, secrets []string, at time.Time, body []byte) http.Header {
	h := http.Header{}
	stamp := strconv.FormatInt(at.Unix(), 10)
	switch scheme {
	case GitHub:
		if id != "" {
			h.Set("X-GitHub-Delivery", id)
		}
		for _, s := range secrets {
			h.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac([]byte(s), string(body))))
		}
	case Stripe:
		text := "t=" + stamp
		for _, s := range secrets {
			text += ",v1=" + hex.EncodeToString(mac([]byte(s), stamp, ".", string(body)))
		}
		h.Set("Stripe-Signature", text)
	default:
		var list []string
		for _, s := range secrets {
			key, _ := keyOf(s)
			list = append(list, "v1,"+base64.StdEncoding.EncodeToString(mac(key, id, ".", stamp, ".", string(body))))
		}
		h["Webhook-Id"], h["Webhook-Timestamp"], h["Webhook-Signature"] = []string{id}, []string{stamp}, []string{strings.Join(list, " ")}
	}
	return h
}

// Delivery is what came in.
type Delivery struct {
	Scheme  string
	Header  http.Header
	Body    []byte
	Secrets []string // any of which may have signed it
	Now     time.Time
}

// Verify holds a delivery against its signature, in a time that does not depend on
// how wrong it is, and gives its id, which is "" for Stripe's, whose id stands in the
// body. It fails with ErrInvalidSignature.
func (d *Delivery) Verify() (id string, err error) {
	if len(d.Secrets) == 0 || len(d.Secrets) > mostSecrets {
		return "", ErrInvalidSignature.Because("there are %d secrets, and at most %d may be", len(d.Secrets), mostSecrets)
	}
	switch d.Scheme {
	case GitHub:
		return d.github()
	case Stripe:
		return "", d.stripe()
	}
	return d.standard()
}

// header is a header that stands once: of two, another program might see the other.
func (d *Delivery) header(names ...string) string {
	for _, name := range names {
		if list := d.Header[http.CanonicalHeaderKey(name)]; len(list) == 1 {
			return list[0]
		}
	}
	return ""
}

func (d *Delivery) standard() (string, error) {
	id, stamp := d.header("webhook-id", "svix-id"), d.header("webhook-timestamp", "svix-timestamp")
	if id == "" || len(id) > longestID || strings.Contains(id, ".") {
		return "", ErrInvalidSignature.Because("there is no webhook-id")
	}
	if err := d.fresh(stamp); err != nil {
		return "", err
	}
	var given [][]byte
	for text := range strings.FieldsSeq(d.header("webhook-signature", "svix-signature")) {
		if version, rest, _ := strings.Cut(text, ","); version == "v1" {
			if sum, err := base64.StdEncoding.DecodeString(rest); err == nil {
				given = append(given, sum)
			}
		}
	}
	return id, d.match(given, func(secret string) ([]byte, bool) {
		key, ok := keyOf(secret)
		return mac(key, id, ".", stamp, ".", string(d.Body)), ok
	})
}

func (d *Delivery) github() (string, error) {
	var given [][]byte
	if text, is := strings.CutPrefix(d.header("X-Hub-Signature-256"), "sha256="); is {
		if sum, err := hex.DecodeString(text); err == nil {
			given = append(given, sum)
		}
	}
	id := d.header("X-GitHub-Delivery")
	if len(id) > longestID {
		return "", ErrInvalidSignature.Because("the X-GitHub-Delivery is too long")
	}
	return id, d.match(given, func(secret string) ([]byte, bool) { return mac([]byte(secret), string(d.Body)), secret != "" })
}

func (d *Delivery) stripe() error {
	stamp := ""
	var given [][]byte
	for part := range strings.SplitSeq(d.header("Stripe-Signature"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "t":
			if stamp != "" {
				return ErrInvalidSignature.Because("there are two times")
			}
			stamp = value
		case "v1":
			if sum, err := hex.DecodeString(value); err == nil {
				given = append(given, sum)
			}
		}
	}
	if err := d.fresh(stamp); err != nil {
		return err
	}
	return d.match(given, func(secret string) ([]byte, bool) {
		return mac([]byte(secret), stamp, ".", string(d.Body)), secret != ""
	})
}

// fresh refuses a time that is too far from ours.
func (d *Delivery) fresh(stamp string) error {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<40 || strconv.FormatInt(seconds, 10) != stamp {
		return ErrInvalidSignature.Because("there is no time of the signature")
	}
	if off := d.Now.Sub(time.Unix(seconds, 0)); off > tolerance || off < -tolerance {
		return ErrInvalidSignature.Because("the signature's time is %s off", off.Round(time.Second))
	}
	return nil
}

// match compares signatures with what each secret makes of the delivery.
func (d *Delivery) match(given [][]byte, sum func(secret string) ([]byte, bool)) error {
	if len(given) == 0 || len(given) > mostSignatures {
		return ErrInvalidSignature.Because("there are %d signatures of the scheme %s, and from 1 to %d should be", len(given), d.Scheme, mostSignatures)
	}
	good := false
	for _, s := range d.Secrets {
		want, ok := sum(s)
		if !ok {
			return ErrInvalidSignature.Because("a secret is none of the scheme %s", d.Scheme)
		}
		for _, g := range given {
			good = hmac.Equal(g, want) || good
		}
	}
	if !good {
		return ErrInvalidSignature.Because("no signature fits")
	}
	return nil
}
