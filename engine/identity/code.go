package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"

	"github.com/pquerna/otp/totp"
)

// codeKind is what a text that was sent as a code can be.
type codeKind uint8

const (
	noCode codeKind = iota
	totpCode
	recoveryCode
)

// readCode tells what a code can be, and its text without what people put between.
// Digits that look like letters are read as those in recovery codes, and case does not matter (Crockford's base 32).
func readCode(code string) (codeKind, string) {
	if len(code) > maxCode {
		return noCode, ""
	}
	text := strings.NewReplacer(" ", "", "-", "").Replace(code)
	if len(text) == codeDigits.Length() && strings.Trim(text, "0123456789") == "" {
		return totpCode, text
	}
	text = strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(strings.ToLower(text))
	if len(text) == crockford.EncodedLen(recoverySize) && strings.Trim(text, crockfordAlphabet) == "" {
		return recoveryCode, text
	}
	return noCode, ""
}

const crockfordAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var crockford = base32.NewEncoding(crockfordAlphabet).WithPadding(base32.NoPadding)

// newRecoveryCode makes a code as it is shown: four groups of four.
func newRecoveryCode() string {
	b := make([]byte, recoverySize)
	rand.Read(b) // never fails
	text := crockford.EncodeToString(b)
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// recoveryHash is what is kept of a recovery code without its hyphens.
func recoveryHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// newTOTP makes the secret of an authenticator app: 160 bits (RFC 4226, section 4), as
// base 32 and as the URL that the app reads as a QR code.
func newTOTP(issuer, user string) (secret, link string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: user, SecretSize: 20})
	if err != nil {
		return "", "", err
	}
	return key.Secret(), appURL(issuer, user, key.Secret()), nil
}

// appURL is the URL of https://github.com/google/google-authenticator/wiki/Key-Uri-Format. The
// library's own does not escape an & in the issuer. Neither part may hold a colon, which
// separates them; spaces are not read from a plus by every app.
func appURL(issuer, user, secret string) string {
	issuer = strings.ReplaceAll(issuer, ":", " ")
	q := url.Values{"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {codeDigits.String()}, "period": {strconv.Itoa(codePeriod)}}
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(user) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}
