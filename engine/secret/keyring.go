// Package secret holds the app's secret: what signs tickets, and what every other key
// is derived from.
package secret

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

const (
	mostKeys      = 256
	secretLength  = 100 // characters of a secret that we make: 600 bits
	minimumSecret = 32  // characters of one that is given
	// rotationSlack is how long a running engine may go on signing with a secret that was just rotated out.
	rotationSlack = time.Minute
)

// Error says why a secret cannot be used as it is. All are the same to errors.Is.
type Error struct {
	Detail string // a sentence that holds no secret
}

// Error is the sentence.
func (e *Error) Error() string { return e.Detail }

// Is compares nothing but the type.
func (e *Error) Is(target error) bool {
	_, ok := target.(*Error)
	return ok
}

// ErrUnusable means that the secret cannot be used as it is: the file is damaged or
// readable by others, or the given text is too short.
var ErrUnusable = &Error{"The secret cannot be used."}

func unusable(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// Keyring holds the app's secret: one key that signs tickets, and those before it
// that tickets may still be signed with, or that something was sealed with. It is safe for use by several goroutines at
// once, and prints as [secret] wherever it is printed.
type Keyring struct {
	file string // "" where the secret was given, or lives in memory alone
	made bool   // the file was not there
	keys atomic.Pointer[[]key]
	// version grows with each load: what was verified before may not be now.
	version atomic.Uint64

	loading sync.Mutex
	seen    os.FileInfo // the file as it was read last
}

// key is one secret.
type key struct {
	id    string
	text  string
	until time.Time // zero for the one that signs
}

// Key is what may be known of a secret.
type Key struct {
	ID    string    // the `kid` of its tickets
	Signs bool      // new tickets are signed with it
	Until time.Time // its tickets are refused from then on; zero for the one that signs
}

// OpenKeyring uses the given secret (CLOUDLET_SECRET) where it is not empty. Otherwise
// it reads DIR/secret.key, or makes it: 100 characters from the system's CSPRNG, in a file
// that only its owner can read. It fails with ErrUnusable for a given secret under 32
// characters, and for a file that is damaged or that others can read: such a secret may be
// known already, so it is not silently used.
func OpenKeyring(dir, given string) (*Keyring, error) {
	if given != "" {
		if n := utf8.RuneCountInString(given); n < minimumSecret {
			return nil, unusable("CLOUDLET_SECRET has %d characters; it needs at least %d.", n, minimumSecret)
		}
		return keyringOf(newKey(given)), nil
	}
	k := &Keyring{file: filepath.Join(dir, "secret.key")}
	if _, err := os.Stat(k.file); os.IsNotExist(err) {
		if err := createSecrets(k.file, []key{newKey(randomSecret())}); err != nil {
			return nil, err
		}
		k.made = true
	}
	if _, err := k.Reload(); err != nil {
		return nil, err
	}
	return k, nil
}

// Made reports whether the secret is new: there was no file, and OpenKeyring has made it.
func (k *Keyring) Made() bool { return k.made }

// NewKeyring is a keyring with a new secret that lives in memory alone: for
// tests, and for commands that must not touch the data folder.
func NewKeyring() *Keyring { return keyringOf(newKey(randomSecret())) }

func keyringOf(only key) *Keyring {
	k := &Keyring{}
	k.keys.Store(&[]key{only})
	return k
}

// Reload reads the file again if it was changed since, and tells whether it was.
// When it fails the keys stay as they are. Without a file there is nothing to do.
func (k *Keyring) Reload() (changed bool, err error) {
	if k.file == "" {
		return false, nil
	}
	k.loading.Lock()
	defer k.loading.Unlock()
	now, err := os.Stat(k.file)
	if err != nil {
		return false, unusable("The secret's file cannot be read: %v.", err)
	}
	if k.seen != nil && os.SameFile(k.seen, now) && k.seen.ModTime().Equal(now.ModTime()) &&
		k.seen.Size() == now.Size() && k.seen.Mode() == now.Mode() {
		return false, nil
	}
	keys, err := readSecrets(k.file)
	if err != nil {
		return false, err
	}
	k.keys.Store(&keys)
	k.version.Add(1)
	k.seen = now
	return true, nil
}

// Rotate makes a new secret, which signs from now on. The old one verifies until
// every ticket that was signed with it has expired; lifetime is how long tickets live. After
// that it is kept for what was sealed or chained with it; 256 are kept. Running engines notice within a second. It fails with
// ErrUnusable where the secret does not live in a file of ours.
func (k *Keyring) Rotate(lifetime time.Duration) error { return k.rotate(time.Now(), lifetime) }

func (k *Keyring) rotate(now time.Time, lifetime time.Duration) error {
	if k.file == "" {
		return unusable("The secret was given; change CLOUDLET_SECRET itself.")
	}
	err := replaceSecrets(k.file, func(old []key) []key {
		old[0].until = now.Add(max(0, lifetime) + rotationSlack).UTC().Truncate(time.Second)
		return append([]key{newKey(randomSecret())}, old[:min(len(old), mostKeys-1)]...)
	})
	if err != nil {
		return err
	}
	_, err = k.Reload()
	return err
}

// Keys lists what may be known of the secrets, the one that signs first.
func (k *Keyring) Keys() []Key {
	var list []Key
	for _, e := range *k.keys.Load() {
		list = append(list, Key{e.id, e.until.IsZero(), e.until})
	}
	return list
}

// Version grows whenever the keys may have changed.
func (k *Keyring) Version() uint64 { return k.version.Load() }

// Derive is a key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869, the purpose as
// the label), with the kid of the secret that it comes from: the one that signs now. No
// key tells anything about another, nor about the secret.
func (k *Keyring) Derive(purpose string) (kid string, derived []byte) {
	now := k.current()
	return now.id, now.derive(purpose)
}

// DeriveOf is Derive from the secret of a kid, however old; false where it is not known.
func (k *Keyring) DeriveOf(kid, purpose string) ([]byte, bool) {
	for _, e := range *k.keys.Load() {
		if e.id == kid {
			return e.derive(purpose), true
		}
	}
	return nil, false
}

// Signing is the secret that signs, byte for byte, with its kid.
func (k *Keyring) Signing() (kid string, text []byte) {
	now := k.current()
	return now.id, []byte(now.text)
}

// Verifying is the secret of a kid, while tickets that it signed are valid.
func (k *Keyring) Verifying(kid string, now time.Time) ([]byte, bool) {
	for _, e := range *k.keys.Load() {
		if e.id == kid && (e.until.IsZero() || now.Before(e.until)) {
			return []byte(e.text), true
		}
	}
	return nil, false
}

func (k *Keyring) current() key { return (*k.keys.Load())[0] }

func (k key) derive(purpose string) []byte {
	return derive(k.text, "cloudlet key "+purpose, sha256.Size)
}

func newKey(text string) key {
	return key{id: hex.EncodeToString(derive(text, "cloudlet kid", 8)), text: text}
}

func derive(secret, label string, size int) []byte {
	b, err := hkdf.Key(sha256.New, []byte(secret), nil, label, size)
	if err != nil {
		panic(err) // only for sizes over 255 hashes
	}
	return b
}

// randomSecret draws from 64 characters, six bits each, that need no quotes anywhere.
func randomSecret() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := make([]byte, secretLength)
	rand.Read(b)
	for i, r := range b {
		b[i] = alphabet[r%64]
	}
	return string(b)
}

// Format prints [secret] for every verb.
func (k *Keyring) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue logs [secret].
func (k *Keyring) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText encodes [secret].
func (k *Keyring) MarshalText() ([]byte, error) { return []byte(redacted), nil }

const redacted = "[secret]"
