package arguments

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloudlet/engine/language/schema"
)

var integer = schema.IntType

func pointer(n int) *int { return &n }

// film is the arguments that most tests use.
func film() []schema.Field {
	zip := &schema.Type{Kind: schema.String, Limits: &schema.Limits{MinLength: pointer(5)}}
	return []schema.Field{
		{Name: "id", Type: integer, In: schema.InPath},
		{Name: "title", Type: schema.StringType},
		{Name: "year", Type: &schema.Type{Kind: schema.Int, Limits: &schema.Limits{Min: 1888, Max: 2100}}, Optional: true},
		{Name: "page", Type: integer, Optional: true, HasDefault: true, Default: 1},
		{Name: "tags", Type: schema.ListOf(schema.StringType), Optional: true},
		{Name: "address", Type: schema.ObjectOf(schema.Field{Name: "street", Type: schema.StringType}, schema.Field{Name: "zip", Type: zip}), Optional: true},
		{Name: "x-token", Type: schema.SecretType, In: schema.InHeader, Optional: true},
		{Name: "session", Type: schema.StringType, In: schema.InCookie, Optional: true},
		{Name: "q", Type: schema.StringType, In: schema.InQuery, Optional: true},
	}
}

type request struct {
	method, query, body, media string
	header                     http.Header
	path                       map[string]string
}

func (q request) http() *http.Request {
	r := httptest.NewRequest(q.method, "/", strings.NewReader(q.body))
	r.URL.RawQuery = q.query
	for k, v := range q.header {
		r.Header[k] = v
	}
	if q.media != "" {
		r.Header.Set("Content-Type", q.media)
	}
	return r
}

func (q request) decode(s *Set) (string, *Failure) {
	values := make([]any, s.Shape().Len())
	f := s.Decode(q.http(), func(name string) string { return q.path[name] }, 1000, nil, values)
	if f != nil {
		return "", f
	}
	return string(schema.AppendJSON(nil, s.Shape().New(values))), nil
}

const form = "application/x-www-form-urlencoded"

func multipartBody(parts ...string) string {
	var b strings.Builder
	for i := 0; i < len(parts); i += 2 {
		b.WriteString("--x\r\nContent-Disposition: form-data; " + parts[i] + "\r\n\r\n" + parts[i+1] + "\r\n")
	}
	return b.String() + "--x--\r\n"
}

func TestDecodeAccepts(t *testing.T) {
	t.Parallel()
	one := map[string]string{"id": "1"}
	for name, c := range map[string]struct {
		request
		want string
	}{
		"a query": {request{method: "GET", query: "title=Al+ien%21&year=1979&tags=a&tags=b&&q=x", path: one},
			`{"id":1,"title":"Al ien!","year":1979,"page":1,"tags":["a","b"],"address":null,"x-token":null,"session":null,"q":"x"}`},
		"an empty text": {request{method: "DELETE", query: "title", path: one},
			`{"id":1,"title":"","year":null,"page":1,"tags":null,"address":null,"x-token":null,"session":null,"q":null}`},
		"an object in a query is JSON": {request{method: "GET", query: `title=a&address={"zip":"12345","street":"s"}`, path: one},
			`{"id":1,"title":"a","year":null,"page":1,"tags":null,"address":{"street":"s","zip":"12345"},"x-token":null,"session":null,"q":null}`},
		"headers and cookies": {request{method: "GET", query: "title=a", path: one,
			header: http.Header{"X-Token": {"t"}, "Cookie": {"session=s; other=o"}, "X-Other": {"o"}}},
			`{"id":1,"title":"a","year":null,"page":1,"tags":null,"address":null,"x-token":"t","session":"s","q":null}`},
		"a JSON body": {request{method: "POST", query: "q=y", media: "application/json", path: one,
			body: ` {"title":"a\u0062","year":null,"page":2,"tags":["x"],"address":{"zip":"12345","street":"s"}} `},
			`{"id":1,"title":"ab","year":null,"page":2,"tags":["x"],"address":{"street":"s","zip":"12345"},"x-token":null,"session":null,"q":"y"}`},
		"another JSON": {request{method: "PUT", media: "application/merge-patch+json; charset=UTF-8", path: one, body: `{"title":"a"}`},
			`{"id":1,"title":"a","year":null,"page":1,"tags":null,"address":null,"x-token":null,"session":null,"q":null}`},
		"a form": {request{method: "PATCH", media: form, path: one, body: "title=a&year=1979&tags=x&tags=y"},
			`{"id":1,"title":"a","year":1979,"page":1,"tags":["x","y"],"address":null,"x-token":null,"session":null,"q":null}`},
		"multipart": {request{method: "POST", media: "multipart/form-data; boundary=x", path: one, body: multipartBody(`name="title"`, "a\r\nb", `name="tags"`, "x", `name="year"`, "2000")},
			`{"id":1,"title":"a\r\nb","year":2000,"page":1,"tags":["x"],"address":null,"x-token":null,"session":null,"q":null}`},
		"a body of a GET is ignored": {request{method: "GET", query: "title=a", media: "application/json", path: one, body: `{"title":`},
			`{"id":1,"title":"a","year":null,"page":1,"tags":null,"address":null,"x-token":null,"session":null,"q":null}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, f := c.decode(Compile(film(), c.method, false))
			if f != nil {
				t.Fatal(f)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	one := map[string]string{"id": "1"}
	for name, c := range map[string]struct {
		request
		want []Error
	}{
		"everything at once": {request{method: "GET", query: "yaer=1&page=x&zzz=2&zzz=3&q=a&q=b", path: map[string]string{"id": "x"}, header: http.Header{"X-Token": {"s1", "s2"}}}, []Error{
			{"id", "path", "must be an integer"}, {"title", "query", "is missing"}, {"page", "query", "must be an integer"},
			{"x-token", "header", "is given more than once"}, {"q", "query", "is given more than once"},
			{"yaer", "query", "is not known; did you mean year?"}, {"zzz", "query", "is not known"}}},
		"limits": {request{method: "GET", query: "title=a&year=1", path: one}, []Error{{"year", "query", "must be at least 1888"}}},
		"bad escapes": {request{method: "GET", query: "title=%zz&%=1&q=%e4", path: one}, []Error{
			{"title", "query", "is not encoded correctly"}, {"q", "query", "must be valid UTF-8"}, {"%", "query", "is not encoded correctly"}}},
		"a semicolon": {request{method: "GET", query: "title=a;q=b&c;d=1", path: one}, []Error{
			{"title", "query", "holds a ; that is not encoded as %3B"}, {"c;d", "query", "holds a ; that is not encoded as %3B"}}},
		"the wrong place": {request{method: "POST", query: "title=a&x-token=b&id=3&session=4", path: one, media: "application/json", body: `{"q":1}`}, []Error{
			{"id", "query", "belongs in the path"}, {"title", "query", "belongs in the body"}, {"x-token", "query", "belongs in a header"},
			{"session", "query", "belongs in a cookie"}, {"q", "body", "belongs in the query"}}},
		"nested": {request{method: "POST", path: one, media: "application/json", body: `{"title":1,"tags":["a",2],"address":{"zip":"1","zpi":2},"page":null}`}, []Error{
			{"title", "body", "must be a string"}, {"page", "body", "must not be null"}, {"tags[1]", "body", "must be a string"},
			{"address.zip", "body", "must have at least 5 characters"}, {"address.zpi", "body", "is not known; did you mean zip?"},
			{"address.street", "body", "is missing"}}},
		"no body": {request{method: "POST", path: one, media: "text/plain"}, []Error{{"title", "body", "is missing"}}},
		"a file":  {request{method: "POST", path: one, media: "multipart/form-data; boundary=x", body: multipartBody(`name="title"; filename="a"`, "x")}, []Error{{"title", "body", "must not be a file"}}},
		"a long name": {request{method: "GET", query: "title=a&" + strings.Repeat("ä", 99) + "=1", path: one}, []Error{
			{strings.Repeat("ä", 64) + "…", "query", "is not known"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, f := c.decode(Compile(film(), c.method, false))
			if f == nil {
				t.Fatal("accepted")
			}
			detail := strconv.Itoa(len(c.want)) + " arguments are not valid"
			if len(c.want) == 1 {
				detail = "1 argument is not valid"
			}
			want := &Failure{400, "invalid_arguments", detail, c.want, nil}
			if diff := cmp.Diff(want, f); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeBodies(t *testing.T) {
	t.Parallel()
	deep := `{"title":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`
	for name, c := range map[string]struct {
		media, body string
		want        Failure
	}{
		"a text":           {"text/plain", "x", Failure{415, "unsupported_media_type", "The content type text/plain is not supported; expected application/json, application/x-www-form-urlencoded or multipart/form-data.", nil, nil}},
		"no type":          {"", "{}", Failure{415, "unsupported_media_type", "The body has no content type; expected application/json, application/x-www-form-urlencoded or multipart/form-data.", nil, nil}},
		"a broken type":    {"/;;", "{}", Failure{415, "unsupported_media_type", "The content type cannot be read; expected application/json, application/x-www-form-urlencoded or multipart/form-data.", nil, nil}},
		"a charset":        {"application/json; charset=latin1", "{}", Failure{415, "unsupported_media_type", "The charset latin1 is not supported; expected utf-8.", nil, nil}},
		"too much":         {"application/json", strings.Repeat(" ", 1001), Failure{413, "body_too_large", "The body has more than 1000 bytes.", nil, nil}},
		"a list":           {"application/json", "[1]", Failure{400, "invalid_body", "The body must be a JSON object.", nil, nil}},
		"white space":      {"application/json", "  ", Failure{400, "invalid_body", "The body is not valid JSON at byte 0: the text ends too early.", nil, nil}},
		"half":             {"application/json", `{"title":"a`, Failure{400, "invalid_body", "The body is not valid JSON at byte 11: the text ends too early.", nil, nil}},
		"no JSON":          {"application/json", `{"title":x}`, Failure{400, "invalid_body", "The body is not valid JSON at byte 9: invalid character 'x' at start of value.", nil, nil}},
		"a duplicate":      {"application/json", `{"title":"a","title":"b"}`, Failure{400, "invalid_body", "The body is not valid JSON at byte 13: a name stands twice in an object.", nil, nil}},
		"an inner one":     {"application/json", `{"x":{"a":1,"a":2}}`, Failure{400, "invalid_body", "The body is not valid JSON at byte 12: a name stands twice in an object.", nil, nil}},
		"invalid UTF-8":    {"application/json", "{\"title\":\"\xff\"}", Failure{400, "invalid_body", "The body is not valid JSON at byte 10: invalid UTF-8.", nil, nil}},
		"too deep":         {"application/json", deep, Failure{400, "invalid_body", "The body is not valid JSON at byte 73: it nests deeper than 64 levels.", nil, nil}},
		"trailing":         {"application/json", `{"title":"a"} {}`, Failure{400, "invalid_body", "The body is not valid JSON at byte 13: something follows the value.", nil, nil}},
		"trailing rubbish": {"application/json", `{"title":"a"}x`, Failure{400, "invalid_body", "The body is not valid JSON at byte 13: invalid character 'x' at start of value.", nil, nil}},
		"no boundary":      {"multipart/form-data", "x", Failure{400, "invalid_body", "The content type multipart/form-data has no boundary.", nil, nil}},
		"no parts":         {"multipart/form-data; boundary=x", "x", Failure{400, "invalid_body", "The body is not valid multipart/form-data.", nil, nil}},
		"half a part":      {"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=title\r\n\r\nabc", Failure{400, "invalid_body", "The body is not valid multipart/form-data.", nil, nil}},
		"a nameless part":  {"multipart/form-data; boundary=x", multipartBody("a=b", "c"), Failure{400, "invalid_body", "A part of the body has no name.", nil, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Compile(film(), "POST", false)
			_, f := request{method: "POST", media: c.media, body: c.body, path: map[string]string{"id": "1"}}.decode(s)
			if diff := cmp.Diff(&c.want, f); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBodyOfUnknownLength(t *testing.T) {
	t.Parallel()
	s := Compile([]schema.Field{{Name: "a", Type: schema.StringType}}, "POST", false)
	values := make([]any, 1)
	for size, want := range map[int]bool{100: true, 101: false} {
		r := request{method: "POST", media: "application/json"}.http()
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(`{"a":"`+strings.Repeat("x", size-8)+`"}`)), -1
		if f := s.Decode(r, nil, 100, nil, values); (f == nil) != want || f != nil && f.Status != 413 {
			t.Errorf("%d bytes of 100: %v", size, f)
		}
	}
	r := request{method: "POST", media: "application/json", header: http.Header{"Content-Encoding": {"gzip"}}, body: "x"}.http()
	if f := s.Decode(r, nil, 100, nil, values); f == nil || f.Status != 415 {
		t.Errorf("a compressed body: %v", f)
	}
	r = request{method: "POST", media: "application/json"}.http()
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{"a`), brokenReader{})), -1
	if f := s.Decode(r, nil, 100, nil, values); f == nil || f.Code != InvalidBody {
		t.Errorf("a broken body: %v", f)
	}
}

// What says itself that it is too large is not even read.
func TestBodyTooLargeIsNotRead(t *testing.T) {
	t.Parallel()
	s := Compile([]schema.Field{{Name: "a", Type: schema.StringType}}, "POST", false)
	r := request{method: "POST", media: "application/json"}.http()
	r.Body, r.ContentLength = io.NopCloser(brokenReader{}), 101
	if f := s.Decode(r, nil, 100, nil, make([]any, 1)); f == nil || f.Code != BodyTooLarge {
		t.Error(f)
	}
}

func TestPartsAreBounded(t *testing.T) {
	t.Parallel()
	s := Compile([]schema.Field{{Name: "a", Type: schema.ListOf(integer)}}, "POST", false)
	for parts, want := range map[int]bool{1000: true, 1001: false} {
		var pairs []string
		for range parts {
			pairs = append(pairs, `name="a"`, "1")
		}
		r := request{method: "POST", media: "multipart/form-data; boundary=x", body: multipartBody(pairs...)}.http()
		if f := s.Decode(r, nil, 1<<20, nil, make([]any, 1)); (f == nil) != want {
			t.Errorf("%d parts: %v", parts, f)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Values must live on when the buffer that they were read from serves another request.
func TestValuesShareNoBuffer(t *testing.T) {
	t.Parallel()
	s := Compile([]schema.Field{{Name: "a", Type: schema.StringType}, {Name: "j", Type: schema.AnyType, Optional: true}}, "POST", false)
	buffer := bytes.NewBufferString(`{"a":"first","j":{"name":["text"]}}`)
	data := buffer.Bytes()
	values := make([]any, 2)
	rd := s.reading(values)
	if f := rd.content(http.Header{"Content-Type": {"application/json"}}, buffer); f != nil {
		t.Fatal(f)
	}
	copy(data, strings.Repeat("#", len(data)))
	if got := schema.Text(values[0]) + schema.Text(values[1]); got != `first{"name":["text"]}` {
		t.Error(got)
	}
}

func TestBodyOfAGetWhereAskedFor(t *testing.T) {
	t.Parallel()
	s := Compile([]schema.Field{{Name: "a", Type: integer, In: schema.InBody}, {Name: "b", Type: integer, Optional: true}}, "GET", false)
	got, f := request{method: "GET", query: "b=2", media: "application/json", body: `{"a":1}`}.decode(s)
	if f != nil || got != `{"a":1,"b":2}` {
		t.Error(got, f)
	}
}

func TestIgnoreUnknown(t *testing.T) {
	t.Parallel()
	s := Compile([]schema.Field{{Name: "a", Type: integer}}, "POST", true)
	for media, body := range map[string]string{"application/json": `{"b":{"c":[1,{}]},"a":1,"d":99999999999999999999999999}`, form: "b=1&a=1", "multipart/form-data; boundary=x": multipartBody(`name="b"`, "1", `name="a"`, "1", `name="f"; filename="g"`, "1")} {
		got, f := request{method: "POST", query: "a=7&zzz=1", media: media, body: body}.decode(s)
		if f != nil || got != `{"a":1}` {
			t.Error(media, got, f)
		}
	}
}

func TestManyErrorsAreBounded(t *testing.T) {
	t.Parallel()
	var q strings.Builder
	for i := range 5000 {
		q.WriteString("&k" + strconv.Itoa(i) + "=1")
	}
	_, f := request{method: "GET", query: q.String()}.decode(Compile(nil, "GET", false))
	if f == nil || len(f.Errors) != 100 || f.Detail != "100 arguments are not valid" {
		t.Error(f)
	}
	many := make([]schema.Field, 50)
	for i := range many {
		many[i] = schema.Field{Name: "n" + strconv.Itoa(i), Type: integer}
	}
	if _, f = (request{method: "GET"}).decode(Compile(many, "GET", false)); f == nil || len(f.Errors) != 50 || f.Errors[49].Argument != "n49" {
		t.Error(f)
	}
}

func TestHostHeader(t *testing.T) {
	t.Parallel()
	s := Compile([]schema.Field{{Name: "host", Type: schema.StringType, In: schema.InHeader}}, "GET", false)
	if got, f := (request{method: "GET"}).decode(s); f != nil || got != `{"host":"example.com"}` {
		t.Error(got, f)
	}
}
