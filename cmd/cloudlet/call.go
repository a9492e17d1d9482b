package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cloudlet/actions"
	"cloudlet/engine"
)

// callCommand is `cloudlet call`.
type callCommand struct {
	Verb      string   `arg:"" help:"get, post, put, patch or delete."`
	Path      string   `arg:"" help:"The address, as /films/7; it may have a query."`
	Arguments []string `arg:"" optional:"" name:"key=value" help:"The arguments, written as in a query. A repeated name makes a list. An argument that is a file is written key=@PATH, - for the standard input."`
	User      string   `placeholder:"NAME" help:"The user whose roles it runs with. The default is nobody."`
	Trace     bool     `help:"Show each step with its input, result and time."`
	Format    string   `enum:"text,json" default:"text" help:"text: the result alone; json: status, headers and body."`
}

// Help is what --help says besides the flags.
func (callCommand) Help() string {
	return `Runs the endpoint in this process, on the app's real database, also while the app is served. The result alone goes to the standard output. A status of 400 or more exits with 1.

Example:

    cloudlet call get /films year=1979 --trace
    cloudlet call post /films title=Alien year=1979 --user root
    cloudlet call put /films/1/picture picture=@alien.png --user root
`
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// request reads the command line.
func (c *callCommand) request() (engine.CallRequest, error) {
	r := engine.CallRequest{Method: strings.ToUpper(c.Verb), User: c.User}
	if !slices.Contains(methods, r.Method) {
		return r, usagef("%q is no verb; there are get, post, put, patch and delete", c.Verb)
	}
	path, query, _ := strings.Cut(c.Path, "?")
	if !strings.HasPrefix(path, "/") {
		return r, usagef("the path %q does not begin with /", c.Path)
	}
	r.Path = path
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair == "" {
			continue
		}
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return r, usagef("the query of %q cannot be read", c.Path)
		}
		r.Args = append(r.Args, [2]string{name, value})
	}
	for _, a := range c.Arguments {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return r, usagef("an argument is written name=value, and not %q", a)
		}
		r.Args = append(r.Args, [2]string{name, value})
	}
	return r, nil
}

// Run runs the endpoint and prints its result.
func (c *callCommand) Run(ctx context.Context, t *terminal, f *folder) (err error) {
	request, err := c.request()
	if err != nil {
		return err
	}
	dir, err := f.dir("")
	if err != nil {
		return err
	}
	e, err := engine.Open(dir, engine.WithActions(actions.All()), engine.WithLog(newLog(t.err, "text", "info")))
	if err != nil {
		return err
	}
	defer func() {
		if closed := e.Close(); err == nil {
			err = closed
		}
	}()
	request.Open = t.openFile
	if c.Format == "text" {
		request.Body = t.out
	}
	if c.Trace {
		request.Trace = (&tracer{w: t.err}).step
	}
	result, err := e.Call(ctx, request)
	if err != nil {
		return err
	}
	err = c.print(t, result)
	if settled := settle(ctx, e); err == nil {
		err = settled
	}
	return err
}

// openFile opens the file that an argument names as @PATH.
func (t *terminal) openFile(text string) (name string, content io.ReadCloser, err error) {
	path, ok := strings.CutPrefix(text, "@")
	if !ok || path == "" {
		return "", nil, errors.New("must be a file, written as @PATH")
	}
	if path == "-" {
		return "stdin", io.NopCloser(t.in), nil
	}
	f, err := os.Open(path)
	if err != nil {
		var why *os.PathError
		if errors.As(err, &why) {
			err = why.Err
		}
		return "", nil, fmt.Errorf("must be a file, and %s is none: %w", path, err)
	}
	return filepath.Base(path), f, nil
}

// settleTime is how long what the endpoint put into the queue is worked here, where no
// server of the app does it.
const settleTime = 5 * time.Second

func settle(ctx context.Context, e *engine.Engine) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	return e.Settle(ctx)
}

// print writes the result, and the status where it is news.
func (c *callCommand) print(t *terminal, r *engine.CallResult) error {
	if c.Format == "json" {
		if err := printJSON(t.out, answerPage(r)); err != nil {
			return err
		}
	} else {
		if _, err := t.out.Write(r.Body); err != nil {
			return err
		}
		if len(r.Body) > 0 && json.Valid(r.Body) {
			t.printf("\n")
		}
		if c.Trace || r.Status >= 400 {
			t.notef("%d %s\n", r.Status, http.StatusText(r.Status))
		}
	}
	if r.Status >= 400 {
		return errNo
	}
	return nil
}

// calledPage is an endpoint's answer for programs: a body that is no JSON is text.
type calledPage struct {
	Status  int                 `json:"status"`
	Headers map[string][]string `json:"headers"`
	Body    json.RawMessage     `json:"body,omitempty"`
	Text    string              `json:"text,omitempty"`
}

func answerPage(r *engine.CallResult) calledPage {
	p := calledPage{Status: r.Status, Headers: r.Header}
	if p.Headers == nil {
		p.Headers = map[string][]string{}
	}
	if json.Valid(r.Body) {
		p.Body = r.Body
	} else {
		p.Text = string(r.Body)
	}
	return p
}
