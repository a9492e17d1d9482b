package arguments

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The codes of a Failure.
const (
	InvalidArguments     = "invalid_arguments"      // 400: Errors says which
	InvalidBody          = "invalid_body"           // 400: the body cannot be read at all
	BodyTimeout          = "body_timeout"           // 408: the client sends it too slowly
	BodyTooLarge         = "body_too_large"         // 413
	UnsupportedMediaType = "unsupported_media_type" // 415
)

// maxErrors is how many errors one failure lists.
const maxErrors = 100

// Failure is why a request's arguments cannot be used, in the client's words.
type Failure struct {
	Status int     // the HTTP status: 400, 408, 413 or 415; 500 with a Cause
	Code   string  // stable: one of the codes of this package
	Detail string  // one sentence
	Errors []Error // only for InvalidArguments and FileTooLarge: at most 100, by declaration, then unknown names in order
	Cause  error   // what kept the server from taking a file; nil where it was the client
}

// Error is one mistake in the arguments. It never holds a value.
type Error struct {
	Argument string `json:"argument"`     // "age", "address.zip", "tags[1]"
	In       string `json:"in,omitempty"` // path, query, header, cookie or body; "" where nothing says so
	Message  string `json:"message"`      // to be read behind the name: "must be an integer"
}

// Error is the code, the detail and every error, on one line.
func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString(f.Code + ": " + f.Detail)
	separator := ": "
	for _, e := range f.Errors {
		b.WriteString(separator + e.Argument + " " + e.Message)
		separator = "; "
	}
	return b.String()
}

// located is an error with the place of its argument in the declaration; unknown
// names stand behind all declared ones.
type located struct {
	Error
	place int
}

// failure is the one failure for all errors, or nil for none. Nested errors of one
// argument stay in the order in which they were found.
func failure(found []located, declared int) *Failure {
	if len(found) == 0 {
		return nil
	}
	slices.SortStableFunc(found, func(a, b located) int {
		if a.place != b.place || a.place < declared {
			return a.place - b.place
		}
		return cmp.Or(strings.Compare(a.Argument, b.Argument), strings.Compare(a.In, b.In))
	})
	f := &Failure{Status: http.StatusBadRequest, Code: InvalidArguments, Detail: "1 argument is not valid"}
	if len(found) > 1 {
		f.Detail = fmt.Sprintf("%d arguments are not valid", len(found))
	}
	f.Errors = make([]Error, len(found))
	for i, e := range found {
		f.Errors[i] = e.Error
	}
	return f
}

func invalidBody(format string, args ...any) *Failure {
	return &Failure{Status: http.StatusBadRequest, Code: InvalidBody, Detail: fmt.Sprintf(format, args...) + "."}
}
