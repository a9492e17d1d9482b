package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// ErrNotOpened means that a sealed text was changed, sealed for another purpose, or
// with a secret that is not known any more.
var ErrNotOpened = &Error{"What was sealed cannot be opened: it was changed, or the secret that it was sealed with is gone."}

// Seal encrypts a text for one purpose (AES-256-GCM, NIST SP 800-38D, under a key that
// is derived for the purpose): KID.BASE64URL, the nonce ahead of the rest. It can be opened after
// the secret was rotated, too.
func (k *Keyring) Seal(purpose string, plain []byte) string {
	kid, derived := k.Derive("seal " + purpose)
	sealer := gcm(derived)
	nonce := make([]byte, sealer.NonceSize(), sealer.NonceSize()+len(plain)+sealer.Overhead())
	rand.Read(nonce) // never fails
	return kid + "." + base64.RawURLEncoding.EncodeToString(sealer.Seal(nonce, nonce, plain, []byte(purpose)))
}

// Open gives back what was sealed for the purpose. It fails with ErrNotOpened.
func (k *Keyring) Open(purpose, sealed string) ([]byte, error) {
	kid, text, _ := strings.Cut(sealed, ".")
	derived, known := k.DeriveOf(kid, "seal "+purpose)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !known || err != nil || strings.ContainsAny(text, "\r\n") { // which decoders pass over
		return nil, ErrNotOpened
	}
	opener := gcm(derived)
	if len(raw) < opener.NonceSize() {
		return nil, ErrNotOpened
	}
	plain, err := opener.Open(nil, raw[:opener.NonceSize()], raw[opener.NonceSize():], []byte(purpose))
	if err != nil {
		return nil, ErrNotOpened
	}
	return plain, nil
}

func gcm(derived []byte) cipher.AEAD {
	block, err := aes.NewCipher(derived)
	if err != nil {
		panic(err) // only for keys of a wrong size
	}
	sealer, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for blocks of a wrong size
	}
	return sealer
}

// object is how a sealed text rests where JSON is kept.
type object struct {
	Sealed string `json:"sealed"`
}

// SealJSON is Seal for what keeps JSON, as the arguments of a job: the text stands in an object.
func (k *Keyring) SealJSON(purpose string, plain []byte) json.RawMessage {
	text, _ := json.Marshal(object{k.Seal(purpose, plain)}) // a string never fails
	return text
}

// OpenJSON gives back what SealJSON sealed, also where another process has just rotated the
// secret. It fails with ErrNotOpened, or with what Reload fails with.
func (k *Keyring) OpenJSON(purpose string, text json.RawMessage) ([]byte, error) {
	var o object
	if err := json.Unmarshal(text, &o); err != nil {
		return nil, ErrNotOpened
	}
	return k.openFresh(purpose, o.Sealed)
}

// openFresh opens as Open does. Where that fails it reads the secret's file again and tries once
// more: another process may have rotated the secret a moment ago. It fails as Open does, or with
// what Reload fails with.
func (k *Keyring) openFresh(purpose, sealed string) ([]byte, error) {
	before := k.version.Load()
	plain, err := k.Open(purpose, sealed)
	if !errors.Is(err, ErrNotOpened) {
		return plain, err
	}
	if _, err := k.Reload(); err != nil {
		return nil, err
	}
	if k.version.Load() == before { // also others may have read it meanwhile
		return nil, ErrNotOpened
	}
	return k.Open(purpose, sealed)
}
