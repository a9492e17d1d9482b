// Package docs is the page that shows an app's OpenAPI document: swagger-ui, and a
// form that logs in.
package docs

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"net/http"
	"path"
	"strings"
)

// The page, and swagger-ui as it comes from npm, compressed; SHA256SUMS there says
// which it is.
//
//go:embed page.html page.css page.js swagger-ui
var embedded embed.FS

// Path is where the page stands; what it loads stands below.
const Path = "/-/docs"

// Page serves the page and what it loads. Nothing comes from elsewhere.
type Page struct {
	html   []byte
	assets map[string]asset // by their path
}

type asset struct {
	content string // the media type
	body    []byte
	gzipped bool // the body is
}

// policy lets the page load from this server alone, and be shown by no other page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// New reads what is embedded. The addresses of what the page loads hold a digest of
// it, so that browsers may keep it for good.
func New() *Page {
	files := []struct{ name, file, content string }{
		{"swagger-ui-bundle.js", "swagger-ui/swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"},
		{"swagger-ui.css", "swagger-ui/swagger-ui.css.gz", "text/css; charset=utf-8"},
		{"page.js", "page.js", "text/javascript; charset=utf-8"},
		{"page.css", "page.css", "text/css; charset=utf-8"},
	}
	digest := sha256.New()
	bodies := make([][]byte, len(files))
	for i, f := range files {
		bodies[i] = read(f.file)
		digest.Write(bodies[i])
	}
	base := Path + "/" + hex.EncodeToString(digest.Sum(nil)[:8])
	p := &Page{html: bytes.ReplaceAll(read("page.html"), []byte("{{assets}}"), []byte(base)), assets: map[string]asset{}}
	for i, f := range files {
		p.assets[path.Join(base, f.name)] = asset{f.content, bodies[i], strings.HasSuffix(f.file, ".gz")}
	}
	return p
}

// read reads a file that is embedded.
func read(name string) []byte {
	text, err := embedded.ReadFile(name)
	if err != nil {
		panic(err) // it was there when this was built
	}
	return text
}

// Serves reports whether the page has something at a path.
func (p *Page) Serves(path string) bool {
	_, ok := p.assets[path]
	return ok || path == Path
}

// ServeHTTP answers GET and HEAD at the paths that Serves takes.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if r.URL.Path == Path {
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-cache")
		w.Write(p.html)
		return
	}
	a := p.assets[r.URL.Path]
	h.Set("Content-Type", a.content)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if !a.gzipped {
		w.Write(a.body)
		return
	}
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		w.Write(a.body)
		return
	}
	plain, err := gzip.NewReader(bytes.NewReader(a.body))
	if err == nil {
		_, _ = io.Copy(w, plain) // the client went away
	}
}
