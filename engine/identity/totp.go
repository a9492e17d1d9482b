package identity

import (
	"context"
	"crypto/subtle"

	"cloudlet/engine/database"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// Codes are those of RFC 6238 as every authenticator app knows them: six digits of
// HMAC-SHA1, a new one every 30 seconds. The one before and the one after are taken too
// (RFC 6238, section 5.2), and none twice.
const (
	codeDigits   = otp.DigitsSix
	codePeriod   = 30 // seconds
	codeSkew     = 1  // periods
	sealedTOTP   = "totp"
	maxCode      = 64 // bytes of a code that are looked at
	recoverySize = 10 // random bytes of a recovery code: 80 bits, so that a hash need not be slow
	// RecoveryCodes is how many recovery codes a user is given.
	RecoveryCodes = 10
)

// totpState is what is kept of a user's second factor.
type totpState struct {
	secret   string // sealed; "": a login needs no code
	pending  string // sealed; "": nothing is being enrolled
	lastStep int64
}

// findTOTP reads a user's second factor; its zero value is none.
func findTOTP(ctx context.Context, q querier, user int) (totpState, error) {
	var st totpState
	row, err := q.QueryRow(ctx, "SELECT secret, pending, last_step FROM cloudlet_totp WHERE user_id = ?", user)
	if err != nil || row == nil {
		return st, err
	}
	return st, row.Scan(&st.secret, &st.pending, &st.lastStep)
}

// checkSecondFactor takes the code of a login: nil where it is good or none is needed.
func (s *Service) checkSecondFactor(ctx context.Context, tx *database.Tx, act Act, u *userState, code string) (refused, err error) {
	st, err := findTOTP(ctx, tx, u.id)
	switch {
	case err != nil || st.secret == "":
		return nil, err
	case code == "":
		return ErrCodeRequired, nil
	}
	return s.takeCode(ctx, tx, act, u, st, code)
}

// takeCode takes a code of the user, or a recovery code, for good: neither is taken
// twice. It refuses with ErrInvalidCode.
func (s *Service) takeCode(ctx context.Context, tx *database.Tx, act Act, u *userState, st totpState, code string) (refused, err error) {
	kind, text := readCode(code)
	switch kind {
	case totpCode:
		step, ok := s.stepOf(ctx, u, st.secret, text, st.lastStep)
		if !ok {
			return ErrInvalidCode, nil
		}
		_, err = tx.Exec(ctx, "UPDATE cloudlet_totp SET last_step = ? WHERE user_id = ?", step, u.id)
		return nil, err
	case recoveryCode:
		r, err := tx.Exec(ctx, "DELETE FROM cloudlet_recovery_codes WHERE user_id = ? AND hash = ?", u.id, recoveryHash(text))
		if err != nil || r.RowsAffected == 0 {
			return ErrInvalidCode, err
		}
		left, err := count(ctx, tx, "SELECT count(*) FROM cloudlet_recovery_codes WHERE user_id = ?", u.id)
		if err != nil {
			return nil, err
		}
		return nil, s.record(ctx, tx, act, "totp.recovered", u.name, "left", left)
	}
	return ErrInvalidCode, nil
}

// stepOf is the step that a code of six digits is of, later than the last one taken.
func (s *Service) stepOf(ctx context.Context, u *userState, sealed, code string, last int64) (step int64, ok bool) {
	secret, err := s.keys.Open(sealedTOTP, sealed)
	if err != nil {
		s.log.WarnContext(ctx, "a user's authenticator app cannot be checked; recovery codes can", "user", u.name, "error", err)
		return 0, false
	}
	now := s.clock().Unix() / codePeriod
	for i := now - codeSkew; i <= now+codeSkew; i++ {
		want, err := hotp.GenerateCodeCustom(string(secret), uint64(i), hotp.ValidateOpts{Digits: codeDigits, Algorithm: otp.AlgorithmSHA1})
		if err != nil { // it is no secret that we made
			return 0, false
		}
		// All are computed, whichever it is.
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && i > last && !ok {
			step, ok = i, true
		}
	}
	return step, ok
}
