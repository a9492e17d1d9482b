package engine

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"cloudlet/engine/captcha"
	"cloudlet/engine/database"
	"cloudlet/engine/internal/settings"
	"cloudlet/engine/oidc"
)

// oidcOptions are the providers of an app's settings.
func oidcOptions(s *settings.Settings, outgoing http.RoundTripper, clock func() time.Time) oidc.Options {
	o := oidc.Options{Providers: map[string]oidc.Provider{}, PublicURL: s.PublicURL, Outgoing: outgoing, Clock: clock}
	for name, p := range s.OIDC {
		o.Providers[name] = oidc.Provider(p)
	}
	return o
}

// logins are what lets users in with accounts elsewhere, told what has changed, and what
// judges captchas with the main database.
func (e *Engine) logins(s *settings.Settings, main *database.DB) (*oidc.Service, *captcha.Service) {
	if o := oidcOptions(s, e.outgoing, nil); e.oidc == nil {
		e.oidc = oidc.New(e.keys, o)
	} else {
		e.oidc.Configure(o)
	}
	return e.oidc, captcha.New(main, e.keys, captchaOptions(s, e.outgoing, nil))
}

// captchaOptions are the captchas of an app's settings.
func captchaOptions(s *settings.Settings, outgoing http.RoundTripper, clock func() time.Time) captcha.Options {
	o := captcha.Options{Secrets: map[string]string{}, Outgoing: outgoing, Clock: clock}
	if a := s.Captcha.Altcha; a != nil {
		o.MaxNumber, o.Expires = a.MaxNumber, a.Expires
	}
	for name, h := range hostedCaptchas(s) {
		o.Secrets[name] = h.Secret
	}
	return o
}

// hostedCaptchas are the services that are configured.
func hostedCaptchas(s *settings.Settings) map[string]*settings.HostedCaptcha {
	all := map[string]*settings.HostedCaptcha{captcha.Recaptcha: s.Captcha.Recaptcha, captcha.Turnstile: s.Captcha.Turnstile, captcha.Hcaptcha: s.Captcha.Hcaptcha}
	maps.DeleteFunc(all, func(_ string, h *settings.HostedCaptcha) bool { return h == nil })
	return all
}

// configured are the names of the settings that actions ask for at load.
func configured(s *settings.Settings) map[string][]string {
	return map[string][]string{
		"oidc":    slices.Sorted(maps.Keys(s.OIDC)),
		"captcha": append(slices.Sorted(maps.Keys(hostedCaptchas(s))), captcha.Altcha),
	}
}
