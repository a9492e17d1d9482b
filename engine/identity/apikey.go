package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
)

// A program shows an API key where a user shows a ticket. Its text is ck_, the id in 16
// hexadecimal digits, _, and 256 random bits in base64url; a SHA-256 of it is kept. It stands
// for its owner, with no more roles than the owner has at the moment of a request.
const (
	keyPrefix = "ck_"
	keyIDSize = 8  // random bytes
	keySize   = 32 // random bytes
	maxKeys   = 100

	// MaxKeyName is how many characters a key's name may have.
	MaxKeyName = 64
	// MaxKeyLifetime is how long a key may be valid, if not for ever.
	MaxKeyLifetime = 5 * 365 * 24 * time.Hour
)

var keyLength = len(keyPrefix) + hex.EncodedLen(keyIDSize) + 1 + base64.RawURLEncoding.EncodedLen(keySize)

// NewKey is an API key to be made.
type NewKey struct {
	Name     string        // 1 to 64 characters; the owner has one of the name
	Roles    []string      // nil: those that the owner has now
	ValidFor time.Duration // 0: for ever
}

// Key is an API key. It prints without its text.
type Key struct {
	ID        string
	Name      string
	Roles     []string // sorted
	CreatedAt time.Time
	ExpiresAt time.Time // the zero time: never
	Text      string    // for Authorization: Bearer; known only when the key is made
}

// Format prints which key it is, never its text.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[API key %s]", k.ID) }

// LogValue logs which key it is, never its text.
func (k Key) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(k)) }

func isKey(token string) bool { return strings.HasPrefix(token, keyPrefix) }

// newKeyText makes an id, and the text of a key with it.
func newKeyText() (id, text string) {
	b := make([]byte, keyIDSize+keySize)
	rand.Read(b) // never fails
	id = hex.EncodeToString(b[:keyIDSize])
	return id, keyPrefix + id + "_" + base64.RawURLEncoding.EncodeToString(b[keyIDSize:])
}

// keyID is the id in the text of a key; false where it cannot be one.
func keyID(text string) (string, bool) {
	if len(text) != keyLength {
		return "", false
	}
	id, _, ok := strings.Cut(text[len(keyPrefix):], "_")
	return id, ok && len(id) == hex.EncodedLen(keyIDSize)
}

// CreateKey makes an API key of who acts. It fails with ErrLoginRequired, ErrInvalidName,
// ErrInvalidExpiry, ErrForbidden for a role that who acts does not have, ErrNoSuchRole, ErrKeyNameTaken or
// ErrTooManyKeys.
func (s *Service) CreateKey(ctx context.Context, act Act, n NewKey) (*Key, error) {
	if err := act.needLogin(); err != nil {
		return nil, err
	}
	if n.Name == "" || len([]rune(n.Name)) > MaxKeyName || checkDisplayName(n.Name) != nil {
		return nil, ErrInvalidName.Saying("An API key's name has 1 to %d characters, and no control characters.", MaxKeyName)
	}
	if n.ValidFor < 0 || n.ValidFor > MaxKeyLifetime {
		return nil, ErrInvalidExpiry
	}
	for _, r := range n.Roles {
		if !act.Caller.HasRole(r) {
			return nil, ErrForbidden.Saying("An API key has no role that its owner has not.")
		}
	}
	var k *Key
	err := s.changeUser(ctx, act, act.By, func(tx *database.Tx, u *userState) (err error) {
		if k, err = s.insertKey(ctx, tx, u, n); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "api_key.created", u.name, "id", k.ID, "name", k.Name, "roles", list(k.Roles))
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

func (s *Service) insertKey(ctx context.Context, tx *database.Tx, u *userState, n NewKey) (*Key, error) {
	now := s.clock()
	if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_api_keys WHERE user_id = ? AND expires_at <= ?", u.id, now); err != nil {
		return nil, err
	}
	if has, err := count(ctx, tx, "SELECT count(*) FROM cloudlet_api_keys WHERE user_id = ?", u.id); err != nil {
		return nil, err
	} else if has >= maxKeys {
		return nil, ErrTooManyKeys
	}
	k := &Key{Name: n.Name, Roles: slices.Clone(n.Roles), CreatedAt: now}
	if n.Roles == nil {
		k.Roles = slices.Clone(u.roles)
	}
	slices.Sort(k.Roles)
	k.Roles = slices.Compact(k.Roles)
	for _, r := range k.Roles {
		if _, err := findRole(ctx, tx, r); err != nil {
			return nil, err
		}
	}
	var expires any
	if n.ValidFor > 0 {
		k.ExpiresAt = now.Add(n.ValidFor)
		expires = k.ExpiresAt
	}
	k.ID, k.Text = newKeyText()
	_, err := tx.Exec(ctx, "INSERT INTO cloudlet_api_keys (id, hash, user_id, name, roles, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		k.ID, linkHash(k.Text), u.id, k.Name, string(schema.AppendJSON(nil, list(k.Roles))), k.CreatedAt, expires)
	if errors.Is(err, database.ErrExists) {
		return nil, ErrKeyNameTaken
	}
	return k, err
}

// RevokeKey ends an API key of who acts, by its id or name, at once. It fails with
// ErrLoginRequired or ErrNoSuchKey.
func (s *Service) RevokeKey(ctx context.Context, act Act, key string) error {
	if err := act.needLogin(); err != nil {
		return err
	}
	return s.changeUser(ctx, act, act.By, func(tx *database.Tx, u *userState) error {
		row, err := tx.QueryRow(ctx, "SELECT id FROM cloudlet_api_keys WHERE user_id = ? AND (id = ? OR name = ?) ORDER BY id <> ? LIMIT 1", u.id, key, key, key)
		if err != nil {
			return err
		}
		if row == nil {
			return ErrNoSuchKey
		}
		id := ""
		if err := row.Scan(&id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_api_keys WHERE id = ?", id); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "api_key.revoked", u.name, "id", id)
	})
}

// Keys lists the API keys of who acts by name, without their texts.
func (s *Service) Keys(ctx context.Context, act Act) ([]Key, error) {
	rows, err := s.querier(act).Query(ctx, `SELECT k.id, k.name, k.roles, k.created_at, k.expires_at
		FROM cloudlet_api_keys k JOIN cloudlet_users u ON u.id = k.user_id WHERE u.username = ? ORDER BY k.name`, act.By)
	if err != nil {
		return nil, err
	}
	keys := make([]Key, len(rows))
	for i, row := range rows {
		var roles string
		if err := row.Scan(&keys[i].ID, &keys[i].Name, &roles, &keys[i].CreatedAt, &keys[i].ExpiresAt); err != nil {
			return nil, err
		}
		keys[i].Roles = rolesOf(roles)
	}
	return keys, nil
}

// rolesOf reads a list of roles as it is kept.
func rolesOf(text string) []string {
	v, err := schema.AnyType.FromText(text)
	if err != nil {
		return nil
	}
	items, _ := v.([]any)
	roles := make([]string, 0, len(items))
	for _, item := range items {
		if r, ok := item.(string); ok {
			roles = append(roles, r)
		}
	}
	return roles
}

// proveKey tells whose a key is: ErrInvalidTicket where it is nobody's.
func (s *Service) proveKey(ctx context.Context, text string) (proven, error) {
	p, _, err := s.readKey(ctx, text)
	return p, err
}

// forEver is when a key expires that does not.
var forEver = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (s *Service) readKey(ctx context.Context, text string) (p proven, roles []string, err error) {
	id, ok := keyID(text)
	if !ok {
		return proven{}, nil, ErrInvalidTicket
	}
	row, err := s.db.QueryRow(ctx, `SELECT u.username, k.roles, k.expires_at FROM cloudlet_api_keys k JOIN cloudlet_users u ON u.id = k.user_id
		WHERE k.id = ? AND k.hash = ?`, id, linkHash(text))
	if err != nil {
		return proven{}, nil, err
	}
	if row == nil {
		return proven{}, nil, ErrInvalidTicket
	}
	p.id = id
	list := ""
	if err := row.Scan(&p.subject, &list, &p.expires); err != nil {
		return proven{}, nil, err
	}
	if p.expires.IsZero() {
		p.expires = forEver
	}
	if !s.clock().Before(p.expires) {
		return proven{}, nil, expired(text)
	}
	return p, rolesOf(list), nil
}

// admitKey is the caller that a key stands for: its owner, with the key's roles that the
// owner has now.
func (s *Service) admitKey(ctx context.Context, text string, p proven, owner *Caller) (*Caller, error) {
	now, roles, err := s.readKey(ctx, text)
	if err != nil {
		return nil, err
	}
	if now.subject != p.subject {
		return nil, ErrInvalidTicket
	}
	roles = slices.DeleteFunc(roles, func(r string) bool { return !owner.HasRole(r) })
	c := NewCaller(owner.Name, roles, s.settings.Load().includes)
	c.APIKey = p.id
	return c, nil
}
