package captcha

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"cloudlet/engine/database"
	"github.com/altcha-org/altcha-lib-go"
)

// Challenge is work for a client: to find the number that, behind the salt, has the
// hash. Nothing of it is kept; that it is ours is in its signature.
type Challenge struct {
	Algorithm string // SHA-256
	Challenge string // the hash
	MaxNumber int    // the number is no larger
	Salt      string // with the second at which it expires, and the kid of what signed it
	Signature string
}

// purpose is what the key of signatures is derived for.
const purpose = "captcha"

// Names in a salt.
const (
	expiresName = "expires"
	kidName     = "kid"
)

// Challenge makes a challenge.
func (s *Service) Challenge() (Challenge, error) {
	kid, key := s.keys.Derive(purpose)
	expires := s.options.Clock().Add(s.options.Expires)
	c, err := altcha.CreateChallenge(altcha.ChallengeOptions{
		Algorithm: altcha.SHA256, MaxNumber: int64(s.options.MaxNumber), SaltLength: 16,
		HMACKey: string(key), Expires: &expires, Params: url.Values{kidName: {kid}},
	})
	if err != nil {
		return Challenge{}, err
	}
	return Challenge{Algorithm: c.Algorithm, Challenge: c.Challenge, MaxNumber: s.options.MaxNumber, Salt: c.Salt, Signature: c.Signature}, nil
}

// verifyWork judges a solution: base64 of JSON, as the widget makes it.
func (s *Service) verifyWork(ctx context.Context, token string) error {
	text, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return ErrFailed.Because("the solution is not base64")
	}
	var p altcha.Payload
	if err := json.Unmarshal(text, &p); err != nil {
		return ErrFailed.Because("the solution is not JSON of the right types")
	}
	// The client says the algorithm, and must not choose a weaker one.
	if p.Algorithm != string(altcha.SHA256) {
		return ErrFailed.Because("the solution is of another algorithm")
	}
	said := altcha.ExtractParams(p)
	now, kid := s.options.Clock(), said.Get(kidName)
	key, known := s.keys.DeriveOf(kid, purpose)
	// A secret that was rotated out long ago may have been so because others know it.
	if _, current := s.keys.Verifying(kid, now); !known || !current {
		return ErrFailed.Because("the challenge is not ours")
	}
	// Whether it has expired is asked of our clock, not of the library's.
	good, err := altcha.VerifySolutionSafe(p, string(key), false)
	if err != nil || !good {
		return ErrFailed.Because("the solution is wrong, or the challenge not ours")
	}
	until, err := strconv.ParseInt(said.Get(expiresName), 10, 64)
	if err != nil || now.Unix() >= until {
		return ErrFailed.Because("the challenge has expired")
	}
	return s.use(ctx, p.Challenge, now, until)
}

// use takes a solution, once. It is written down in the database, so that another
// process or a restart does not let it pass again; it cost the client more than us.
func (s *Service) use(ctx context.Context, challenge string, now time.Time, until int64) error {
	first := false
	err := s.db.Write(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_used_captchas WHERE until <= ?", now.Unix()); err != nil {
			return err
		}
		r, err := tx.Exec(ctx, "INSERT INTO cloudlet_used_captchas (challenge, until) VALUES (?, ?) ON CONFLICT DO NOTHING", challenge, until)
		first = r.RowsAffected > 0
		return err
	})
	if err != nil {
		return err
	}
	if !first {
		return ErrFailed.Because("the solution was used before")
	}
	return nil
}
