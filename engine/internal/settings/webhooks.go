package settings

import (
	"errors"

	"cloudlet/engine/webhook"
)

// Webhooks is how events that are sent to other services are signed.
type Webhooks struct {
	// Secret signs them, as Standard Webhooks writes it; "": it is derived from the app's own.
	Secret string
	// Previous signs them, too, while receivers change over to Secret.
	Previous string
}

func webhooksKeys() []key {
	return []key{
		{name: "secret", doc: "What signs them: whsec_ and base64, ${secrets.NAME}. Left out, it is derived from the app's own secret, and `cloudlet webhooks secret` shows it.", shape: textShape, hidden: true,
			single: webhookSecret(func(s *Settings) *string { return &s.Webhooks.Secret })},
		{name: "previous", doc: "The secret before, which signs them, too, until all receivers know the new one.", shape: textShape, hidden: true,
			single: webhookSecret(func(s *Settings) *string { return &s.Webhooks.Previous })},
	}
}

func webhookSecret(at func(*Settings) *string) func(*Settings, string, string) (any, error) {
	return func(s *Settings, _, text string) (any, error) {
		if webhook.CheckSecret(text) != "" {
			return nil, errors.New("must be whsec_ with 24 to 64 bytes as base64 behind it")
		}
		*at(s) = text
		return text, nil
	}
}

// checkWebhooks looks at what belongs together.
func (r *reader) checkWebhooks(path, _ string) {
	if r.has(path+".previous") && r.lacks(path+".secret") {
		r.complain(path+".previous", "missing_key", "%s.previous needs a secret", path)
	}
}
