package expression

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"cloudlet/engine/language/schema"
)

// The codes of an Error.
const (
	codeNull       = "null_value"
	codeArithmetic = "arithmetic"
	codeExpensive  = "expression_too_expensive"
	codeOperand    = "invalid_operand"
	codeIndex      = "index_out_of_range"
	codeStopped    = "stopped"
)

// Error is why an evaluation failed. Code is one of null_value, arithmetic,
// expression_too_expensive, invalid_operand (a json value of a type that does not
// fit), index_out_of_range, or stopped (Frame.Done; errors.Is finds what Done said).
// From and To are the bytes of the source; both are 0 where the program has none.
// Text never holds a value, so it may be logged whatever the expression reads.
type Error struct {
	Code     string
	From, To int
	Text     string

	placed bool
	cause  error
}

// Error is the text with the code.
func (e *Error) Error() string { return e.Code + ": " + e.Text }

// Unwrap is what Frame.Done said, or nil.
func (e *Error) Unwrap() error { return e.cause }

// errSkip carries a null from a?.b to the end of its chain; it never leaves one.
var errSkip = errors.New("skipped")

func fail(code, text string) error { return &Error{Code: code, Text: text} }

func operandf(format string, args ...any) error {
	return fail(codeOperand, fmt.Sprintf(format, args...))
}

// place says where an error happened, unless a part inside has said it already.
func place(err error, from, to int) error {
	if e, ok := err.(*Error); ok && !e.placed {
		e.From, e.To, e.placed = from, to, true
	}
	return err
}

// kindOf is the kind of a value; every text is String.
func kindOf(v any) schema.Kind {
	switch v.(type) {
	case nil:
		return schema.Null
	case bool:
		return schema.Bool
	case int:
		return schema.Int
	case float64:
		return schema.Float
	case schema.Decimal:
		return schema.DecimalK
	case string:
		return schema.String
	case time.Time:
		return schema.DateTime
	case time.Duration:
		return schema.Duration
	case []byte:
		return schema.Bytes
	case []any:
		return schema.List
	case *schema.Object:
		return schema.ObjectK
	}
	return schema.JSON
}

// word is the type in one word, for messages: list, object, secret.
func word(t *schema.Type) string {
	if t.Kind == schema.String && t.Class == schema.Secret {
		return "secret"
	}
	return t.Kind.String()
}

// an puts the article before a word.
func an(word string) string {
	if strings.ContainsRune("aeiou", rune(word[0])) && !strings.HasPrefix(word, "u") {
		return "an " + word
	}
	return "a " + word
}
