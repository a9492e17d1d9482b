package arguments

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloudlet/engine/files"
	"cloudlet/engine/language/schema"
)

// FuzzUpload reads multipart bodies with files: no more of a file is kept than its argument
// takes, all else stays within the body's limit, and what is a value is an upload.
func FuzzUpload(f *testing.F) {
	const photo = `name="photo"; filename="a.png"`
	f.Add(multipartBody(photo, "\x89PNG\r\n\x1a\n", `name="title"`, "x"), "x")
	f.Add(multipartBody(`name="more"; filename="../a"`, "a", `name="more"; filename="b"`, "b", photo, ""), "x")
	f.Add(multipartBody(photo, strings.Repeat("a", 65)), "x")
	f.Add(multipartBody(`name="photo"`, "text", `name="title"; filename=x`, "a", `name="photo"; filename=""`, ""), "x")
	f.Add(strings.Repeat("--x\r\n", 50)+"Content-Disposition: form-data; name=photo; filename*=utf-8''%2e%2e%2f\r\n\r\nx\r\n--x--", "x")
	f.Add("preamble\r\n--a b\r\nA:\r\n b\r\n\r\n\r\n--a b--\r\nepilogue", "\"a b\"")
	const size, limit = 64, 512
	most, two := int64(size), 2
	file := &schema.Type{Kind: schema.File, Fields: schema.FileType.Fields, Limits: &schema.Limits{MaxSize: &most}}
	s := Compile([]schema.Field{{Name: "photo", Type: file, Optional: true}, {Name: "title", Type: schema.StringType, Optional: true},
		{Name: "more", Type: &schema.Type{Kind: schema.List, Elem: file, Limits: &schema.Limits{MaxItems: &two}}, Optional: true}}, "POST", false)
	f.Fuzz(func(t *testing.T, body, boundary string) {
		kept := int64(0)
		receive := func(name string, from io.Reader, limit int64, takes func(string) error) (schema.Upload, error) {
			n, err := io.Copy(io.Discard, io.LimitReader(from, limit+1))
			if n > limit {
				return schema.Upload{}, files.ErrTooLarge
			}
			kept += n
			return schema.Upload{Name: files.SafeName(name), Size: n, ContentType: "text/plain"}, err
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header = http.Header{"Content-Type": {"multipart/form-data; boundary=" + boundary}}
		values := make([]any, 3)
		failure := s.Decode(r, nil, limit, receive, values)
		if kept > 3*size {
			t.Errorf("%d bytes are kept", kept)
		}
		if failure != nil {
			if failure.Status != 415 {
				checkFailure(t, s, failure)
			}
			return
		}
		if values[0] != nil {
			if u, ok := schema.UploadOf(values[0]); !ok || u.Size > size || files.CheckPath(u.Name) != "" {
				t.Errorf("the photo is %v", values[0])
			}
		}
		if title, _ := values[1].(string); len(title) > limit+16<<10 {
			t.Errorf("a title of %d bytes", len(title))
		}
		list, _ := values[2].([]any)
		for _, v := range list {
			if _, ok := schema.UploadOf(v); !ok || len(list) > two {
				t.Errorf("the list is %v", list)
			}
		}
	})
}
