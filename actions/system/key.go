package system

import (
	"fmt"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

const keyDoc = "In a key, a value inside a text is escaped, so that whoever chooses it reaches no other key: user/${args.id} is never user/ada/cart. Put / or : between the parts."

// checkKey has the values inside a key escaped, and warns of a key that is the client's as a whole.
func checkKey(l action.Load, name string, key *action.Expr[action.Text]) {
	key.Escape(escapePart)
	t := key.Type()
	if key.Chosen() && (t.Kind == schema.String || t.Kind == schema.JSON) && (t.Limits == nil || len(t.Limits.Enum) == 0) {
		l.Problem(source.Problem{Span: l.At(name), Code: "chosen_key", Warning: true, Text: "whoever asks chooses the whole key, and reaches those of others",
			Hint: fmt.Sprintf("begin it with a text, as in films/${%s}", strings.TrimSpace(key.String()))})
	}
}

// escapePart writes the ASCII characters of a value that may stand between the parts of a key as URLs
// do. Letters, digits, space, - . _ and ~ stay, as they are common in values.
func escapePart(value string) string {
	plain := func(b byte) bool {
		return b >= 0x80 || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte(" -._~", b) >= 0
	}
	n := 0
	for i := range len(value) {
		if !plain(value[i]) {
			n++
		}
	}
	if n == 0 {
		return value
	}
	var b strings.Builder
	b.Grow(len(value) + 2*n)
	for i := range len(value) {
		if plain(value[i]) {
			b.WriteByte(value[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", value[i])
		}
	}
	return b.String()
}
