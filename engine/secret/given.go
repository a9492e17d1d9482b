package secret

import (
	"crypto/subtle"
	"unicode/utf8"
)

// GivenKeyring is a keyring of texts that somebody gave: the first seals and signs, the
// others open what they sealed before. It fails with ErrUnusable for a text under 32
// characters.
func GivenKeyring(texts ...string) (*Keyring, error) {
	keys := make([]key, 0, len(texts))
	for _, text := range texts {
		if utf8.RuneCountInString(text) < minimumSecret {
			return nil, unusable("A key needs at least %d characters.", minimumSecret)
		}
		keys = append(keys, newKey(text))
	}
	k := &Keyring{}
	k.keys.Store(&keys)
	return k, nil
}

// Holds reports whether a text is one of the secrets themselves, however old. What is
// given to sign with must not be: it could sign tickets.
func (k *Keyring) Holds(text string) bool {
	found := 0
	for _, e := range *k.keys.Load() {
		found |= subtle.ConstantTimeCompare([]byte(e.text), []byte(text))
	}
	return found == 1
}
