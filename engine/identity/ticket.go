package identity

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"cloudlet/engine/secret"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// maxTicket is how many bytes of a ticket are looked at.
const maxTicket = 8 << 10

// Ticket is what a user shows with later requests: a JWT (RFC 7519) signed with
// HS256. It prints without its text.
type Ticket struct {
	Text      string // the JWT, for Authorization: Bearer
	TokenType string // "Bearer" (RFC 6750)
	ExpiresIn int    // seconds
	ExpiresAt time.Time
	User      string   // the name as it is stored
	Roles     []string // sorted; without those that they include
	// RefreshToken can be exchanged for the next ticket, once; "" where none was asked for.
	RefreshToken string
}

// Format prints whose ticket it is, never its text.
func (t Ticket) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[ticket of %q]", t.User) }

// LogValue logs whose ticket it is, never its text.
func (t Ticket) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }

// claims are what a ticket says: iss, sub, roles, iat, nbf, exp and jti, and the
// session it belongs to as sid, as OpenID Connect Front-Channel Logout names it.
type claims struct {
	Roles   []string `json:"roles"`
	Session string   `json:"sid,omitempty"`
	// Actor is who acts as the subject (RFC 8693, section 4.1).
	Actor *actor `json:"act,omitempty"`
	jwt.RegisteredClaims
}

type actor struct {
	Subject string `json:"sub"`
}

// proven is what a verified ticket or key proved, until it expires.
type proven struct {
	subject string
	id      string    // jti, or that of the key
	session string    // sid
	actor   string    // act.sub; "" where the subject acts
	made    int64     // ms since 1970, by the jti
	expires time.Time // the second it is over
}

// sign makes the text of a ticket for a user, made at the given millisecond, for by where
// that is somebody else.
func sign(keys *secret.Keyring, issuer string, u *userState, session, by string, made int64, now, expires time.Time) (string, error) {
	id, err := idAt(made)
	if err != nil {
		return "", err
	}
	roles := u.roles
	if roles == nil {
		roles = []string{} // a list, not null
	}
	var act *actor
	if by != "" {
		act = &actor{by}
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{roles, session, act, jwt.RegisteredClaims{
		Issuer:    issuer,
		Subject:   u.name,
		IssuedAt:  jwt.NewNumericDate(now),
		NotBefore: jwt.NewNumericDate(now),
		ExpiresAt: jwt.NewNumericDate(expires),
		ID:        id.String(),
	}})
	kid, text := keys.Signing()
	t.Header["kid"] = kid
	return t.SignedString(text)
}

// idAt is a UUIDv7 (RFC 9562) of a millisecond. The package's own NewV7 knows only the
// system's clock; ours may stand still in tests.
func idAt(ms int64) (uuid.UUID, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return id, err
	}
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	id[6] = 0x70 | id[6]&0x0f
	return id, nil
}

// madeAt is the millisecond of a UUIDv7.
func madeAt(id uuid.UUID) int64 {
	var ms int64
	for i := range 6 {
		ms = ms<<8 | int64(id[i])
	}
	return ms
}

// newParser checks what RFC 8725 asks for: one algorithm, the issuer, and times
// that are there.
func newParser(issuer string, clock func() time.Time) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(),
		jwt.WithNotBeforeRequired(),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(clock),
	)
}

// prove verifies a ticket's text alone: ErrInvalidTicket or ErrExpired.
func prove(token string, keys *secret.Keyring, parser *jwt.Parser, clock func() time.Time) (proven, error) {
	// Base64 decoders pass over line breaks, so a changed text could have the same
	// signature. Nothing but the alphabet of RFC 7515 is let through.
	if len(token) > maxTicket || strings.ContainsFunc(token, notInTickets) {
		return proven{}, ErrInvalidTicket
	}
	var c claims
	_, err := parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		id, ok := t.Header["kid"].(string)
		if !ok {
			return nil, ErrInvalidTicket
		}
		text, ok := keys.Verifying(id, clock())
		if !ok { // perhaps another process has just rotated the secret
			if _, err := keys.Reload(); err != nil {
				return nil, ErrInvalidTicket
			}
			text, ok = keys.Verifying(id, clock())
		}
		if !ok {
			return nil, ErrInvalidTicket
		}
		return text, nil
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired) && !errors.Is(err, jwt.ErrTokenInvalidIssuer):
		return proven{}, ErrExpired
	case err != nil:
		return proven{}, ErrInvalidTicket
	}
	id, err := uuid.Parse(c.ID)
	if err != nil || id.Version() != 7 || c.Subject == "" {
		return proven{}, ErrInvalidTicket
	}
	p := proven{subject: c.Subject, id: c.ID, session: c.Session, made: madeAt(id), expires: c.ExpiresAt.Time}
	if c.Actor != nil {
		if p.actor = c.Actor.Subject; p.actor == "" {
			return proven{}, ErrInvalidTicket
		}
	}
	return p, nil
}

func notInTickets(r rune) bool {
	return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}
