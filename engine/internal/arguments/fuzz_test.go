package arguments

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"cloudlet/engine/language/schema"
)

// everything declares one argument of every type that a request can carry.
func everything() []schema.Field {
	var fields []schema.Field
	for k := schema.JSON; k <= schema.List; k++ {
		if k != schema.Null && k != schema.File {
			fields = append(fields, schema.Field{Name: k.String(), Type: &schema.Type{Kind: k}, Optional: true})
		}
	}
	for i, t := range []*schema.Type{
		schema.ListOf(schema.IntType), schema.ListOf(schema.ListOf(schema.AnyType)), schema.SecretType,
		{Kind: schema.ObjectK, Open: true, Fields: []schema.Field{{Name: "a", Type: schema.IntType}, {Name: "b", Type: schema.FloatType, Optional: true}}},
		{Kind: schema.String, Limits: &schema.Limits{Pattern: regexp.MustCompile("^a+$"), MaxLength: pointer(9)}},
	} {
		fields = append(fields, schema.Field{Name: "n" + string(rune('0'+i)), Type: t, Optional: true})
	}
	fields = append(fields, schema.Field{Name: "h", Type: schema.IntType, In: schema.InHeader, Optional: true}, schema.Field{Name: "c", Type: schema.IntType, In: schema.InCookie, Optional: true})
	return fields
}

func FuzzArguments(f *testing.F) {
	f.Add("int=7&list=1&list=true&date=2026-01-31", "", "", "GET")
	f.Add("url=http://a/&email=a@b.c&uuid=6BA7B810-9DAD-11D1-80B4-00C04FD430C8&n0=1&n0=2", "", "", "GET")
	f.Add("", `{"int":7,"json":{"a":[1.5,1e30,99999999999999999999]},"decimal":1.50,"duration":"1w","n3":{"a":1,"z":-0}}`, "application/json", "POST")
	f.Add("a=%zz;", "time=10:00:00.100&bytes=YQ==&float=1e21&datetime=2026-01-31T10:00:00%2B02:00", form, "PUT")
	f.Add("", multipartBody(`name="string"`, "x", `name="object"`, "{}"), "multipart/form-data; boundary=x", "PATCH")
	sets := map[string]*Set{}
	for _, m := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		sets[m] = Compile(everything(), m, false)
	}
	f.Fuzz(func(t *testing.T, query, body, media, method string) {
		s, ok := sets[method]
		if !ok {
			return
		}
		r := httptest.NewRequest(method, "/", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header = http.Header{"Content-Type": {media}, "H": {"1"}, "Cookie": {"c=1"}}
		values := make([]any, s.Shape().Len())
		if failure := s.Decode(r, nil, 1<<20, nil, values); failure != nil {
			checkFailure(t, s, failure)
			return
		}
		// What was accepted goes out as JSON, and comes back in as the same values.
		again := make([]any, len(values))
		var out strings.Builder
		out.WriteString("{")
		for i, name := range s.Shape().Names() {
			if name == "h" || name == "c" {
				continue
			}
			if out.Len() > 1 {
				out.WriteString(",")
			}
			out.WriteString(`"` + name + `":` + string(schema.AppendJSON(nil, values[i])))
		}
		r = httptest.NewRequest("POST", "/", strings.NewReader(out.String()+"}"))
		r.Header = http.Header{"Content-Type": {"application/json"}, "H": {"1"}, "Cookie": {"c=1"}}
		if failure := sets["POST"].Decode(r, nil, 1<<30, nil, again); failure != nil {
			t.Fatalf("%s came back as %v", out.String(), failure)
		}
		for i, v := range values {
			if !schema.Equal(v, again[i]) {
				t.Errorf("%s: %v came back as %v", s.Shape().Name(i), v, again[i])
			}
		}
	})
}

// checkFailure holds a failure against what every one promises.
func checkFailure(t *testing.T, s *Set, failure *Failure) {
	switch {
	case failure.Code != InvalidArguments && failure.Code != FileTooLarge && len(failure.Errors) > 0, failure.Detail == "", len(failure.Errors) > maxErrors:
		t.Errorf("%+v", failure)
	case failure.Code == InvalidArguments && len(failure.Errors) == 0:
		t.Errorf("%+v names nothing", failure)
	}
	for _, e := range failure.Errors {
		root, _, _ := strings.Cut(e.Argument, ".")
		root, _, _ = strings.Cut(root, "[")
		unknown := strings.HasPrefix(e.Message, "is not known") || strings.Contains(e.Message, "encoded")
		if s.Shape().Index(root) < 0 && !unknown {
			t.Errorf("%+v names no argument", e)
		}
		if len(e.Argument) > 64*64*4 || strings.ToValidUTF8(e.Argument, "") != e.Argument || e.Message == "" {
			t.Errorf("%+v", e)
		}
	}
}
