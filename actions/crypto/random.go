package crypto

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"unicode/utf8"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

const longestRandom = 4096 // characters

// Random makes a text of random characters from the system's CSPRNG.
var Random = action.Define(action.Spec[randomInputs, string]{
	Name: "random", Summary: "Makes a text of random characters that nobody can guess.", Main: "length",
	Doc:      "Every character of the alphabet is equally likely. The result is a token.",
	Example:  "- random: 40\n  as: code\n",
	Failures: []action.Outcome{{Status: 500, Code: "out_of_range", When: "the computed length is none from 1 to 4096"}},
	Result:   schema.TokenType,
	Prepare: func(l action.Load, in *randomInputs) action.Result {
		if n, ok := in.Length.Constant(); ok && (n < 1 || n > longestRandom) {
			l.Problem(source.Problem{Span: l.At("length"), Code: "out_of_range", Text: fmt.Sprintf("length is 1 to %d characters", longestRandom)})
		}
		seen := map[rune]bool{}
		for _, r := range in.Alphabet {
			if seen[r] {
				l.Problem(source.Problem{Span: l.At("alphabet"), Code: "duplicate_character", Text: fmt.Sprintf("%q stands twice in the alphabet and would come twice as often", r)})
				break
			}
			seen[r] = true
		}
		if utf8.RuneCountInString(in.Alphabet) < 2 {
			l.Problem(source.Problem{Span: l.At("alphabet"), Code: "out_of_range", Text: "an alphabet has at least two characters"})
		}
		in.letters = []rune(in.Alphabet)
		return action.Gives(schema.TokenType)
	},
	Run: func(c *action.Call, in *randomInputs) (string, error) {
		n, err := in.Length.Value(c)
		if err != nil {
			return "", err
		}
		if n < 1 || n > longestRandom {
			return "", &action.Failure{Status: 500, Code: "out_of_range", Detail: "A length is out of range.", Reason: fmt.Sprintf("a random text of %d characters", n)}
		}
		out, size := make([]rune, n), big.NewInt(int64(len(in.letters)))
		for i := range out {
			k, err := rand.Int(rand.Reader, size)
			if err != nil {
				return "", err
			}
			out[i] = in.letters[k.Int64()]
		}
		return string(out), nil
	},
})

type randomInputs struct {
	Length   action.Expr[int] `doc:"How many characters." default:"32"`
	Alphabet string           `doc:"The characters to choose from." default:"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"`

	letters []rune
}
