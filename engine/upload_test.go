package engine_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/action"
)

var uploadApp = map[string]string{
	"cloudlet.yaml": "databases: {main: \"sqlite::memory:\"}\n",
	"endpoints/photo.yaml": `post:
  timeout: 60s
  body_limit: 4KiB
  arguments:
    title: {type: string, required: false}
    photo: {type: file, max_size: 1MiB}
    picture: {type: file, required: false, max_size: 1GiB, content_types: [image/png]}
    more: {type: "[file]", required: false, max_items: 2, items: {max_size: 1MiB}}
  actions:
    - return: ${args.photo}
`,
	"endpoints/slow.yaml":   "post:\n  timeout: 200ms\n  arguments: {photo: file}\n  actions:\n    - return: 1\n",
	"endpoints/panic.yaml":  "post:\n  arguments: {photo: file}\n  actions:\n    - panic_now:\n",
	"endpoints/late.yaml":   "post:\n  timeout: 300ms\n  arguments: {photo: file}\n  actions:\n    - wait_here:\n",
	"endpoints/public.yaml": "post:\n  auth: [root]\n  arguments: {photo: file}\n  actions:\n    - return: 1\n",
}

func openUploads(t *testing.T) *live {
	t.Helper()
	panics := action.Define(action.Spec[struct{}, action.None]{Name: "panic_now", Summary: "Panics.", Run: func(*action.Call, *struct{}) (action.None, error) { panic("now") }})
	waits := action.Define(action.Spec[struct{}, action.None]{Name: "wait_here", Summary: "Waits for the end.", Run: func(c *action.Call, _ *struct{}) (action.None, error) {
		<-c.Context.Done()
		return action.None{}, c.Context.Err()
	}})
	return openLive(t, uploadApp, engine.WithActions(append(actions.All(), panics, waits)))
}

// leftovers waits until no file of an upload is left; there has been one.
func (l *live) leftovers() string {
	l.t.Helper()
	var list []string
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		list = nil
		fatal(l.t, filepath.WalkDir(filepath.Join(l.dir, "data", "files", ".uploads"), func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !strings.HasSuffix(name, ".lock") {
				list = append(list, name)
			}
			return err
		}))
		if len(list) == 0 {
			return ""
		}
	}
	return strings.Join(list, ", ")
}

const photoHead = "Content-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\n"

// photo is a part of a body.
func photo(content string) string { return "--x\r\n" + photoHead + content + "\r\n" }

func (l *live) upload(path string, body io.Reader) (status int, text string) {
	r, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.server.URL+path, body)
	fatal(l.t, err)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	w, err := client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer w.Body.Close()
	var b strings.Builder
	io.Copy(&b, w.Body) // what came until then is what counts
	return w.StatusCode, b.String()
}

// TestUploadsEnd ends uploads in every way: none leaves a file.
func TestUploadsEnd(t *testing.T) {
	t.Parallel()
	l := openUploads(t)
	whole := photo("\x89PNG\r\n\x1a\n") + "--x--\r\n"
	for path, want := range map[string]string{
		"/photo":     `200 {"name":"a.png","size":8,"content_type":"image/png"}`,
		"/photo?x=1": `"code":"invalid_arguments"`,
		"/panic":     `500 {"type":"about:blank","title":"Internal Server Error","status":500,"code":"internal_error"`,
		"/late":      `"code":"timeout"`,
	} {
		status, text := l.upload(path, strings.NewReader(whole))
		if got := fmt.Sprintf("%d %s", status, text); !strings.Contains(got, want) {
			t.Errorf("%s is answered with %s", path, got)
		}
		if left := l.leftovers(); left != "" {
			t.Errorf("%s leaves %s", path, left)
		}
	}
	if status, _ := l.upload("/public", strings.NewReader(whole)); status != 401 {
		t.Errorf("a file without a ticket is answered with %d", status)
	}
	head := "POST /photo HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n" + photo(strings.Repeat("x", 5000))
	c, err := net.Dial("tcp", l.server.Listener.Addr().String())
	fatal(t, err)
	_, err = c.Write([]byte(head))
	fatal(t, err)
	time.Sleep(20 * time.Millisecond) // so that some of it has come, if the machine is not too busy
	fatal(t, c.Close())
	got := dial(t, l.server, strings.Replace(head, "/photo", "/slow", 1), 10*time.Second)
	if !strings.HasPrefix(got, "HTTP/1.1 408 ") || !strings.Contains(got, "Connection: close") {
		t.Errorf("a stalled file is answered with %q", got)
	}
	if left := l.leftovers(); left != "" {
		t.Error("uploads that were broken off leave", left)
	}
}

// endless is a body that never ends; it counts what was taken of it.
type endless struct {
	io.Reader
	taken atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	n, err := e.Reader.Read(p)
	e.taken.Add(int64(n))
	return n, err
}

// repeated is a text without an end.
type repeated string

func (r repeated) Read(p []byte) (int, error) {
	n := 0
	for n+len(r) <= len(p) {
		n += copy(p[n:], r)
	}
	if n == 0 {
		n = copy(p, r)
	}
	return n, nil
}

// TestUploadsAreBounded sends bodies without an end: each is refused while it is read.
func TestUploadsAreBounded(t *testing.T) {
	t.Parallel()
	l := openUploads(t)
	const small = 8 << 20 // bytes that the sockets between both may have taken besides
	for name, c := range map[string]struct {
		begin string
		rest  repeated
		want  string
	}{
		"a file":                 {"--x\r\n" + photoHead, "0123456789abcdef", "413 file_too_large"},
		"a text":                 {"--x\r\nContent-Disposition: form-data; name=title\r\n\r\n", "a text", "413 body_too_large"},
		"a file nobody declared": {"--x\r\nContent-Disposition: form-data; name=other; filename=a\r\n\r\n", "a text", "413 body_too_large"},
		"a file as a text":       {"--x\r\nContent-Disposition: form-data; name=title; filename=a\r\n\r\n", "a text", "413 body_too_large"},
		"a header":               {"--x\r\nContent-Disposition: ", "form-data; ", "413 body_too_large"},
		"headers":                {"--x\r\n", "X-Other: 1\r\n", "413 body_too_large"},
		"what is ahead of parts": {"", "nothing\r\n", "413 body_too_large"},
		"what is behind parts":   {photo("a") + "--x--\r\n", "nothing\r\n", "200 "},
		"files without an end":   {"", repeated(photo("a")), "400 is given more than once"},
		"of a wrong type":        {strings.Replace(photo("<html>"), "photo", "picture", 1)[:len(photo("<html>"))], "0123456789abcdef", "400 must be image/png, and its content is text/html"},
		"one after a whole file": {photo(strings.Repeat("x", 1<<20)) + "--x\r\n" + strings.Replace(photoHead, "photo", "more", 1), "0123456789abcdef", "413 file_too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &endless{Reader: io.MultiReader(strings.NewReader(c.begin), c.rest)}
			status, text := l.upload("/photo", body)
			if taken := body.taken.Load(); taken > small {
				t.Errorf("%d bytes were taken", taken)
			}
			// A server that has answered and closes may be faster than the client reads the answer.
			wantStatus, code, _ := strings.Cut(c.want, " ")
			if status != 0 && (fmt.Sprint(status) != wantStatus || !strings.Contains(text, code)) {
				t.Errorf("answered with %d %s", status, text)
			}
		})
	}
	t.Cleanup(func() {
		if left := l.leftovers(); left != "" {
			t.Error("refused uploads leave", left)
		}
	})
}

// TestHostileParts sends what parts are not, and names that would be headers or paths.
func TestHostileParts(t *testing.T) {
	t.Parallel()
	l := openUploads(t)
	const end = "--x--\r\n"
	for name, c := range map[string]struct{ body, want string }{
		"nothing":                  {"", `"argument":"photo","in":"body","message":"is missing"`},
		"no parts":                 {end, `"argument":"photo","in":"body","message":"is missing"`},
		"no end":                   {photo("a"), `"code":"invalid_body"`},
		"half a boundary":          {photo("a") + "--x-", `"code":"invalid_body"`},
		"no header":                {"--x\r\n\r\na\r\n" + end, `A part of the body has no name.`},
		"a broken header":          {"--x\r\nContent-Disposition\r\n\r\na\r\n" + end, `"code":"invalid_body"`},
		"bare line feeds":          {strings.ReplaceAll(photo("a")+end, "\r\n", "\n"), `"size":1`},
		"twice":                    {photo("a") + photo("b") + end, `"argument":"photo","in":"body","message":"is given more than once"`},
		"many":                     {strings.Repeat(strings.Replace(photo("a"), "photo", "more", 1), 3) + photo("a") + end, `"argument":"more","in":"body","message":"must have at most 2 items"`},
		"more than may be counted": {strings.Repeat("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n", 1001) + end, `"body_too_large"`},
		"no file chosen":           {strings.Replace(photo(""), "a.png", "", 1) + end, `"message":"is missing"`},
		"a text for a file":        {"--x\r\nContent-Disposition: form-data; name=photo\r\n\r\na\r\n" + end, `"message":"must be a file"`},
		"an empty file":            {photo("") + end, `"size":0`},
		"a path":                   {strings.Replace(photo("a"), "a.png", "../../../etc/cron.d/x", 1) + end, `"name":"x"`},
		"a path of Windows":        {strings.Replace(photo("a"), "a.png", `C:\\windows\\x.exe`, 1) + end, `"name":"x.exe"`},
		"a hidden name":            {strings.Replace(photo("a"), "a.png", ".htaccess", 1) + end, `"name":"htaccess"`},
		"a coded name":             {strings.Replace(photo("a"), `filename="a.png"`, "filename*=UTF-8''%2e%2e%2fa%0d%0aSet-Cookie%3A%20b.png", 1) + end, `"name":"aSet-Cookie b.png"`},
		"a type of their own":      {strings.Replace(photo("<script>alert(1)</script>"), "\r\n\r\n<", "\r\nContent-Type: image/png\r\n\r\n<", 1) + end, `"content_type":"text/html"`},
	} {
		_, text := l.upload("/photo", strings.NewReader(c.body))
		if !strings.Contains(text, c.want) || strings.Contains(text, "/data/") {
			t.Errorf("%s is answered with %s", name, text)
		}
	}
	for content, body := range map[string]string{"multipart/form-data": photo("a") + end, "multipart/form-data; boundary=\"\"": photo("a") + end, "multipart/mixed; boundary=x": photo("a") + end,
		"application/json": `{"photo": {"name": "a", "size": 1, "content_type": "image/png", "path": "/etc/passwd"}}`, "application/x-www-form-urlencoded": "photo=/etc/passwd"} {
		w, err := client.Post(l.server.URL+"/photo", content, bytes.NewReader([]byte(body)))
		fatal(t, err)
		w.Body.Close()
		if w.StatusCode != 400 && w.StatusCode != 415 {
			t.Errorf("%s is answered with %d", content, w.StatusCode)
		}
	}
	if left := l.leftovers(); left != "" {
		t.Error("hostile parts leave", left)
	}
}
