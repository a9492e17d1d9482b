package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// upload is a value of the type file.
func upload(t *testing.T, name, content string) *schema.Object {
	t.Helper()
	file := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return schema.NewUpload(schema.Upload{Name: name, ContentType: "text/plain", Size: int64(len(content)), Path: file})
}

// TestPartsOfFiles: a body of files has the size that it says, can be read again, and says
// what stands in it, whatever the names are.
func TestPartsOfFiles(t *testing.T) {
	t.Parallel()
	p := &parts{}
	w := multipart.NewWriter(&p.text)
	err := w.WriteField("title", "Alien")
	hostile := "a\"; name=\"x\"\r\nX: y.png"
	err = errors.Join(err, p.files(w, "picture", upload(t, hostile, "one")))
	err = errors.Join(err, p.files(w, "more", []any{upload(t, "b.txt", ""), nil, upload(t, "c.txt", strings.Repeat("x", 100_000))}), w.Close())
	if err != nil {
		t.Fatal(err)
	}
	p.flush()
	for range 2 {
		body := &assembled{rest: p.list}
		text, err := io.ReadAll(body)
		if err != nil || int64(len(text)) != p.size || body.Close() != nil {
			t.Fatalf("%d bytes of %d, %v", len(text), p.size, err)
		}
		_, parameters, _ := mime.ParseMediaType(w.FormDataContentType())
		form, err := multipart.NewReader(strings.NewReader(string(text)), parameters["boundary"]).ReadForm(1 << 20)
		if err != nil {
			t.Fatal(err)
		}
		if got := form.Value["title"]; len(got) != 1 || got[0] != "Alien" || len(form.Value) != 1 {
			t.Errorf("the values are %v", form.Value)
		}
		if len(form.File["picture"]) != 1 || len(form.File["more"]) != 2 || len(form.File) != 2 || form.File["more"][1].Size != 100_000 {
			t.Errorf("the files are %v", form.File)
		}
	}
	var f *action.Failure
	if err := p.files(w, "no", "text"); !errors.As(err, &f) || f.Code != "unexpected_type" {
		t.Error(err)
	}
}

// TestStatusesOf reads what may stand in expect.
func TestStatusesOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    any
		good []int
		bad  []int
	}{
		{"2xx", []int{200, 299}, []int{199, 300}},
		{404, []int{404}, []int{403, 405}},
		{"200-204", []int{200, 204}, []int{205}},
		{[]any{200, "4XX"}, []int{200, 400, 499}, []int{201, 500}},
	} {
		list, wrong := statusesOf(c.v)
		for _, n := range c.good {
			if wrong != "" || !hold(list, n) {
				t.Errorf("%v does not hold %d (%s)", c.v, n, wrong)
			}
		}
		for _, n := range c.bad {
			if hold(list, n) {
				t.Errorf("%v holds %d", c.v, n)
			}
		}
	}
	for _, v := range []any{"", "xx", "1xx", "6xx", "204-200", "100", "600", "200-600", "2.0", nil, []any{}, []any{"2xx", "x"}, true} {
		if _, wrong := statusesOf(v); wrong == "" {
			t.Errorf("%v is taken", v)
		}
	}
}
