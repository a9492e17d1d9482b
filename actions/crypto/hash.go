// Package crypto holds the actions that make what others cannot: hashes and signatures,
// password hashes, sealed texts, tokens and random texts.
package crypto

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// functions are the hash functions by their names: SHA-2 and SHA-1 of FIPS 180-4, MD5 of RFC 1321.
var functions = map[string]func() hash.Hash{"sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New, "sha1": sha1.New, "md5": md5.New}

// Hash computes a hash (FIPS 180-4) as hexadecimal digits.
var Hash = action.Define(action.Spec[hashInputs, string]{
	Name: "hash", Summary: "Computes a hash, as hexadecimal digits.", Main: "input",
	Doc: "A hash of a secret is a token: it may be stored and sent, but not logged. For passwords it is the wrong thing: it is fast; `password.hash` is for them. " +
		"md5 and sha1 are broken, and only for what others prescribe: they need `weak: true`.",
	Example: "- hash: ${args.email}\n  as: digest\n",
	Prepare: func(l action.Load, in *hashInputs) action.Result {
		if weak := in.Algorithm == "md5" || in.Algorithm == "sha1"; weak && !in.Weak {
			l.Problem(source.Problem{Span: l.At("algorithm"), Code: "weak_algorithm", Text: fmt.Sprintf("%s is broken: others can make a text of the same hash", in.Algorithm),
				Hint: "use sha256, or add weak: true where somebody else prescribes it"})
		}
		return action.Gives(schema.StringType.WithClass(min(in.Input.Type().Highest(), schema.Token)))
	},
	Run: func(c *action.Call, in *hashInputs) (string, error) {
		text, err := in.Input.Value(c)
		if err != nil {
			return "", err
		}
		h := functions[in.Algorithm]()
		h.Write([]byte(text))
		return hex.EncodeToString(h.Sum(nil)), nil
	},
})

type hashInputs struct {
	Input     action.Expr[action.Text] `doc:"What is hashed, as UTF-8." class:"secret"`
	Algorithm string                   `doc:"The hash function." enum:"sha256,sha384,sha512,sha1,md5" default:"sha256"`
	Weak      bool                     `doc:"Whether sha1 and md5 may be used." default:"false"`
}
