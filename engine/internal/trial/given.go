package trial

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cloudlet/engine/identity"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// given is what there is when a test begins.
type given struct {
	users   []givenUser
	rows    []givenRow
	files   []givenFile
	clock   time.Time // zero: the time
	answers map[string][]reply
}

type givenUser struct {
	at source.Span
	identity.NewUser
}

// givenRow is one row to be inserted.
type givenRow struct {
	at       source.Span
	database string
	sql      string
	values   []*expression.Program
}

type givenFile struct {
	at      source.Span
	path    string
	content []byte
}

func (s *scene) given(d *document.Given) given {
	g := given{answers: map[string][]reply{}}
	for _, u := range d.Users {
		s.givenUser(&g, u)
	}
	if d.Clock != nil {
		g.clock = s.time(d.Clock)
	}
	if d.Rows != nil {
		for _, e := range d.Rows.Entries {
			s.table(&g, e)
		}
	}
	if d.Files != nil {
		for _, e := range d.Files.Entries {
			s.file(&g, e)
		}
	}
	if d.HTTP != nil {
		for _, e := range d.HTTP.Entries {
			s.answers(&g, e)
		}
	}
	return g
}

func (s *scene) givenUser(g *given, u document.GivenUser) {
	if identity.CheckUserName(u.Name.Value) != nil {
		s.problems.Addf(u.Name.Span, "invalid_name", "%s", inside(identity.ErrInvalidUserName.Detail))
		return
	}
	for i, r := range u.Roles {
		if identity.CheckRoleName(r) != nil {
			s.problems.Addf(u.RoleSpans[i], "invalid_name", "%q is no name of a role: a lower case letter, then up to 63 lower case letters, digits, _ or -", r)
			return
		}
	}
	least := identity.MinPasswordLength
	if s.env.MinPasswordLength > 0 {
		least = s.env.MinPasswordLength
	}
	if p := u.Password.Value; p != "" && len([]rune(p)) < least {
		s.problems.Addf(u.Password.Span, "invalid_password", "a password has at least %d characters", least)
		return
	}
	n := identity.NewUser{Name: u.Name.Value, Password: u.Password.Value, Roles: u.Roles, CreateRoles: true,
		Email: u.Email.Value, DisplayName: u.DisplayName.Value, Unconfirmed: !u.Confirmed}
	if n.Email != "" {
		if _, err := (&schema.Type{Kind: schema.Email}).FromText(n.Email); err != nil {
			s.problems.Addf(u.Email.Span, "wrong_type", "an e-mail address %s", err.Error())
			return
		}
	}
	if u.Extras != nil {
		v, ok := s.names.Constant(u.Extras, &schema.Type{Kind: schema.ObjectK, Open: true}, "extras")
		if !ok {
			return
		}
		n.Extras, _ = v.(*schema.Object)
	}
	g.users = append(g.users, givenUser{u.Name.Span, n})
}

// inside is a client's sentence as a problem says it.
func inside(sentence string) string {
	return strings.ToLower(sentence[:1]) + strings.TrimSuffix(sentence[1:], ".")
}

// file reads a file that the app has, as text or base64.
func (s *scene) file(g *given, e document.Entry) {
	name := e.Key.Value
	if !filepath.IsLocal(filepath.FromSlash(name)) || strings.HasSuffix(name, "/") {
		s.problems.Addf(e.Key.Span, "invalid_path", "%q is no path of a file inside data/files", name)
		return
	}
	f := givenFile{at: e.Key.Span, path: name}
	if n := e.Value; n.Kind == document.Scalar {
		f.content = []byte(n.Value)
	} else if text := n.Get("base64"); text != nil && text.Kind == document.Scalar && len(n.Entries) == 1 {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text.Value), ""))
		if err != nil {
			s.problems.Addf(text.Span, "wrong_type", "this is not base64")
			return
		}
		f.content = decoded
	} else {
		s.problems.Addf(n.Span, "wrong_type", "a file is given as its text, or as {base64: …}")
		return
	}
	g.files = append(g.files, f)
}

// answers reads what is answered to one outgoing request: once, or a list in turn.
func (s *scene) answers(g *given, e document.Entry) {
	method, address, ok := strings.Cut(e.Key.Value, " ")
	u, err := url.Parse(address)
	if !ok || err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || method != strings.ToUpper(method) {
		s.problems.Addf(e.Key.Span, "invalid_url", "an outgoing request is a method and a URL, as in GET https://api.example.com/x")
		return
	}
	items := []*document.Node{e.Value}
	if e.Value.Kind == document.Sequence {
		items = e.Value.Items
	}
	for _, n := range items {
		if a, ok := s.answer(n); ok {
			g.answers[e.Key.Value] = append(g.answers[e.Key.Value], a)
		}
	}
}

var answerKeys = []string{"status", "headers", "body", "text"}

func (s *scene) answer(n *document.Node) (reply, bool) {
	if n.Refused() {
		return reply{}, false
	}
	if n.Kind != document.Mapping {
		s.problems.Addf(n.Span, "wrong_type", "an answer is {status, headers, body} or {status, headers, text}")
		return reply{}, false
	}
	for _, e := range n.Entries {
		if !slices.Contains(answerKeys, e.Key.Value) {
			s.suggest(e.Key.Span, "unknown_key", fmt.Sprintf("unknown key %q", e.Key.Value), e.Key.Value, answerKeys)
			return reply{}, false
		}
	}
	status := 200
	if v := n.Get("status"); v != nil {
		k, ok := s.names.Constant(v, schema.IntType, "status")
		if !ok {
			return reply{}, false
		}
		if status = k.(int); status < 100 || status > 599 {
			s.problems.Addf(v.Span, "out_of_range", "%d is no status", status)
			return reply{}, false
		}
	}
	headers, ok := s.data(n.Get("headers"))
	body, isText := n.Get("body"), false
	if text := n.Get("text"); text != nil {
		body, isText = text, true
	}
	value, ok2 := s.data(body)
	return newReply(status, headers, value, isText), ok && ok2
}

// data reads a constant of any shape.
func (s *scene) data(n *document.Node) (any, bool) {
	if n == nil || n.IsNull() {
		return nil, true
	}
	p := s.names.Value(n, "given.http")
	if p == nil {
		return nil, false
	}
	v, ok := p.Constant()
	if !ok {
		s.problems.Addf(n.Span, "not_constant", "what others answer has to be known when the file is loaded")
	}
	return v, ok
}
