package crypto

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// keyRefused is what a step fails with whose key cannot be used.
var keyRefused = action.Outcome{Status: 500, Code: "key_refused", When: "the key is too short, is none of the algorithm, or is the app's own secret"}

func refused(reason string) error {
	return &action.Failure{Status: keyRefused.Status, Code: keyRefused.Code, Detail: "Something went wrong here. It has been logged.", Reason: reason}
}

// checkKey refuses a key that is known to be too short, and warns of one that stands in the file.
func checkKey(l action.Load, e *action.Expr[string], least int) {
	text, known := e.Constant()
	if known && e.Given() && utf8.RuneCountInString(text) < least {
		l.Problem(source.Problem{Span: l.At("key"), Code: "short_key", Text: fmt.Sprintf("a key has at least %d characters, and this one has %d", least, utf8.RuneCountInString(text)),
			Hint: "openssl rand -base64 32 makes one"})
		return
	}
	if known && e.Given() && e.Type().Highest() < schema.Secret && !strings.Contains(text, "PUBLIC KEY") {
		l.Problem(source.Problem{Span: l.At("key"), Code: "key_in_file", Warning: true, Text: "a key that stands in an endpoint file is known to whoever reads it",
			Hint: "put it under secrets in cloudlet.yaml, and write ${secrets.NAME}"})
	}
}

// keysOf are the key and those before it. Those of the app itself are refused: who signs
// with them makes tickets.
func keysOf(c *action.Call, key *action.Expr[string], previous *action.Expr[[]string]) ([]string, error) {
	text, err := key.Value(c)
	if err != nil {
		return nil, err
	}
	old, _, err := previous.Optional(c)
	if err != nil {
		return nil, err
	}
	list := append([]string{text}, old...)
	for _, k := range list {
		if k == "" {
			return nil, refused("a key is empty")
		}
		if c.Services.Keys.Holds(k) {
			return nil, refused("the key is the app's own secret, which signs tickets")
		}
	}
	return list, nil
}

const (
	mostKeys = 16 // of one step
	leastKey = 32 // characters, of what encrypts
)

// one is no previous keys.
var one action.Expr[[]string]
