package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// parameters are the costs of one argon2id computation (RFC 9106).
type parameters struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// current are the parameters of every new hash: the second choice of OWASP's
// Password Storage Cheat Sheet, for it takes the least memory at equal strength.
var current = parameters{memory: 19456, time: 2, threads: 1}

// cheap are the parameters of tests that make hundreds of users: no protection at all.
var cheap = parameters{memory: 8, time: 1, threads: 1}

const (
	saltSize = 16 // bytes, RFC 9106 section 3.1
	hashSize = 32 // bytes
)

// The most that a stored hash may cost. A database is not trusted to make the
// engine allocate gigabytes or compute for minutes.
const (
	maxMemory     = 128 << 10 // KiB
	maxWork       = 512 << 10 // KiB times passes: about a second
	maxThreads    = 16
	maxBcryptCost = 13 // about a second
)

// argon is one argon2id hash in the PHC string format
// (https://github.com/P-H-C/phc-string-format).
type argon struct {
	parameters
	salt, hash []byte
}

func (a argon) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.memory, a.time, a.threads,
		base64.RawStdEncoding.EncodeToString(a.salt), base64.RawStdEncoding.EncodeToString(a.hash))
}

// parseArgon reads a PHC string, and refuses one whose computation would cost too much.
func parseArgon(text string) (argon, error) {
	var a argon
	parts := strings.Split(text, "$")
	if len(text) > 512 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return a, fmt.Errorf("a stored password is neither argon2id nor bcrypt")
	}
	if parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return a, fmt.Errorf("a stored password has another version of argon2id than %d", argon2.Version)
	}
	costs, err := parseCosts(parts[3])
	if err != nil {
		return a, err
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	hash, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(salt) < 8 || len(salt) > 64 || len(hash) < 16 || len(hash) > 64 {
		return a, fmt.Errorf("a stored password has a damaged salt or hash")
	}
	return argon{costs, salt, hash}, nil
}

// parseCosts reads "m=19456,t=2,p=1".
func parseCosts(text string) (parameters, error) {
	var values [3]uint64
	fields := strings.Split(text, ",")
	for i, prefix := range [...]string{"m=", "t=", "p="} {
		if len(fields) != 3 {
			return parameters{}, fmt.Errorf("a stored password has damaged parameters")
		}
		number, ok := strings.CutPrefix(fields[i], prefix)
		n, err := strconv.ParseUint(number, 10, 31)
		if !ok || err != nil {
			return parameters{}, fmt.Errorf("a stored password has damaged parameters")
		}
		values[i] = n
	}
	m, t, p := values[0], values[1], values[2]
	if p < 1 || p > maxThreads || t < 1 || m < 8*p || m > maxMemory || m*t > maxWork {
		return parameters{}, fmt.Errorf("a stored password asks for too much work, or for none: m=%d, t=%d, p=%d", m, t, p)
	}
	return parameters{uint32(m), uint32(t), uint8(p)}, nil
}

// compute is the hash of a password with the salt and the costs of a, as long as want.
func (a argon) compute(password string, want int) []byte {
	return argon2.IDKey([]byte(password), a.salt, a.time, a.memory, a.threads, uint32(want))
}

// newHash is the PHC string of a password with a new salt.
func newHash(password string, costs parameters) string {
	a := argon{parameters: costs, salt: make([]byte, saltSize)}
	rand.Read(a.salt)
	a.hash = a.compute(password, hashSize)
	return a.String()
}

// costs reports whether a computation of the hash costs what a new one does.
func (a argon) costs(new parameters) bool { return a.parameters == new && len(a.hash) == hashSize }

// matches compares in constant time.
func (a argon) matches(password string) bool {
	return subtle.ConstantTimeCompare(a.compute(password, len(a.hash)), a.hash) == 1
}

// isBcrypt reports whether a stored hash is one of bcrypt's.
func isBcrypt(text string) bool {
	return strings.HasPrefix(text, "$2a$") || strings.HasPrefix(text, "$2b$") || strings.HasPrefix(text, "$2y$")
}

// matchesBcrypt compares with an imported hash. As everywhere, bcrypt reads no
// more than the first 72 bytes of a password.
func matchesBcrypt(password, text string) (bool, error) {
	cost, err := bcrypt.Cost([]byte(text))
	if err != nil {
		return false, fmt.Errorf("a stored password is a damaged bcrypt hash")
	}
	if cost > maxBcryptCost {
		return false, fmt.Errorf("a stored password asks for too much work: bcrypt cost %d, at most %d", cost, maxBcryptCost)
	}
	return bcrypt.CompareHashAndPassword([]byte(text), []byte(password)) == nil, nil
}

// GeneratePassword makes a password of 120 bits from the system's CSPRNG: four
// groups of six characters of Crockford's base 32, in which no two look alike.
func GeneratePassword() string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	random := make([]byte, 24)
	rand.Read(random)
	var b strings.Builder
	for i, r := range random {
		if i > 0 && i%6 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(alphabet[r%32]) // 256 is a multiple of 32: no character is likelier
	}
	return b.String()
}
