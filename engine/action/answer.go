package action

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// Answer is the response as far as it is known. Parallel branches must not write it.
type Answer struct {
	Status int         // 0: the verb's
	Header http.Header // nil until a header is set
	// Body is what respond gave, and Text that where it has a Content-Type of its own.
	Body    any
	HasBody bool
	Text    []byte
	// Send, where there is one, writes the status and the body itself: of a file, or a piece of it.
	Send func(w http.ResponseWriter, r *http.Request)
	// Token says that the answer holds a token and must not be stored.
	Token bool
}

// Pieces is a result that writes its own JSON piece by piece, once the chain has ended.
// Only a step whose result is Direct.AsJSON may give it, where Exchange.Streams allows it.
// Where it fails the connection is cut off, so that nobody takes what came for the whole.
type Pieces func(w io.Writer) error

// framing are the headers that net/http writes from the body.
var framing = []string{"Connection", "Content-Length", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// CheckHeader says what is wrong with a header (RFC 9110, section 5), or "".
func CheckHeader(name, value string) string {
	switch {
	case name == "" || strings.ContainsFunc(name, func(r rune) bool { return !tokenCharacter(r) }):
		return "a header's name has letters, digits and -"
	case slices.Contains(framing, http.CanonicalHeaderKey(name)):
		return "the header " + http.CanonicalHeaderKey(name) + " is written by the server"
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return "a header's value has no control characters or line breaks"
	}
	return ""
}

func tokenCharacter(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r < 0x7f && strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// SetHeader sets a header of the answer. A value that could forge another header
// fails with 500 invalid_header.
func (a *Answer) SetHeader(name, value string) error {
	if reason := CheckHeader(name, value); reason != "" {
		return &Failure{Status: 500, Code: "invalid_header", Detail: "A header of the answer is not valid.", Reason: reason}
	}
	if a.Header == nil {
		a.Header = make(http.Header, 4)
	}
	a.Header.Set(name, value)
	return nil
}

// AddCookie adds a Set-Cookie header.
func (a *Answer) AddCookie(c *http.Cookie) error {
	if c.Valid() != nil { // its error holds a piece of the value
		return &Failure{Status: 500, Code: "invalid_cookie", Detail: "A cookie of the answer is not valid.", Reason: fmt.Sprintf("the cookie %q cannot hold its value", c.Name)}
	}
	if a.Header == nil {
		a.Header = make(http.Header, 4)
	}
	a.Header.Add("Set-Cookie", c.String())
	return nil
}

// IsJSON reports whether the body is to be written as JSON: no header says otherwise.
func (a *Answer) IsJSON() bool {
	t := a.Header.Get("Content-Type")
	if t == "" {
		return true
	}
	t, _, _ = strings.Cut(strings.ToLower(t), ";")
	t = strings.TrimSpace(t)
	return t == "application/json" || strings.HasSuffix(t, "+json")
}
