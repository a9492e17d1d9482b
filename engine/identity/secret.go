package identity

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
	secretLength  = 100 // characters of a secret that we make: 600 bits
	minimumSecret = 32  // characters of one that is given
	// rotationSlack is how long a running engine may go on signing with a secret that was just rotated out.
	rotationSlack = time.Minute
)

// Keyring holds the app's secret: one key that signs tickets, and those before it
// that tickets may still be signed with. It is safe for use by several goroutines at
// once, and prints as [secret] wherever it is printed.
type Keyring struct {
	file string // "" where the secret was given, or lives in memory alone
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
// that only its owner can read. It fails with ErrSecret for a given secret under 32
// characters, and for a file that is damaged or that others can read: such a secret may be
// known already, so it is not silently used.
func OpenKeyring(dir, given string) (*Keyring, error) {
	if given != "" {
		if n := utf8.RuneCountInString(given); n < minimumSecret {
			return nil, ErrSecret.with("CLOUDLET_SECRET has %d characters; it needs at least %d.", n, minimumSecret)
		}
		return keyringOf(newKey(given)), nil
	}
	k := &Keyring{file: filepath.Join(dir, "secret.key")}
	if _, err := os.Stat(k.file); os.IsNotExist(err) {
		if err := createSecrets(k.file, []key{newKey(randomSecret())}); err != nil {
			return nil, err
		}
	}
	if _, err := k.Reload(); err != nil {
		return nil, err
	}
	return k, nil
}

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
		return false, ErrSecret.with("The secret's file cannot be read: %v.", err)
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
// every ticket that was signed with it has expired; lifetime is how long tickets live. Secrets
// whose time is over are removed. Running engines notice within a second. It fails with
// ErrSecret where the secret does not live in a file of ours.
func (k *Keyring) Rotate(lifetime time.Duration) error { return k.rotate(time.Now(), lifetime) }

func (k *Keyring) rotate(now time.Time, lifetime time.Duration) error {
	if k.file == "" {
		return ErrSecret.with("The secret was given; change CLOUDLET_SECRET itself.")
	}
	err := replaceSecrets(k.file, func(old []key) []key {
		keys := []key{newKey(randomSecret())}
		for _, o := range old {
			if o.until.IsZero() {
				o.until = now.Add(max(0, lifetime) + rotationSlack).UTC().Truncate(time.Second)
			}
			if now.Before(o.until) {
				keys = append(keys, o)
			}
		}
		return keys
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

// Derive is a key of 32 bytes for one purpose (HKDF-SHA256, RFC 5869, the purpose as
// the label). No key tells anything about another, nor about the secret. It changes when
// the secret is rotated.
func (k *Keyring) Derive(purpose string) []byte {
	return derive(k.signing().text, "cloudlet key "+purpose, sha256.Size)
}

// signing is the key that signs.
func (k *Keyring) signing() key { return (*k.keys.Load())[0] }

// find is the secret's text with this kid, while it may verify.
func (k *Keyring) find(id string, now time.Time) ([]byte, bool) {
	for _, e := range *k.keys.Load() {
		if e.id == id && (e.until.IsZero() || now.Before(e.until)) {
			return []byte(e.text), true
		}
	}
	return nil, false
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
