package web

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/outgoing"
)

func runHTTP(c *action.Call, in *httpInputs) (any, error) {
	r := &outgoing.Request{Method: in.Method, Header: http.Header{}, MaxSize: in.maxSize, Follow: in.Follow, Hosts: in.Hosts}
	var err error
	for _, fill := range []func(*action.Call, *outgoing.Request) error{in.fillAddress, in.fillHeaders, in.fillBody, in.fillCredentials} {
		if err = fill(c, r); err != nil {
			return nil, err
		}
	}
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "Cloudlet")
	}
	if r.Header.Get("Traceparent") == "" {
		r.Header.Set("Traceparent", traceparent(c))
	}
	a, err := c.Services.HTTP.Do(c.Context, r)
	if err != nil {
		return nil, err
	}
	if !hold(in.expect, a.Status) {
		f := action.Fail(http.StatusBadGateway, unexpectedStatus, "Another service answered with an unexpected status.")
		f.Lasting = a.Status < 500 && a.Status != http.StatusRequestTimeout && a.Status != http.StatusTooManyRequests
		f.Reason = a.From + " answered " + http.StatusText(a.Status) + " (" + schema.Text(a.Status) + ")"
		return nil, f
	}
	body, err := decoded(a)
	if err != nil {
		return nil, err
	}
	return answerShape.New([]any{a.Status, headersOf(a.Header), body}), nil
}

var answerShape = schema.NewShape("status", "headers", "body")

// traceparent has the service's spans belong to the request (W3C Trace Context).
func traceparent(c *action.Call) string {
	var span [8]byte
	rand.Read(span[:]) // never fails
	return "00-" + c.TraceID() + "-" + hex.EncodeToString(span[:]) + "-00"
}

// fillAddress evaluates the address, with the query.
func (in *httpInputs) fillAddress(c *action.Call, r *outgoing.Request) (err error) {
	if r.URL, err = in.address.evaluate(c, &in.URL); err != nil {
		return err
	}
	query, given, err := in.Query.Optional(c)
	if err != nil || !given {
		return err
	}
	if more := encoded(query); more != "" {
		r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&"+more, "&")
	}
	return nil
}

// encoded is a form of names and values in their order; a list repeats its name, null is left out.
func encoded(o *schema.Object) string {
	var b strings.Builder
	each(o, func(name, value string) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(value))
	})
	return b.String()
}

func each(o *schema.Object, do func(name, value string)) {
	for name, v := range o.All() {
		list, isList := v.([]any)
		if !isList {
			list = []any{v}
		}
		for _, item := range list {
			if item != nil {
				do(name, schema.Text(item))
			}
		}
	}
}

func (in *httpInputs) fillHeaders(c *action.Call, r *outgoing.Request) error {
	headers, given, err := in.Headers.Optional(c)
	if err != nil || !given {
		return err
	}
	each(headers, func(name, value string) {
		if wrong := checkSent(name, value); wrong != "" {
			err = &action.Failure{Status: 500, Code: "invalid_header", Detail: "A header to another service is not valid.", Reason: wrong}
			return
		}
		r.Header.Add(name, value)
	})
	return err
}

func (in *httpInputs) fillBody(c *action.Call, r *outgoing.Request) error {
	var text []byte
	content := ""
	switch {
	case in.Files.Given():
		return in.fillFiles(c, r)
	case in.JSON.Given():
		v, err := in.JSON.Value(c)
		if err != nil {
			return err
		}
		text, content = schema.AppendJSON(nil, v), "application/json"
	case in.Form.Given():
		form, _, err := in.Form.Optional(c)
		if err != nil || form == nil {
			return err
		}
		text, content = []byte(encoded(form)), "application/x-www-form-urlencoded"
	case in.Body.Given():
		v, err := in.Body.Value(c)
		if err != nil || v == nil {
			return err
		}
		raw, isBytes := v.([]byte)
		if text, content = raw, "application/octet-stream"; !isBytes {
			text, content = []byte(schema.Text(v)), "text/plain; charset=utf-8"
		}
	default:
		return nil
	}
	if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", content)
	}
	r.Body = outgoing.Bytes(text)
	return nil
}

func (in *httpInputs) fillCredentials(c *action.Call, r *outgoing.Request) error {
	value := ""
	if token, given, err := in.Bearer.Optional(c); err != nil {
		return err
	} else if given {
		value = "Bearer " + token
	}
	basic, given, err := in.Basic.Optional(c)
	if err != nil {
		return err
	}
	if given {
		username, _ := basic.Lookup("username")
		password, _ := basic.Lookup("password")
		if strings.Contains(schema.Text(username), ":") { // its rest would be the begin of the password (RFC 7617)
			return &action.Failure{Status: 500, Code: "invalid_header", Detail: "A header to another service is not valid.", Reason: "the username of basic holds a colon"}
		}
		value = "Basic " + base64.StdEncoding.EncodeToString([]byte(schema.Text(username)+":"+schema.Text(password)))
	}
	if value == "" {
		return nil
	}
	if wrong := action.CheckHeader("Authorization", value); wrong != "" {
		return &action.Failure{Status: 500, Code: "invalid_header", Detail: "A header to another service is not valid.", Reason: wrong}
	}
	r.Header.Set("Authorization", value)
	return nil
}

// headersOf are headers by their names in lower case.
func headersOf(h http.Header) *schema.Object {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	values := make([]any, len(names))
	for i, name := range names {
		names[i], values[i] = strings.ToLower(name), strings.ToValidUTF8(strings.Join(h[name], ", "), "\uFFFD")
	}
	return schema.NewShape(names...).New(values)
}

// textual are the types beside text/… whose content is a text.
var textual = []string{"application/xml", "application/javascript", "application/x-www-form-urlencoded", "application/yaml", "application/graphql"}

// decoded is the body by its type: a value, a text, or bytes.
func decoded(a *outgoing.Answer) (any, error) {
	if len(a.Body) == 0 {
		return nil, nil
	}
	media, parameters, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	charset := strings.ToLower(parameters["charset"])
	if err != nil || a.Encoded() || charset != "" && charset != "utf-8" && charset != "us-ascii" {
		return a.Body, nil
	}
	switch {
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		v, err := schema.DecodeAny(bytes.TrimPrefix(a.Body, []byte("\uFEFF")))
		if err != nil {
			return nil, outgoing.ErrInvalidAnswer.Because("%s says that its answer is JSON, and it cannot be read", a.From)
		}
		return v, nil
	case (strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+xml") || slices.Contains(textual, media)) && utf8.Valid(a.Body):
		return string(a.Body), nil
	}
	return a.Body, nil
}
