package trial

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"cloudlet/engine/language/schema"
)

// Outgoing answers the requests that the app sends to others, from the test alone:
// nothing leaves the machine. It is an http.RoundTripper.
type Outgoing struct {
	mu         sync.Mutex
	answers    map[string][]reply // by "GET https://api.example.com/x"
	unexpected []string
	sent       []*schema.Object
}

// reply is one answer.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// begin takes the answers of a test.
func (o *Outgoing) begin(answers map[string][]reply) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answers, o.unexpected, o.sent = answers, nil, nil
}

// RoundTrip implements http.RoundTripper. Of several answers to one address each is
// given once, the last again and again.
func (o *Outgoing) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	value := requestValue(r, body)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent = append(o.sent, value)
	name := r.Method + " " + r.URL.String()
	if _, ok := o.answers[name]; !ok {
		name, _, _ = strings.Cut(name, "?")
	}
	list, ok := o.answers[name]
	if !ok {
		name = r.Method + " " + r.URL.Redacted()
		o.unexpected = append(o.unexpected, name)
		return nil, fmt.Errorf("the test has no answer to %s", name)
	}
	if len(list) > 1 {
		o.answers[name] = list[1:]
	}
	a := list[0]
	return &http.Response{StatusCode: a.status, Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: maps.Clone(a.header), Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r}, nil
}

// take gives the requests since it was called last.
func (o *Outgoing) take() []*schema.Object {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.sent
	o.sent = nil
	return list
}

// refused gives the requests that nobody expected, and forgets them.
func (o *Outgoing) refused() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.unexpected
	o.unexpected = nil
	return list
}

// known lists the requests that there are answers to.
func (o *Outgoing) known() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.answers))
}

// newReply makes an answer from what the test says.
func newReply(status int, headers, body any, isText bool) reply {
	a := reply{status: status, header: http.Header{}}
	if o, ok := headers.(*schema.Object); ok {
		for name, v := range o.All() {
			a.header.Set(name, schema.Text(v))
		}
	}
	switch {
	case isText:
		a.body = []byte(schema.Text(body))
	case body != nil:
		a.body = schema.AppendJSON(nil, body)
		if a.header.Get("Content-Type") == "" {
			a.header.Set("Content-Type", "application/json")
		}
	}
	return a
}
