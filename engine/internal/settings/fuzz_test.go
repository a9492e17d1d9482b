package settings

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"cloudlet/engine/language/source"
)

// FuzzSettings reads anything as cloudlet.yaml, with one variable set to anything.
// Whatever comes of it is usable, and shows no secret.
func FuzzSettings(f *testing.F) {
	f.Add(full, "CLOUDLET_LISTEN", "127.0.0.1:1")
	names, err := filepath.Glob("../../testdata/problems/settings_*.txtar")
	if err != nil || len(names) < 8 {
		f.Fatalf("found %d cases, %v", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range txtar.Parse(text).Files {
			if file.Name == FileName {
				f.Add(string(file.Data), "CLOUDLET_TRUSTED_PROXIES", "10.0.0.1,::1/128")
			}
		}
	}
	dir := f.TempDir()
	const canary = "c4n4ry-of-the-test"
	f.Fuzz(func(t *testing.T, text, variable, value string) {
		var problems source.Problems
		file := source.NewFile(FileName, []byte(text))
		s := Read(file, dir, func(name string) string {
			switch {
			case name == variable:
				return value
			case strings.HasPrefix(name, "CLOUDLET_"):
				return ""
			}
			return canary // every secret that comes from the environment
		}, &problems)
		for _, p := range problems.All() {
			if p.File != nil && (p.File != file || p.From < 0 || p.To > len(text)) {
				t.Errorf("%s stands at %d to %d", p, p.From, p.To)
			}
			if p.Text == "" || strings.Contains(p.String(), canary) {
				t.Errorf("the problem %s", p)
			}
		}
		for _, f := range s.InForce {
			if strings.Contains(fmt.Sprint(f.Value), canary) {
				t.Errorf("%s shows %v", f.Key, f.Value)
			}
		}
		if problems.Count() > 0 {
			return
		}
		checkUsable(t, s)
	})
}

// checkUsable looks at what settings without problems promise.
func checkUsable(t *testing.T, s *Settings) {
	t.Helper()
	if _, _, err := net.SplitHostPort(s.Listen); err != nil || s.PublicURL == "" || strings.HasSuffix(s.PublicURL, "/") || s.Captcha.Altcha.MaxNumber == 0 {
		t.Errorf("read %+v", s)
	}
	for _, p := range s.TrustedProxies {
		if !p.IsValid() || p.Bits() == 0 || p != p.Masked() || p.Addr().Is4In6() {
			t.Errorf("trusts %v", p)
		}
	}
	if m := s.Mail.SMTP; m != nil && (m.Host == "" || m.Port == 0 || m.TLS == NoTLS && !isLoopback(m.Host) || (m.Username == "") != (m.Password == "")) {
		t.Errorf("mails go to %+v", m)
	}
	for name, p := range s.OIDC {
		if !providerPattern.MatchString(name) || p.Issuer == "" || p.ClientID == "" || len(p.Scopes) == 0 {
			t.Errorf("the provider %q is %+v", name, p)
		}
	}
}
