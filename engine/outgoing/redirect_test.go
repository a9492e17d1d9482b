package outgoing

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// told is what a server was sent.
func told(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	names := []string{}
	for name := range r.Header {
		if !slices.Contains([]string{"Accept-Encoding", "Content-Length"}, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return fmt.Sprintf("%s %s %s %s", r.Method, r.URL.RequestURI(), strings.Join(names, ","), body)
}

// TestRedirects: a service gets what is meant for it, also where it sends elsewhere on
// itself; another gets nothing that is not harmless.
func TestRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := httpServer(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "elsewhere: "+told(r)) })
	first := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/away" {
			io.WriteString(w, told(r))
			return
		}
		to := r.FormValue("to")
		if strings.HasPrefix(to, "!") {
			to = elsewhere.URL + to[1:]
		}
		var status int
		fmt.Sscan(r.FormValue("status"), &status)
		w.Header().Set("Location", to)
		w.WriteHeader(status)
	})
	client := clientFor(t, first.URL, elsewhere.URL)
	const all = "Authorization,Content-Type,User-Agent,X-Api-Key"
	for _, c := range []struct {
		method, to string
		status     int
		want       string
	}{
		{"POST", "/b", 302, "200 GET /b Authorization,User-Agent,X-Api-Key "},
		{"POST", "/b", 301, "200 GET /b Authorization,User-Agent,X-Api-Key "},
		{"POST", "/b", 303, "200 GET /b Authorization,User-Agent,X-Api-Key "},
		{"POST", "/b", 307, "200 POST /b " + all + " secret"},
		{"PUT", "b?c", 308, "200 PUT /b?c " + all + " secret"},
		{"PUT", "b?c", 302, "200 PUT /b?c " + all + " secret"},
		{"PUT", "b?c", 303, "200 GET /b?c Authorization,User-Agent,X-Api-Key "},
		{"POST", "!/b", 302, "200 elsewhere: GET /b User-Agent "},
		{"GET", "!/b", 307, "200 elsewhere: GET /b User-Agent "},
		{"POST", "!/b", 307, "redirect_refused"},
		{"POST", "/b", 300, "300 "},
	} {
		r := &Request{Method: c.method, Follow: 1, Header: http.Header{"Authorization": {"Bearer x"}, "X-Api-Key": {"x"}, "User-Agent": {"Cloudlet"}}}
		if c.method != "GET" {
			r.Header.Set("Content-Type", "text/plain")
			r.Body = text("secret")
		}
		got, err := ask(t.Context(), client, r, fmt.Sprintf("%s/away?status=%d&to=%s", first.URL, c.status, c.to))
		if got != c.want {
			t.Errorf("%s, %d to %s: %s (%v)\nwant %s", c.method, c.status, c.to, got, err, c.want)
		}
	}
	if got, _ := ask(t.Context(), client, &Request{Follow: 0}, first.URL+"/away?status=302&to=/b"); got != "302 " {
		t.Errorf("without following: %s", got)
	}
	if got, _ := ask(t.Context(), client, &Request{Follow: 1, Hosts: []string{"a.example"}}, first.URL); got != "address_refused" {
		t.Errorf("a host that is not permitted: %s", got)
	}
}

func TestRedirectDowngrade(t *testing.T) {
	t.Parallel()
	plain := httpServer(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked without TLS") })
	safe := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	t.Cleanup(safe.Close)
	got, err := ask(t.Context(), New(safe.Client().Transport), &Request{Follow: 5}, safe.URL)
	if got != "redirect_refused" {
		t.Errorf("%s (%v)", got, err)
	}
}
