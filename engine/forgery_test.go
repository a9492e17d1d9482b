package engine_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"cloudlet/engine/language/schema"
)

// forgedApp takes a text to every place of an answer and of a mail that is not its body.
var forgedApp = map[string]string{
	"cloudlet.yaml": "databases: {main: \"sqlite:data/main.db\"}\npublic_url: https://films.example\n",
	"endpoints/header.yaml": `post:
  arguments: {v: string}
  actions:
    - header: {X-Film: "${args.v}"}
    - return: 1
`,
	"endpoints/respond.yaml": `post:
  arguments: {v: string}
  actions:
    - respond: {headers: {X-Film: "${args.v}", Content-Disposition: "attachment; filename=${args.v}"}, body: 1}
`,
	"endpoints/cookie.yaml": `post:
  arguments: {v: string}
  actions:
    - cookie: {name: theme, value: "${args.v}"}
    - return: 1
`,
	"endpoints/redirect.yaml": `post:
  arguments: {v: string}
  actions:
    - redirect: /films/${args.v}
`,
	"endpoints/anywhere.yaml": `post:
  arguments: {v: string}
  actions:
    - redirect: {url: "${args.v}", allow: ["https://app.example"]}
`,
	"endpoints/file.yaml": `put:
  arguments: {v: string}
  actions:
    - file.save: {path: a.txt, content: "${args.v}"}
    - return: 1
post:
  arguments: {v: string}
  actions:
    - file.send: {path: a.txt, name: "${args.v}"}
`,
	"endpoints/page.yaml": `post:
  arguments: {v: string}
  actions:
    - page: {file: all.html, data: {v: "${args.v}"}}
`,
	"endpoints/_templates/all.html": `<!doctype html><title>{{.v}}</title><h1 class={{.v}} title="{{.v}}" data-x='{{.v}}'>{{.v}}</h1>
<a href="{{.v}}">a</a><a href="/films?q={{.v}}">b</a><img src="/{{.v}}" alt={{.v}}><form action="{{.v}}"><input name="q" value="{{.v}}"><textarea>{{.v}}</textarea></form>
<p style="color: {{.v}}">{{.v}}</p><!-- {{.v}} --><style>p { color: {{.v}} }</style><b>{{link "/films" "q" .v}}</b>
`,
	"endpoints/mail.yaml": `post:
  arguments: {v: string}
  actions:
    - mail: {to: a@example.org, subject: "${args.v}", text: "${args.v}"}
put:
  arguments: {v: string}
  actions:
    - mail: {to: "${args.v}", subject: One, text: text}
patch:
  arguments: {v: string}
  actions:
    - mail: {to: a@example.org, from: "${args.v} <b@example.org>", reply_to: "${args.v}", subject: One, text: text}
delete:
  arguments: {v: {type: string, in: query}}
  actions:
    - mail: {to: a@example.org, subject: One, text: text, unsubscribe: "/leave?token=${args.v}", attachments: [{name: "${args.v}", content: x, content_type: "text/${args.v}"}]}
`,
}

// forgeries are texts that have begun a line, an answer, a header or an element of their own
// somewhere: every way to write a line break, with everything that an attacker writes behind it.
func forgeries() []string {
	breaks := []string{"\r\n", "\n", "\r", "\n\r", "\r\n\t", "\r\n ", "\v", "\f", "\x00", "\u0085", "\u2028", "\u2029", "\r\r\n", "%0d%0a", "%0D%0A", "\\r\\n", "\\u000d\\u000a", "\u560a\u560d", "=0D=0A", "=?utf-8?q?=0D=0A?=", "\x1b", "\x7f"}
	behind := []string{"X-Forged: 1", "Set-Cookie: forged=1", "Bcc: forged@example.org", "\r\n<script>forged()</script>", "Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nX-Forged: 1\r\n\r\n", "Location: https://forged.example"}
	var list []string
	for _, b := range breaks {
		for _, x := range behind {
			list = append(list, "x"+b+x, b+x)
		}
	}
	return append(list,
		`"; X-Forged: 1`, `x; Domain=forged.example; Path=/`, `x", X-Forged="1`, `x; filename="forged.html"`, "a@example.org, forged@example.org", "a@example.org>, <forged@example.org", "forged <a@example.org> <forged@example.org>",
		"//forged.example", "/\\forged.example", "\\/forged.example", "https://forged.example", "https://app.example@forged.example", "https://app.example.forged.example", "https:\\\\forged.example", "///forged.example", "/../../../forged",
		"javascript:forged()", "JaVaScRiPt:forged()", "java\tscript:forged()", " javascript:forged()", "&#106;avascript:forged()", "javascript&colon;forged()", "data:text/html,<script>forged()</script>", "vbscript:forged()", "\x01javascript:forged()",
		"<script>forged()</script>", "</title><script>forged()</script>", "\"><script>forged()</script>", "'><script>forged()</script>", "</textarea><script>forged()</script>", "</style><script>forged()</script>", "--><script>forged()</script>", "--!><script>forged()</script>",
		"x onmouseover=forged()", "\" onmouseover=\"forged()", "' onmouseover='forged()", "` onmouseover=`forged()", "x/onmouseover=forged()", "<img src=x onerror=forged()>", "<svg/onload=forged()>", "<svg><style><img src=x onerror=forged()>", "<math><mtext><table><mglyph><style><img src=x onerror=forged()>",
		"red; background: url(https://forged.example)", "expression(forged())", "} body { background: url(https://forged.example) } p {", "</p><base href=https://forged.example>", "<iframe src=https://forged.example>", "{{.v}}", "${args.v}", "{{template \"all.html\"}}", "<!--", "<![CDATA[", "<?xml", "\ufeff<script>forged()</script>", "＜script＞forged()＜/script＞",
	)
}

// TestForgeries puts each of these texts everywhere, over a socket: whatever is answered is one
// answer whose headers are those that the endpoint sets.
func TestForgeries(t *testing.T) {
	t.Parallel()
	dir := makeApp(t, forgedApp)
	e := openJobs(t, dir)
	defer func() { fatal(t, e.Close()) }()
	server := httptest.NewServer(e)
	defer server.Close()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	fatal(t, err)
	defer c.Close()
	answers := bufio.NewReader(c)
	list := forgeries()
	shape := outline(send(t, c, answers, "POST", "/page", "harmless").body)
	if a := send(t, c, answers, "PUT", "/file", "a"); a.status != http.StatusOK {
		t.Fatalf("%+v", a)
	}
	for _, text := range list {
		for _, path := range []string{"/header", "/respond", "/cookie", "/redirect", "/anywhere", "/file", "/page"} {
			a := send(t, c, answers, "POST", path, text)
			if what := a.forged(path); what != "" {
				t.Errorf("%s with %q: %s: %+v", path, text, what, a)
			}
			if path == "/page" && outline(a.body) != shape {
				t.Errorf("a page with %q has other elements:\n%s\n%s", text, a.body, outline(a.body))
			}
		}
	}
	t.Logf("%d texts", len(list))
}

type rawAnswer struct {
	status int
	header http.Header
	body   string
}

// send sends a text over the one connection: what would be a second answer would be taken for the
// answer to the next request.
func send(t *testing.T, c net.Conn, answers *bufio.Reader, method, path, text string) rawAnswer {
	t.Helper()
	body := schema.AppendJSON(nil, schema.NewObject("v", text))
	fatal(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err := fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, len(body), body)
	fatal(t, err)
	w, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatalf("%s with %q: %v", path, text, err)
	}
	defer w.Body.Close()
	content, err := io.ReadAll(w.Body)
	fatal(t, err)
	if answers.Buffered() > 0 {
		t.Fatalf("%s with %q: something stands behind the answer", path, text)
	}
	return rawAnswer{w.StatusCode, w.Header, string(content)}
}

// forged says what of an answer its endpoint has not said.
func (a rawAnswer) forged(path string) string {
	for name, values := range a.header {
		if strings.Contains(name, "Forged") || len(values) > 1 || strings.ContainsAny(values[0], "\r\n\x00") {
			return name
		}
	}
	cookies := (&http.Response{Header: a.header}).Cookies()
	to := a.header.Get("Location")
	switch {
	case len(cookies) > 1 || len(cookies) == 1 && (path != "/cookie" || cookies[0].Name != "theme" || cookies[0].Domain != "" || cookies[0].Path != "/" || !cookies[0].HttpOnly):
		return "cookies"
	case to != "" && (!strings.HasPrefix(to, "/") || len(to) > 1 && (to[1] == '/' || to[1] == '\\')):
		return "location"
	case path == "/file" && a.status == 200 && !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain"):
		return "type"
	}
	return ""
}

// outline is the elements and attributes of a page, without what they say; and what of the
// addresses in it leads elsewhere.
func outline(page string) string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		b.WriteString("<" + n.Data)
		for _, a := range n.Attr {
			b.WriteString(" " + a.Key)
			scheme, _, has := strings.Cut(strings.ToLower(strings.TrimSpace(a.Val)), ":")
			if (a.Key == "href" || a.Key == "src" || a.Key == "action") && has && strings.Contains(scheme, "script") && !strings.HasPrefix(scheme, "/") {
				b.WriteString("=" + a.Val)
			}
			if a.Key == "style" && strings.Contains(a.Val, "(") {
				b.WriteString("=" + a.Val)
			}
		}
		b.WriteString(">")
	}
	return b.String()
}

// TestForgedMails puts them into every field of a mail: what is sent goes to those whom the endpoint
// names, or whom the text plainly is, and has the headers of every mail.
func TestForgedMails(t *testing.T) {
	t.Parallel()
	dir := makeApp(t, forgedApp)
	e := openJobs(t, dir)
	sent := 0
	for _, text := range forgeries() {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			r := httptest.NewRequest(method, "/mail", bytes.NewReader(schema.AppendJSON(nil, schema.NewObject("v", text))))
			r.Header.Set("Content-Type", "application/json")
			if method == "DELETE" {
				r = httptest.NewRequest(method, "/mail?v="+url.QueryEscape(text), nil)
			}
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			if w.Code >= 500 {
				t.Errorf("%s with %q: %d %s", method, text, w.Code, w.Body)
			}
			if w.Code < 300 {
				sent++
			}
		}
	}
	fatal(t, e.Settle(t.Context()))
	fatal(t, e.Close())
	letters, err := filepath.Glob(filepath.Join(dir, "data", "outbox", "*.eml"))
	fatal(t, err)
	if len(letters) == 0 || len(letters) > sent {
		t.Errorf("%d mails for %d requests", len(letters), sent)
	}
	known := map[string]bool{"Date": true, "From": true, "To": true, "Subject": true, "Message-Id": true, "Mime-Version": true, "Content-Type": true, "Content-Transfer-Encoding": true,
		"Reply-To": true, "List-Unsubscribe": true, "List-Unsubscribe-Post": true, "User-Agent": true, "Auto-Submitted": true}
	for _, letter := range letters {
		text, err := os.ReadFile(letter)
		fatal(t, err)
		m, err := mail.ReadMessage(bytes.NewReader(text))
		if err != nil {
			t.Errorf("%v:\n%s", err, text)
			continue
		}
		for name, values := range m.Header {
			if !known[name] || len(values) > 1 {
				t.Errorf("a mail has %s: %q", name, values)
			}
		}
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || strings.Contains(to[0].Address, "forged") {
			t.Errorf("a mail goes to %v, %v:\n%s", to, err, text)
		}
	}
	t.Logf("%d mails", len(letters))
}
