package crypto

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"cloudlet/engine/action"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/secret"
)

func call() *action.Call {
	return &action.Call{Exchange: &action.Exchange{Services: &action.Services{Keys: secret.NewKeyring()}}}
}

// text is an input as the compiler gives it.
func text(s string) (e action.Expr[string]) {
	e.Use(expression.NewConstant(s, schema.StringType))
	return e
}

// pems are a private key and its public one.
func pems(t testing.TB, private, public any) (string, string) {
	t.Helper()
	p, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	q, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: p})), string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: q}))
}

func keysByAlgorithm(t testing.TB) map[string][2]string {
	t.Helper()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	e384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	keys := map[string][2]string{}
	add := func(algorithm string, private, public any) {
		p, q := pems(t, private, public)
		keys[algorithm] = [2]string{p, q}
	}
	add("RS256", r, &r.PublicKey)
	add("ES256", e, &e.PublicKey)
	add("ES384", e384, &e384.PublicKey)
	add("EdDSA", private, public)
	keys["PS256"] = keys["RS256"]
	for _, algorithm := range []string{"HS256", "HS384", "HS512"} {
		k := strings.Repeat("k", secretSize[algorithm])
		keys[algorithm] = [2]string{k, k}
	}
	return keys
}

// The algorithm is the file's: no token of another is taken, whatever its header says.
func TestAlgorithmsAreNotConfused(t *testing.T) {
	t.Parallel()
	keys, c := keysByAlgorithm(t), call()
	for signed, pair := range keys {
		in := &jwtSignInputs{Algorithm: signed, Key: text(pair[0]), ExpiresIn: action.Fixed(time.Hour)}
		token, err := runSign(c, in)
		if err != nil {
			t.Fatalf("%s: %v", signed, err)
		}
		for wanted, other := range keys {
			v := &jwtVerifyInputs{Algorithm: wanted, Key: text(other[1]), Token: action.Fixed(action.Text(token))}
			_, err := runVerify(c, v)
			if (err == nil) != (wanted == signed) {
				t.Errorf("a token of %s where %s is wanted: %v", signed, wanted, err)
			}
		}
	}
	// A public key as the shared secret: the classic confusion.
	if _, err := verifyingKey("HS256", keys["RS256"][1]); err == nil {
		t.Error("a public key is taken for a shared one")
	}
	small, _ := rsa.GenerateKey(rand.Reader, 1024)
	p, q := pems(t, small, &small.PublicKey)
	if _, err := signingKey("RS256", p); err == nil {
		t.Error("an RSA key of 1024 bits signs")
	}
	if _, err := verifyingKey("RS256", q); err == nil {
		t.Error("an RSA key of 1024 bits verifies")
	}
}

// What is genuine but not for this step, or not for now, is refused.
func TestClaimsAreChecked(t *testing.T) {
	t.Parallel()
	key, c := strings.Repeat("k", 32), call()
	hour := time.Now().Add(time.Hour).Unix()
	for name, claims := range map[string]jwt.MapClaims{
		"no exp": {}, "exp over": {"exp": 1}, "exp text": {"exp": "soon"}, "nbf ahead": {"exp": hour, "nbf": hour},
		"iat ahead": {"exp": hour, "iat": hour}, "aud": {"exp": hour, "aud": "others"}, "aud list": {"exp": hour, "aud": []string{"others"}},
	} {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		if v, err := runVerify(c, &jwtVerifyInputs{Algorithm: "HS256", Key: text(key), Token: action.Fixed(action.Text(token))}); err == nil {
			t.Errorf("%s: %v", name, v)
		}
	}
}

// FuzzJWTVerify: whatever comes, nothing but what was signed is read.
func FuzzJWTVerify(f *testing.F) {
	c, key := call(), strings.Repeat("k", 32)
	genuine, err := runSign(c, &jwtSignInputs{Algorithm: "HS256", Key: text(key), ExpiresIn: action.Fixed(time.Hour)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(genuine)
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		_, err := runVerify(c, &jwtVerifyInputs{Algorithm: "HS256", Key: text(key), Token: action.Fixed(action.Text(token))})
		if err == nil && !isSigned(token, key) {
			t.Errorf("%q is taken", token)
		}
	})
}

// isSigned computes the signature of a token anew: each process of a fuzz run has a genuine
// token of its own, so that none can be compared with.
func isSigned(token, key string) bool {
	at := strings.LastIndexByte(token, '.')
	if at < 0 {
		return false
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(token[:at]))
	return token[at+1:] == base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// FuzzDecrypt: nothing but what was sealed is opened.
func FuzzDecrypt(f *testing.F) {
	keys := secret.NewKeyring()
	sealed := keys.Seal(purposeOf("here"), []byte("plain"))
	f.Add(sealed)
	f.Fuzz(func(t *testing.T, given string) {
		if plain, err := keys.Open(purposeOf("here"), given); err == nil && given != sealed {
			t.Errorf("%q opens as %q", given, plain)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	in := &hashInputs{Input: action.Fixed(action.Text(strings.Repeat("x", 64))), Algorithm: "sha256"}
	bound := Hash.Bind()
	*bound.In.(*hashInputs) = *in
	c := call()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bound.Run(c); err != nil {
			b.Fatal(err)
		}
	}
}
