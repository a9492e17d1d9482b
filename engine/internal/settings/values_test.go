package settings

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cloudlet/engine/events"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
)

const full = `mail:
  from: Example <no-reply@example.com>
  smtp: {host: mail.example.com, port: 2525, username: api, password: "${secrets.smtp}", tls: tls}
public_url: https://api.example.com/app/
trusted_proxies: [10.0.0.0/8, 192.168.1.7, "fd00::/8", "::ffff:172.16.0.0/108"]
auth: {password: {min_length: 14}}
oidc:
  google: {issuer: https://accounts.google.com, client_id: app, client_secret: "a-${secrets.smtp}$${x}", scopes: [email]}
  local-1: {issuer: "http://127.0.0.1:9998/", client_id: public}
captcha:
  altcha: {max_number: 5000, expires: 90s}
  turnstile: {secret: "${ secrets.smtp }", site_key: 1x0}
http: {allow: ["10.1.2.3:8443", "[FD00::1]:443", "Search.internal.:9200", "127.0.0.1:9998"]}
events: {subscribers: 500, per_client: 7}
secrets: {smtp: {env: SMTP_PASSWORD}}
`

func TestAllKeys(t *testing.T) {
	t.Parallel()
	got, problems := read(t, full, map[string]string{"SMTP_PASSWORD": "s3cret"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := Defaults()
	want.PublicURL = "https://api.example.com/app"
	want.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.1.7/32"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("172.16.0.0/12")}
	want.Auth.Password.MinLength = 14
	want.Mail = Mail{"Example <no-reply@example.com>", &SMTP{"mail.example.com", 2525, "api", "s3cret", DirectTLS}}
	want.OIDC = map[string]Provider{
		"google":  {"https://accounts.google.com", "app", "a-s3cret${x}", []string{"openid", "email"}},
		"local-1": {"http://127.0.0.1:9998/", "public", "", []string{"openid", "email", "profile"}},
	}
	want.Captcha = Captcha{Altcha: &AltchaCaptcha{5000, 90 * time.Second}, Turnstile: &HostedCaptcha{"s3cret", "1x0"}}
	want.HTTP.Allow = []string{"10.1.2.3:8443", "[fd00::1]:443", "search.internal:9200", "127.0.0.1:9998"}
	want.Events = events.Limits{Subscribers: 500, PerClient: 7}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Settings{}, "Config", "Secrets", "InForce"), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDefaultValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, public, from string }{
		{"", "http://127.0.0.1:8080", "no-reply@localhost"},
		{"listen: :80", "http://localhost:80", "no-reply@localhost"},
		{"listen: 0.0.0.0:80", "http://localhost:80", "no-reply@localhost"},
		{"listen: \"[::]:80\"", "http://localhost:80", "no-reply@localhost"},
		{"listen: \"[::1]:80\"", "http://[::1]:80", "no-reply@localhost"},
		{"listen: \"host:name\"", "http://localhost", "no-reply@localhost"},
		{"listen: \"${secrets.x}:80\"\nsecrets: {x: {env: X}}", "http://hidden:80", "no-reply@hidden"},
		{"public_url: https://api.example.com:8443/x", "https://api.example.com:8443/x", "no-reply@api.example.com"},
	} {
		s, problems := read(t, c.text, map[string]string{"X": "hidden"})
		if len(problems) > 0 || s.PublicURL != c.public || s.Mail.From != c.from {
			t.Errorf("%q gives %q, %q, %q", c.text, problems, s.PublicURL, s.Mail.From)
		}
		for _, f := range s.InForce {
			if strings.Contains(fmt.Sprint(f.Value), "hidden") {
				t.Errorf("%s shows %v", f.Key, f.Value)
			}
		}
	}
	s := Defaults()
	if s.Mail.SMTP != nil || len(s.OIDC) > 0 || s.Captcha.Recaptcha != nil || *s.Captcha.Altcha != (AltchaCaptcha{100_000, 10 * time.Minute}) || s.HTTP.Allow != nil || s.Events != events.DefaultLimits {
		t.Errorf("the defaults are %+v", s)
	}
	for tls, port := range map[string]int{StartTLS: 587, DirectTLS: 465, NoTLS: 25} {
		s, problems := read(t, "public_url: https://a.example\nmail: {from: a@b.example, smtp: {host: localhost, tls: "+tls+"}}", nil)
		if len(problems) > 0 || s.Mail.SMTP.Port != port {
			t.Errorf("%s gives %q, %+v", tls, problems, s.Mail.SMTP)
		}
	}
}

// TestValues holds values of single keys against what is taken and what is not.
func TestValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		form    string // of the file, with %s for the value in double quotes
		good    []string
		refused []string
	}{
		{"public_url: %s", []string{"http://localhost:1", "https://[::1]/a/b", "HTTPS://x.example", "https://bücher.example"},
			[]string{"", "x", "//x", "ftp://x", "https://", "https://:80", "https://x:", "https://x:0", "https://x:99999", "https://x?a", "https://x#", "https://a:b@x", "https://a@x", "https://x/a b", "https:x", "https://x/%zz", `https://x\\y`, "https://-x", "https://1.2.3", "https://[fe80::1%25eth0]", "javascript:alert(1)"}},
		{"trusted_proxies: [%s]", []string{"10.0.0.0/8", "::1", "2001:db8::/32", "::ffff:10.0.0.1"},
			[]string{"", "proxy", "10.0.0.1/8", "10.0.0.0/33", "0.0.0.0/0", "::/0", "fe80::1%eth0", "10.0.0.0-10.0.0.9", "10.0.0", "::ffff:0:0/90", "::ffff:0.0.0.0/96"}},
		{"http: {allow: [%s]}", []string{"a:1", "10.0.0.1:65535", "[::1]:80", "a_b.c-d:80"},
			[]string{"", "a", "a:", ":80", "a:0", "a:65536", "a:http", "::1:80", "[fe80::1%eth0]:80", "http://a:80", "*:80", "10.0.0.0/8:80", "bücher:80", "a b:80", "1.2.3:80", "0x7f000001.1:80"}},
		{"mail: {from: %s}", []string{"a@b", "Älex <a@b.example>", `\"A, B\" <a@b>`},
			[]string{"", "a", "a@b, c@d", "a@b <", `a@b\r\nBcc: c@d`, `a\n <a@b>`, "<>"}},
		{"auth: {password: {min_length: %s}}", []string{"8", "1024"}, []string{"", "7", "1025", "12.0", "-8", "many", "99999999999999999999"}},
		{"captcha: {altcha: {max_number: %s}}", []string{"1000", "10000000"}, []string{"999", "10000001"}},
		{"captcha: {altcha: {expires: %s}}", []string{"1m", "1d"}, []string{"59s", "25h", "-1m", "soon"}},
		{"captcha: {recaptcha: {secret: %s}}", nil, []string{"", `a\nb`, strings.Repeat("x", 5000)}},
		{"http: {allow: [\"localhost:1\", \"127.9.9.9:80\", \"[::1]:80\"]}\noidc: {a: {client_id: b, issuer: %s}}", []string{"https://a", "http://localhost:1", "http://127.9.9.9", "http://[::1]"},
			[]string{"http://a.example", "http://127.0.0.1.example", "http://localhost.example", "https://a?b", "a", ""}},
		{"oidc: {a: {client_id: b, issuer: \"https://a\", scopes: [%s]}}", []string{"a", "https://a/b"}, []string{"", "a b", `a\"`, "ä"}},
	} {
		for i, v := range append(c.good, c.refused...) {
			s, problems := read(t, fmt.Sprintf(c.form, `"`+v+`"`), nil)
			if good := i < len(c.good); good != (len(problems) == 0) || len(problems) > 1 {
				t.Errorf("%s with %q gives %q, %+v", c.form, v, problems, s)
			}
		}
	}
}

func TestSMTPTogether(t *testing.T) {
	t.Parallel()
	head := "public_url: https://a.example\nmail:\n  from: a@b.example\n  smtp: "
	for text, want := range map[string]string{
		"{host: localhost, tls: none}":           "",
		"{host: 127.0.0.1, tls: none}":           "",
		"{host: \"::1\", tls: none}":             "",
		"{host: 10.0.0.1, tls: none}":            "cloudlet.yaml:4:31: mail.smtp.tls can be none only where",
		"{host: localhost.example, tls: none}":   "cloudlet.yaml:4:40: mail.smtp.tls can be none only where",
		"{host: a, username: b}":                 "cloudlet.yaml:4:29: mail.smtp.username needs a password",
		"{host: a, password: \"${secrets.s}\"}":  "cloudlet.yaml:4:29: mail.smtp.password needs a username",
		"{host: a, username: b, password: c}":    "cloudlet.yaml:4:42: warning: mail.smtp.password stands here for everybody",
		"{host: a, username: b, password: \"\"}": "cloudlet.yaml:4:42: mail.smtp.password must have 1 to",
		"{host: a, username: b, pasword: c}":     `cloudlet.yaml:4:32: unknown key "pasword"; did you mean "password"?`,
		"{}":                                     "cloudlet.yaml:4:3: mail.smtp needs host",
		"{host: \"a:25\"}":                       "cloudlet.yaml:4:16: mail.smtp.host must be a name or an address",
		"{host: [a]}":                            "cloudlet.yaml:4:16: mail.smtp.host is a single value",
		"x":                                      "cloudlet.yaml:4:9: mail.smtp is a map of settings",
		"{host: a, port: \"${secrets.x}\"}":      `cloudlet.yaml:4:28: secrets does not name "x"`,
		"{host: a, username: \"${a}\", password: \"${secrets.s}\"}": "cloudlet.yaml:4:32: only secrets can be read in cloudlet.yaml",
	} {
		_, problems := read(t, head+text+"\nsecrets: {s: {env: S}}\n", map[string]string{"S": "b"})
		if want == "" && len(problems) > 0 || want != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0], want)) {
			t.Errorf("%s gives %q, want %q", text, problems, want)
		}
	}
}

// TestVariables sets every key by its variable; the file has what it overrides.
func TestVariables(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"CLOUDLET_PUBLIC_URL": "https://b.example/", "CLOUDLET_TRUSTED_PROXIES": "10.0.0.1, ,fd00::/8", "CLOUDLET_AUTH_PASSWORD_MIN_LENGTH": "20",
		"CLOUDLET_MAIL_FROM": "b@b.example", "CLOUDLET_MAIL_SMTP_HOST": "b.example", "CLOUDLET_MAIL_SMTP_PORT": "99", "CLOUDLET_MAIL_SMTP_TLS": "tls",
		"CLOUDLET_MAIL_SMTP_USERNAME": "u", "CLOUDLET_MAIL_SMTP_PASSWORD": "p", "CLOUDLET_OIDC_GOOGLE_CLIENT_SECRET": "s", "CLOUDLET_OIDC_LOCAL_1_ISSUER": "https://c.example",
		"CLOUDLET_CAPTCHA_HCAPTCHA_SECRET": "h", "CLOUDLET_CAPTCHA_ALTCHA_EXPIRES": "5m", "CLOUDLET_HTTP_ALLOW": "a:1,b:2", "SMTP_PASSWORD": "s3cret",
		"CLOUDLET_CAPTCHA_RECAPTCHA_SECRET": "",
	}
	s, problems := read(t, full, env)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if s.PublicURL != "https://b.example" || len(s.TrustedProxies) != 2 || s.Auth.Password.MinLength != 20 || s.Mail.From != "b@b.example" ||
		*s.Mail.SMTP != (SMTP{"b.example", 99, "u", "p", "tls"}) || s.OIDC["google"].ClientSecret != "s" || s.OIDC["google"].ClientID != "app" ||
		s.OIDC["local-1"].Issuer != "https://c.example" || s.Captcha.Hcaptcha.Secret != "h" || s.Captcha.Recaptcha != nil ||
		s.Captcha.Altcha.Expires != 5*time.Minute || strings.Join(s.HTTP.Allow, " ") != "a:1 b:2" {
		t.Errorf("read %+v", s)
	}
	s, problems = read(t, "", map[string]string{"CLOUDLET_MAIL_SMTP_HOST": "localhost", "CLOUDLET_MAIL_FROM": "a@b", "CLOUDLET_PUBLIC_URL": "https://a"})
	if len(problems) > 0 || *s.Mail.SMTP != (SMTP{Host: "localhost", Port: 587, TLS: StartTLS}) {
		t.Errorf("read %+v and %q", s.Mail.SMTP, problems)
	}
	_, problems = read(t, "", map[string]string{"CLOUDLET_TRUSTED_PROXIES": "10.0.0.1 canary"})
	if len(problems) != 1 || problems[0] != "the environment variable CLOUDLET_TRUSTED_PROXIES holds addresses and networks, as in 10.0.0.7 or 10.0.0.0/8" {
		t.Errorf("got %q", problems)
	}
}

// TestNothingShowsSecrets puts a secret into every key, by way of the file and of the
// environment: no problem says it, and what is in force masks what is one.
func TestNothingShowsSecrets(t *testing.T) {
	t.Parallel()
	const canary = "ca\nnary"
	var keys func(prefix []string, list []document.Key)
	n := 0
	keys = func(prefix []string, list []document.Key) {
		for _, k := range list {
			path := append(prefix[:len(prefix):len(prefix)], k.Name)
			switch {
			case k.Name == "config" || k.Name == "secrets" || k.Name == "roles":
				continue
			case k.Name == "databases":
				path = append(path, "main")
			case k.Shape.Kind == document.MapShape:
				keys(append(path, "name"), k.Shape.Keys())
				continue
			case k.Shape.Keys != nil:
				keys(path, k.Shape.Keys())
				continue
			}
			n++
			value := `"${secrets.x}"`
			if k.Shape.Kind == document.NamesShape {
				value = "[" + value + "]"
			}
			text := "secrets: {x: {env: X}}\n" + strings.Join(path, ": {") + ": " + value + strings.Repeat("}", len(path)-1) + "\n"
			for _, x := range []string{canary, "canary", "canary:80"} {
				for _, env := range []map[string]string{{"X": x}, {"X": "y", Variable(strings.Join(path, ".")): x}} {
					s, problems := read(t, text, env)
					shown := fmt.Sprint(problems)
					for _, f := range s.InForce {
						if env["X"] != "y" || f.Secret {
							shown += fmt.Sprintf("\n%s: %v", f.Key, f.Value)
						}
					}
					if strings.Contains(shown, canary) || strings.Contains(shown, "canary") {
						t.Errorf("%q with %q shows %s", text, env, shown)
					}
				}
			}
		}
	}
	keys(nil, Keys())
	if n < 25 {
		t.Errorf("looked at %d keys only", n)
	}
}

func TestInForce(t *testing.T) {
	t.Parallel()
	s, problems := read(t, full+"databases: {main: \"sqlite:data/a.db?_password=x\"}\nroles: {admin: [editor]}\nconfig: {a: 1}\n", map[string]string{"SMTP_PASSWORD": "s3cret", "CLOUDLET_MAIL_SMTP_PASSWORD": "p", "CLOUDLET_CONFIG_A": "2"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got := map[string]InForce{}
	for _, f := range s.InForce {
		if _, twice := got[f.Key]; twice {
			t.Errorf("%s is there twice", f.Key)
		}
		got[f.Key] = f
	}
	for _, want := range []InForce{
		{"listen", "127.0.0.1:8080", 0, "", false},
		{"mail.smtp.port", 2525, 3, "", false},
		{"mail.smtp.password", schema.Masked, 0, "CLOUDLET_MAIL_SMTP_PASSWORD", true},
		{"public_url", "https://api.example.com/app", 4, "", false},
		{"oidc.google.client_secret", schema.Masked, 8, "", true},
		{"oidc.google.scopes", []string{"openid", "email"}, 8, "", false},
		{"oidc.local-1.client_secret", nil, 0, "", false},
		{"captcha.recaptcha", nil, 0, "", false},
		{"captcha.turnstile.secret", schema.Masked, 12, "", true},
		{"secrets.smtp", schema.Masked, 15, "", true},
		{"databases.main", schema.Masked, 16, "", true},
		{"roles.admin", []string{"editor"}, 17, "", false},
		{"events.subscribers", 500, 14, "", false},
		{"config.a", 2, 0, "CLOUDLET_CONFIG_A", false},
	} {
		if diff := cmp.Diff(want, got[want.Key]); diff != "" {
			t.Errorf("%s: -want +got:\n%s", want.Key, diff)
		}
	}
}
