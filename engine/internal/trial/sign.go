package trial

import (
	"crypto/rand"
	"net/http"
	"slices"
	"time"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/webhook"
)

// signature is how a request is signed as a webhook.
type signature struct {
	scheme     string
	secret, id *expression.Program
	at         time.Time // zero: now
}

// signature compiles how a request is signed; nil where it is not.
func (s *scene) signature(d *document.TestSign) *signature {
	if d == nil {
		return nil
	}
	sig := &signature{scheme: d.Scheme.Value, secret: s.names.Value(d.Secret, "secret"), id: s.optional(d.ID, "id")}
	if !slices.Contains(webhook.Schemes, sig.scheme) {
		s.problems.Add(source.Problem{Span: d.Scheme.Span, Code: "not_allowed", Text: "a scheme is standard, github or stripe", Hint: source.DidYouMean(sig.scheme, webhook.Schemes)})
	}
	if d.Time != nil {
		sig.at = s.time(d.Time)
	}
	return sig
}

// sign sets the headers that sign a body.
func (g *signature) sign(f *expression.Frame, h http.Header, body []byte) error {
	secret, err := run(g.secret, f)
	if err != nil {
		return err
	}
	id, err := run(g.id, f)
	if err != nil {
		return err
	}
	if id == nil {
		id = "msg_" + rand.Text()
	}
	at := g.at
	if at.IsZero() {
		at = f.Now()
	}
	for name, values := range webhook.Sign(g.scheme, schema.Text(id), []string{schema.Text(secret)}, at, body) {
		h[name] = values
	}
	return nil
}
