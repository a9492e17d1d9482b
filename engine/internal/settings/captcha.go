package settings

import "time"

// Captcha is what tells people from programs. What is nil is not configured.
type Captcha struct {
	Altcha    *AltchaCaptcha // the built-in proof of work; never nil
	Recaptcha *HostedCaptcha
	Turnstile *HostedCaptcha
	Hcaptcha  *HostedCaptcha
}

// AltchaCaptcha is a proof of work that the client's machine finds.
type AltchaCaptcha struct {
	MaxNumber int           // how many numbers a client has to try at most
	Expires   time.Duration // how long a challenge can be answered
}

// HostedCaptcha is a service that tells people from programs.
type HostedCaptcha struct {
	Secret  string // the app's, for asking the service
	SiteKey string // for pages; "" where they know it otherwise
}

func captchaKeys() []key {
	altcha := func(s *Settings) *AltchaCaptcha {
		if s.Captcha.Altcha == nil {
			s.Captcha.Altcha = &AltchaCaptcha{}
		}
		return s.Captcha.Altcha
	}
	return []key{
		{name: "altcha", doc: "The built-in proof of work (ALTCHA).", keys: []key{
			{name: "max_number", doc: "How many numbers a client has to try at most: more is slower.", shape: countShape, standard: fixed("100000"),
				single: count(func(s *Settings) *int { return &altcha(s).MaxNumber }, 1000, 10_000_000)},
			{name: "expires", doc: "How long a challenge can be answered.", shape: durationShape, standard: fixed("10m"),
				single: duration(func(s *Settings) *time.Duration { return &altcha(s).Expires }, time.Minute, day, "from 1m to 1d, as in 10m")},
		}},
		hosted("recaptcha", "Google's reCAPTCHA.", func(c *Captcha) **HostedCaptcha { return &c.Recaptcha }),
		hosted("turnstile", "Cloudflare's Turnstile.", func(c *Captcha) **HostedCaptcha { return &c.Turnstile }),
		hosted("hcaptcha", "The hCaptcha service.", func(c *Captcha) **HostedCaptcha { return &c.Hcaptcha }),
	}
}

// hosted is the section of a service.
func hosted(name, doc string, at func(*Captcha) **HostedCaptcha) key {
	one := func(s *Settings) *HostedCaptcha { return *at(&s.Captcha) }
	return key{name: name, doc: doc,
		optional: &optional{
			is: func(s *Settings, _ string) bool { return one(s) != nil },
			begin: func(s *Settings, _ string) {
				if one(s) == nil {
					*at(&s.Captcha) = &HostedCaptcha{}
				}
			}},
		keys: []key{
			{name: "secret", doc: "The app's secret at the service: ${secrets.NAME}.", shape: textShape, needed: true, hidden: true,
				single: line(func(s *Settings) *string { return &one(s).Secret })},
			{name: "site_key", doc: "The public key that pages show the service with.", shape: textShape,
				single: line(func(s *Settings) *string { return &one(s).SiteKey })},
		}}
}
