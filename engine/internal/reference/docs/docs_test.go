package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cloudlet/engine/internal/outside"
)

// sums are the digests that SHA256SUMS says, by file.
func sums(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(string(read("swagger-ui/SHA256SUMS"))) {
		if sum, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok && line[0] != '#' {
			all[name] = sum
		}
	}
	if len(all) != 2 {
		t.Fatalf("the sums are %v", all)
	}
	return all
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func TestEmbeddedIsWhatItSays(t *testing.T) {
	t.Parallel()
	for name, want := range sums(t) {
		r, err := gzip.NewReader(bytes.NewReader(read("swagger-ui/" + name + ".gz")))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || digest(text) != want {
			t.Errorf("%s is not what SHA256SUMS says: %s, %v", name, digest(text), err)
		}
	}
}

func TestEmbeddedIsNpms(t *testing.T) {
	t.Parallel()
	dir := outside.Module(t, "swagger-ui-dist")
	for name, want := range sums(t) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || digest(text) != want {
			t.Errorf("%s is not the one from npm, %v", name, err)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	p := New()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", Path, nil))
	html := w.Body.String()
	if w.Code != 200 || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") || strings.Contains(html, "{{") {
		t.Fatalf("%d %v\n%s", w.Code, w.Header(), html)
	}
	if strings.Contains(html, "<script>") || strings.Contains(html, "//") && strings.Contains(html, "http") {
		t.Error("the page has a script in it, or loads from elsewhere")
	}
	links := regexp.MustCompile(`(?:src|href)="(/-/docs/[^"]+)"`).FindAllStringSubmatch(html, -1)
	if len(links) != 4 {
		t.Fatalf("the page loads %v", links)
	}
	for _, link := range links {
		if !p.Serves(link[1]) {
			t.Errorf("there is nothing at %s", link[1])
			continue
		}
		plain, zipped := get(p, link[1], ""), get(p, link[1], "gzip")
		if plain.Header().Get("Content-Encoding") != "" || plain.Body.Len() == 0 || !strings.Contains(plain.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v, %d bytes", link[1], plain.Header(), plain.Body.Len())
		}
		if zipped.Header().Get("Content-Encoding") == "gzip" {
			r, err := gzip.NewReader(zipped.Body)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, plain.Body.Bytes()) {
				t.Errorf("%s is another text when it is compressed, %v", link[1], err)
			}
		}
	}
	if p.Serves(Path+"/") || p.Serves(Path+"/page.js") {
		t.Error("it serves what the page does not load")
	}
}

func get(p *Page, path, encoding string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}
