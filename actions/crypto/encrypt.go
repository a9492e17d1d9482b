package crypto

import (
	"fmt"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/secret"
)

const (
	sealedV1  = "v1." // what a sealed text begins with: how it was made
	mostPlain = 8 << 20
)

var (
	tooLarge      = action.Outcome{Status: 413, Code: "too_large", When: fmt.Sprintf("the text is larger than %d MiB", mostPlain>>20)}
	cannotDecrypt = action.Outcome{Status: 400, Code: "cannot_decrypt", When: "the text was not made by encrypt with this key and context, or was changed"}
)

// Encrypt seals a text with AES-256-GCM (NIST SP 800-38D).
var Encrypt = action.Define(action.Spec[encryptInputs, string]{
	Name: "encrypt", Summary: "Seals a text so that only decrypt can read it (AES-256-GCM).", Main: "input",
	Doc: "Without `key` it is sealed for this app alone, with a key that is derived from the app's secret; what was sealed before a `secret rotate` can still be read. " +
		"The result is v1.KEY.BASE64URL, never twice the same, and a token. `context` ties it to where it belongs, such as the id of its row: moved elsewhere it cannot be read.",
	Example:  "- encrypt: {input: \"${args.phone}\", context: \"phone of ${args.id}\"}\n  as: sealed\n",
	Failures: []action.Outcome{keyRefused, tooLarge}, Result: schema.TokenType,
	Prepare: func(l action.Load, in *encryptInputs) action.Result {
		checkKey(l, &in.Key, leastKey)
		return action.Gives(schema.TokenType)
	},
	Run: func(c *action.Call, in *encryptInputs) (string, error) {
		plain, err := in.Input.Value(c)
		if err != nil {
			return "", err
		}
		if len(plain) > mostPlain {
			return "", action.Fail(tooLarge.Status, tooLarge.Code, "The text is too large to be encrypted.")
		}
		keys, err := keyring(c, &in.Key, &one)
		if err != nil {
			return "", err
		}
		where, _, err := in.Context.Optional(c)
		if err != nil {
			return "", err
		}
		return sealedV1 + keys.Seal(purposeOf(where), []byte(plain)), nil
	},
})

type encryptInputs struct {
	Input   action.Expr[action.Text] `doc:"What is sealed, as UTF-8." class:"secret"`
	Key     action.Expr[string]      `doc:"At least 32 characters that nobody can guess; left out, the app's own." class:"secret" optional:""`
	Context action.Expr[action.Text] `doc:"What decrypt has to say too." optional:""`
}

// Decrypt opens what Encrypt sealed.
var Decrypt = action.Define(action.Spec[decryptInputs, string]{
	Name: "decrypt", Summary: "Reads a text that encrypt sealed.", Main: "input",
	Gives:    "string, of the class that `class` says: secret, token or public",
	Doc:      "The text is a secret, since nobody knows here what was sealed. `class` says otherwise: token lets the answer hold it, public the log too.",
	Example:  "- decrypt: {input: \"${args.sealed}\", context: \"phone of ${args.id}\", class: token}\n  as: phone\n",
	Failures: []action.Outcome{cannotDecrypt, keyRefused}, Result: schema.SecretType,
	Prepare: func(l action.Load, in *decryptInputs) action.Result {
		checkKey(l, &in.Key, leastKey)
		return action.Gives(schema.StringType.WithClass(map[string]schema.Class{"public": schema.Public, "token": schema.Token, "secret": schema.Secret}[in.Class]))
	},
	Run: func(c *action.Call, in *decryptInputs) (string, error) {
		text, err := in.Input.Value(c)
		if err != nil {
			return "", err
		}
		keys, err := keyring(c, &in.Key, &in.PreviousKeys)
		if err != nil {
			return "", err
		}
		where, _, err := in.Context.Optional(c)
		if err != nil {
			return "", err
		}
		sealed, ok := strings.CutPrefix(string(text), sealedV1)
		if ok && len(sealed) <= 2*mostPlain {
			if plain, err := keys.Open(purposeOf(where), sealed); err == nil {
				return string(plain), nil
			}
		}
		return "", action.Fail(cannotDecrypt.Status, cannotDecrypt.Code, "The text cannot be decrypted.")
	},
})

type decryptInputs struct {
	Input        action.Expr[action.Text] `doc:"The sealed text." class:"secret"`
	Key          action.Expr[string]      `doc:"The key that it was sealed with; left out, the app's own." class:"secret" optional:""`
	PreviousKeys action.Expr[[]string]    `doc:"Keys that were used before it." class:"secret" optional:""`
	Context      action.Expr[action.Text] `doc:"What encrypt was told." optional:""`
	Class        string                   `doc:"Who may see the text." enum:"public,token,secret" default:"secret"`
}

// purposeOf keeps what authors seal from what the engine seals for itself.
func purposeOf(context action.Text) string { return "action encrypt\x00" + string(context) }

// keyring is the app's, or one of the given keys.
func keyring(c *action.Call, key *action.Expr[string], previous *action.Expr[[]string]) (*secret.Keyring, error) {
	if !key.Given() {
		return c.Services.Keys, nil
	}
	texts, err := keysOf(c, key, previous)
	if err != nil {
		return nil, err
	}
	k, err := secret.GivenKeyring(texts[:min(len(texts), mostKeys)]...)
	if err != nil {
		return nil, refused("a key has fewer than 32 characters")
	}
	return k, nil
}
