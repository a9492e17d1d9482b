package failure

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestErrorsAreToldApart(t *testing.T) {
	t.Parallel()
	gone := &Error{Status: 404, Code: "not_found", Detail: "There is no such film."}
	other := &Error{Status: 404, Code: "not_found", Detail: "There is no such user."}
	made := fmt.Errorf("look it up: %w", gone.Saying("There is no film %d.", 7).Because("row %d", 7).CausedBy(io.EOF).After(time.Second))
	if !errors.Is(made, gone) || !errors.Is(made, io.EOF) || !errors.Is(gone, gone.After(0)) {
		t.Error("what is added hides the declared error, or the cause")
	}
	if errors.Is(made, other) || errors.Is(gone, io.EOF) {
		t.Error("another service's error of the same code is taken for it")
	}
	var e *Error
	if !errors.As(made, &e) || e.Detail != "There is no film 7." || e.Error() != "row 7" || e.Cause != io.EOF || e.RetryAfter != time.Second {
		t.Errorf("%+v", e)
	}
	if gone.Error() != "There is no such film." || gone.Reason != "" || gone.Cause != nil || gone.RetryAfter != 0 {
		t.Errorf("the declared error was changed: %+v", gone)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	t.Parallel()
	long := new(Error).Because("%s", strings.Repeat("ä", 1000)+"\xff").Reason
	if len(long) > longestReason+len("…") || !utf8.ValidString(long) {
		t.Errorf("%d bytes: %q", len(long), long)
	}
	if broken := new(Error).Because("a\xffb").Reason; broken != "a?b" {
		t.Errorf("%q", broken)
	}
}
