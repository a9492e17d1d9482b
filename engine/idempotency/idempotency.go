// Package idempotency keeps the answers to requests with an Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header-07), so that a request which is sent again,
// since its answer was lost, is answered as it was the first time and has no second effect.
//
// An answer is written in the transaction of the effect. A process that is killed between the two
// leaves both or neither.
package idempotency

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/failure"
	"cloudlet/engine/lock"
	"cloudlet/engine/secret"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the table of answers.
func Migrations() database.Set { return database.Embedded("-/idempotency", migrations) }

// What requests are refused for.
var (
	// ErrInvalidKey means that a header is no key: 1 to 255 visible characters of ASCII, in quotes or without.
	ErrInvalidKey = &failure.Error{Status: 400, Code: "invalid_idempotency_key", Detail: "An Idempotency-Key has 1 to 255 visible characters, and there is one."}
	// ErrReused means that the key came with another request before.
	ErrReused = &failure.Error{Status: 422, Code: "idempotency_key_reused", Detail: "This Idempotency-Key was sent with another request before."}
)

// longestKey is the length of the longest key, in bytes.
const longestKey = 255

// Key reads the key from the values of the header. It fails with ErrInvalidKey.
func Key(values []string) (string, error) {
	if len(values) != 1 {
		return "", ErrInvalidKey
	}
	key := values[0]
	if n := len(key); n >= 2 && key[0] == '"' && key[n-1] == '"' { // as the draft writes it
		key = key[1 : n-1]
	}
	if key == "" || len(key) > longestKey || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' }) {
		return "", ErrInvalidKey
	}
	return key, nil
}

// ID is what a key belongs to: a verb, who asks ("" is nobody), and the key.
type ID [sha256.Size]byte

// NewID is the ID of a key.
func NewID(verb, user, key string) ID { return ID(digest(verb, user, key)) }

// Fingerprint tells requests apart that came with one key.
type Fingerprint [sha256.Size]byte

// NewFingerprint is that of what was asked.
func NewFingerprint(parts ...string) Fingerprint { return Fingerprint(digest(parts...)) }

func digest(parts ...string) [sha256.Size]byte {
	h := sha256.New()
	for _, part := range parts {
		sum := sha256.Sum256([]byte(part)) // so that no part runs into the next
		h.Write(sum[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Answer is what is answered again.
type Answer struct {
	Status int         `json:"status"`
	Header http.Header `json:"header,omitempty"`
	Body   []byte      `json:"body,omitempty"`
	Has    bool        `json:"has,omitempty"` // there is a body, be it an empty one
}

// Store keeps answers in the main database, and has equal requests wait for each other. It is
// safe for use by several goroutines at once.
type Store struct {
	db   *database.DB
	keys *secret.Keyring

	under lock.Locks[ID] // requests that are being answered
}

// New is the store of a database that the Migrations were applied to.
func New(db *database.DB, keys *secret.Keyring) *Store {
	return &Store{db: db, keys: keys}
}

// Enter waits until no other request of this process with the ID is being answered, and
// then lets none in until leave is called. It fails with the context's error.
func (s *Store) Enter(ctx context.Context, id ID) (leave func(), err error) {
	return s.under.Enter(ctx, id)
}

const purpose = "idempotent answer"

// Find is the answer that was kept, nil where there is none. It fails with ErrReused where the
// key came with another request.
func (s *Store) Find(ctx context.Context, id ID, f Fingerprint, now time.Time) (*Answer, error) {
	row, err := s.db.QueryRow(ctx, "SELECT fingerprint, answer FROM cloudlet_idempotent_answers WHERE id = ? AND until > ?", id[:], now.UnixMilli())
	if err != nil || row == nil {
		return nil, err
	}
	var fingerprint []byte
	var sealed string
	if err := row.Scan(&fingerprint, &sealed); err != nil {
		return nil, err
	}
	if string(fingerprint) != string(f[:]) {
		return nil, ErrReused
	}
	text, err := s.keys.Open(purpose, sealed)
	if err != nil {
		return nil, err
	}
	a := &Answer{}
	return a, json.Unmarshal(text, a)
}

// mostForgotten is how many expired answers are removed when one is kept.
const mostForgotten = 20

// Keep writes an answer in the transaction of what it answers for, until a time. It fails with
// database.ErrExists where another process has answered meanwhile: roll back, and Find.
func (s *Store) Keep(ctx context.Context, tx *database.Tx, id ID, f Fingerprint, a *Answer, now, until time.Time) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if _, err = tx.Exec(ctx, `DELETE FROM cloudlet_idempotent_answers WHERE until <= ? AND (id = ? OR
		id IN (SELECT id FROM cloudlet_idempotent_answers WHERE until <= ? LIMIT ?))`, now.UnixMilli(), id[:], now.UnixMilli(), mostForgotten); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO cloudlet_idempotent_answers (id, fingerprint, answer, until) VALUES (?, ?, ?, ?)", id[:], f[:], s.keys.Seal(purpose, text), until.UnixMilli())
	return err
}

// IsRace reports whether an error of Keep means that another process was faster.
func IsRace(err error) bool { return errors.Is(err, database.ErrExists) }
