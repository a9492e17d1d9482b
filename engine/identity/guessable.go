package identity

import (
	_ "embed" // for the list
	"strings"
	"sync"
)

// guessedText are the 10,000 passwords of at least 8 characters that are tried first,
// in lower case, one a line. Where they come from says passwords/LICENSE.
//
//go:embed passwords/guessed.txt
var guessedText string

var guessedPasswords = sync.OnceValue(func() map[string]struct{} {
	lines := strings.Fields(guessedText)
	all := make(map[string]struct{}, len(lines))
	for _, line := range lines {
		all[line] = struct{}{}
	}
	return all
})

// isGuessable reports whether a password is one of those that are tried first, whatever
// its case, or one of them with digits and marks behind it.
func isGuessable(password string) bool {
	password = strings.ToLower(password)
	word := strings.TrimRight(password, "0123456789!?.,;:-_+*#$%&@ ")
	for _, p := range []string{password, word} {
		if _, found := guessedPasswords()[p]; found {
			return true
		}
	}
	return false
}
