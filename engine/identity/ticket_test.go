package identity

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func TestTicketsContent(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := openService(t, Options{Clock: c.Now})
	addUser(t, s, "alice", alicePassword, "guest")
	addUser(t, s, "bob", bobPassword)
	parts := strings.Split(issue(t, s, "alice"), ".")
	header, body := decode(t, parts[0]), decode(t, parts[1])
	now := float64(c.Now().Unix())
	if d := cmp.Diff(map[string]any{"alg": "HS256", "typ": "JWT", "kid": s.keys.Keys()[0].ID}, header); d != "" {
		t.Error(d)
	}
	id, err := uuid.Parse(body["jti"].(string))
	if err != nil || id.Version() != 7 || id.Variant() != uuid.RFC4122 || madeAt(id) <= c.now.Load()-1 {
		t.Errorf("jti %v", body["jti"])
	}
	if session, err := uuid.Parse(body["sid"].(string)); err != nil || session.Version() != 4 {
		t.Errorf("sid %v", body["sid"])
	}
	delete(body, "jti")
	delete(body, "sid")
	want := map[string]any{"iss": "cloudlet", "sub": "alice", "roles": []any{"guest"}, "iat": now, "nbf": now, "exp": now + 3600}
	if d := cmp.Diff(want, body); d != "" {
		t.Error(d)
	}
	// Anybody who has the secret's text can check it: no derivation in between.
	_, err = jwt.Parse(strings.Join(parts, "."), func(*jwt.Token) (any, error) { return signingText(s.keys), nil }, jwt.WithTimeFunc(c.Now))
	must(t, err)
	if roles := decode(t, strings.Split(issue(t, s, "bob"), ".")[1])["roles"]; !cmp.Equal(roles, []any{}) {
		t.Errorf("the roles of somebody without are %v", roles)
	}
}

func decode(t *testing.T, part string) (m map[string]any) {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	must(t, err, json.Unmarshal(b, &m))
	return m
}

// forge signs whatever a test wants with the service's own secret.
func forge(t testing.TB, s *Service, method jwt.SigningMethod, change func(header map[string]any, claims jwt.MapClaims)) string {
	t.Helper()
	now := s.clock()
	id, err := idAt(now.UnixMilli() + 5000)
	must(t, err)
	claims := jwt.MapClaims{"iss": "cloudlet", "sub": "alice", "roles": []string{}, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Unix() + 60, "jti": id.String()}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = s.keys.Keys()[0].ID
	change(token.Header, claims)
	var key any = signingText(s.keys)
	if method == jwt.SigningMethodNone {
		key = jwt.UnsafeAllowNoneSignatureType
	}
	text, err := token.SignedString(key)
	must(t, err)
	return text
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{Clock: newClock().Now})
	addUser(t, s, "alice", alicePassword)
	now := s.clock().Unix()
	set := func(name string, value any) func(map[string]any, jwt.MapClaims) {
		return func(_ map[string]any, c jwt.MapClaims) { c[name] = value }
	}
	head := func(name string, value any) func(map[string]any, jwt.MapClaims) {
		return func(h map[string]any, _ jwt.MapClaims) { h[name] = value }
	}
	unchanged := func(map[string]any, jwt.MapClaims) {}
	valid := forge(t, s, jwt.SigningMethodHS256, unchanged)
	old, err := uuid.NewV6()
	must(t, err)
	for _, test := range []struct {
		name, token string
		want        error
	}{
		{"valid", valid, nil},
		{"none at all", "", ErrNoTicket},
		{"garbage", "garbage", ErrInvalidTicket},
		{"dots", "..", ErrInvalidTicket},
		{"unsigned", forge(t, s, jwt.SigningMethodNone, unchanged), ErrInvalidTicket},
		{"signature cut off", valid[:strings.LastIndexByte(valid, '.')+1], ErrInvalidTicket},
		{"another algorithm", forge(t, s, jwt.SigningMethodHS512, unchanged), ErrInvalidTicket},
		{"no kid", forge(t, s, jwt.SigningMethodHS256, func(h map[string]any, _ jwt.MapClaims) { delete(h, "kid") }), ErrInvalidTicket},
		{"unknown kid", forge(t, s, jwt.SigningMethodHS256, head("kid", "0123456789abcdef")), ErrInvalidTicket},
		{"kid is a list", forge(t, s, jwt.SigningMethodHS256, head("kid", []string{s.keys.Keys()[0].ID})), ErrInvalidTicket},
		{"expired", forge(t, s, jwt.SigningMethodHS256, set("exp", now)), ErrExpired},
		{"expired, of another issuer", forge(t, s, jwt.SigningMethodHS256, func(_ map[string]any, c jwt.MapClaims) { c["exp"], c["iss"] = now-1, "x" }), ErrInvalidTicket},
		{"never expires", forge(t, s, jwt.SigningMethodHS256, set("exp", nil)), ErrInvalidTicket},
		{"exp is a text", forge(t, s, jwt.SigningMethodHS256, set("exp", "tomorrow")), ErrInvalidTicket},
		{"not yet", forge(t, s, jwt.SigningMethodHS256, set("nbf", now+1)), ErrInvalidTicket},
		{"without nbf", forge(t, s, jwt.SigningMethodHS256, set("nbf", nil)), ErrInvalidTicket},
		{"another issuer", forge(t, s, jwt.SigningMethodHS256, set("iss", "Cloudlet")), ErrInvalidTicket},
		{"without issuer", forge(t, s, jwt.SigningMethodHS256, set("iss", nil)), ErrInvalidTicket},
		{"unknown user", forge(t, s, jwt.SigningMethodHS256, set("sub", "nobody")), ErrInvalidTicket},
		{"name in other case", forge(t, s, jwt.SigningMethodHS256, set("sub", "ALICE")), ErrInvalidTicket},
		{"no user", forge(t, s, jwt.SigningMethodHS256, set("sub", "")), ErrInvalidTicket},
		{"no jti", forge(t, s, jwt.SigningMethodHS256, set("jti", nil)), ErrInvalidTicket},
		{"jti without a time", forge(t, s, jwt.SigningMethodHS256, set("jti", uuid.NewString())), ErrInvalidTicket},
		{"jti of another version", forge(t, s, jwt.SigningMethodHS256, set("jti", old.String())), ErrInvalidTicket},
		{"too long", forge(t, s, jwt.SigningMethodHS256, set("x", strings.Repeat("x", maxTicket))), ErrInvalidTicket},
		{"line break at the end", valid + "\n", ErrInvalidTicket},
		{"line break inside the signature", valid[:len(valid)-5] + "\r\n" + valid[len(valid)-5:], ErrInvalidTicket},
		{"padded", valid + "=", ErrInvalidTicket},
		{"a fourth part", valid + ".", ErrInvalidTicket},
		{"with its scheme", "Bearer " + valid, ErrInvalidTicket},
	} {
		for range 2 { // the second time with whatever the first left in the cache
			if _, err := s.Verify(t.Context(), test.token); err != test.want && !errors.Is(err, test.want) {
				t.Errorf("%s: error %v, want %v", test.name, err, test.want)
			}
		}
	}
	if n := s.verified.EstimatedSize(); n != 1 {
		t.Errorf("%d tickets are kept, want the valid one alone", n)
	}
}

// Every one-byte change is refused, also where it decodes to the same bytes.
func TestChangedTicketsAreRefused(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	addUser(t, s, "alice", alicePassword)
	valid := issue(t, s, "alice")
	_, err := s.Verify(t.Context(), valid)
	must(t, err)
	last := valid[len(valid)-1]
	for b := range 256 { // the last character has two bits that do not count
		if changed := valid[:len(valid)-1] + string([]byte{byte(b)}); byte(b) != last {
			if _, err := s.Verify(t.Context(), changed); !errors.Is(err, ErrInvalidTicket) {
				t.Errorf("%q at the end instead of %q: %v", byte(b), last, err)
			}
		}
	}
	for i := range valid {
		for _, b := range []byte("A.\n=") {
			if b == valid[i] {
				continue
			}
			if _, err := s.Verify(t.Context(), valid[:i]+string([]byte{b})+valid[i+1:]); !errors.Is(err, ErrInvalidTicket) {
				t.Errorf("%q at %d: %v", b, i, err)
			}
		}
	}
}

func TestTicketsExpire(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := openService(t, Options{Clock: c.Now, TicketLifetime: time.Minute})
	addUser(t, s, "alice", alicePassword)
	token := issue(t, s, "alice")
	for _, step := range []struct {
		after time.Duration
		want  error
	}{{0, nil}, {59 * time.Second, nil}, {999 * time.Millisecond, nil}, {time.Millisecond, ErrExpired}, {time.Hour, ErrExpired}} {
		c.move(step.after)
		if _, err := s.Verify(t.Context(), token); err != step.want {
			t.Errorf("at %v: error %v, want %v", c.Now(), err, step.want)
		}
	}
	if n := s.verified.EstimatedSize(); n != 0 {
		t.Errorf("%d expired tickets are kept", n)
	}
}

func TestCachedVerifyDoesNotAllocate(t *testing.T) {
	s := openService(t, Options{})
	addUser(t, s, "alice", alicePassword, "guest")
	token := issue(t, s, "alice")
	if n := testing.AllocsPerRun(1000, func() {
		c, err := s.Verify(t.Context(), token)
		if err != nil || !c.HasRole("guest") {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkVerify(b *testing.B) {
	s := openService(b, Options{})
	addUser(b, s, "alice", alicePassword, "guest")
	token := issue(b, s, "alice")
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Verify(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read again", func(b *testing.B) {
		for b.Loop() {
			s.epoch.Add(1)
			if _, err := s.Verify(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// FuzzTicket never panics, and lets nothing in but what was issued.
func FuzzTicket(f *testing.F) {
	s := openService(f, Options{})
	if err := s.AddUser(f.Context(), Act{}, NewUser{Name: "alice", Password: alicePassword}); err != nil {
		f.Fatal(err)
	}
	valid := issue(f, s, "alice")
	f.Add(valid, 0, byte('A'))
	f.Add(valid, len(valid)-1, byte('\n'))
	f.Add("", 0, byte(0))
	f.Add("e30.e30.", 3, byte('.'))
	f.Add(forge(f, s, jwt.SigningMethodNone, func(map[string]any, jwt.MapClaims) {}), 7, byte('='))
	f.Fuzz(func(t *testing.T, token string, at int, b byte) {
		if _, err := s.Verify(t.Context(), token); err == nil && token != valid {
			t.Fatalf("%q was let in", token)
		}
		changed := []byte(valid)
		if at = max(0, at) % len(changed); changed[at] == b {
			return
		}
		changed[at] = b
		if _, err := s.Verify(t.Context(), string(changed)); err == nil {
			t.Fatalf("%q was let in", changed)
		}
	})
}
