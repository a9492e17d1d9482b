package settings

import (
	"errors"
	"time"

	"cloudlet/engine/identity"
)

const day = 24 * time.Hour

func authKeys() []key {
	return []key{
		{name: "default", doc: "Who may call verbs that do not say auth.", shape: choiceShape("public", "user"), standard: fixed("public"),
			single: choice(func(s *Settings) *string { return &s.Auth.Default }, "must be public or user", "public", "user")},
		{name: "issuer", doc: "The issuer of tickets, their iss.", shape: textShape, standard: fixed("cloudlet"), single: takeIssuer},
		{name: "ticket", doc: "How long a ticket is valid.", shape: durationShape, standard: fixed("1h"),
			single: duration(func(s *Settings) *time.Duration { return &s.Auth.Ticket }, time.Minute, 366*day, "from 1m to 366d, as in 1h")},
		{name: "refresh", doc: "How long a refresh token can be used.", shape: durationShape, standard: fixed("30d"),
			single: duration(func(s *Settings) *time.Duration { return &s.Auth.Refresh }, time.Minute, 5*366*day, "from 1m to 1830d, as in 30d")},
		{name: "password", doc: "What new passwords must be like.", keys: []key{
			{name: "min_length", doc: "How many characters a new password has at least.", shape: countShape, standard: fixed("12"),
				single: count(func(s *Settings) *int { return &s.Auth.Password.MinLength }, 8, identity.MaxPasswordSize)},
		}},
	}
}

func takeIssuer(s *Settings, _, text string) (any, error) {
	if text == "" || len(text) > 200 {
		return nil, errors.New("must have 1 to 200 characters")
	}
	s.Auth.Issuer = text
	return text, nil
}
