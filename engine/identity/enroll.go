package identity

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"cloudlet/engine/database"
)

// Enrollment is what an authenticator app is given. It prints without the secret.
type Enrollment struct {
	Secret string // base 32
	URL    string // otpauth://totp/…, which the app reads as a QR code; it holds the secret
}

// Format prints neither the secret nor the URL.
func (e Enrollment) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[enrollment]") }

// LogValue logs neither the secret nor the URL.
func (e Enrollment) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(e)) }

// EnrollTOTP makes a secret for an authenticator app of the user. It takes effect when
// ConfirmTOTP has seen a code of it; before, enrolling again replaces it. A user who has an
// app already shows a code of that, or a recovery code. It fails with ErrLoginRequired, ErrCodeRequired,
// ErrInvalidCode, ErrTooManyFailures, ErrNoSuchUser, the context's error or the database's failure, and, as all
// that take codes, it takes no part in a transaction of the act.
func (s *Service) EnrollTOTP(ctx context.Context, act Act, caller *Caller, code string) (*Enrollment, error) {
	var e *Enrollment
	err := s.withCode(ctx, act, caller, func(ctx context.Context, tx *database.Tx, u *userState, st totpState) (refused, err error) {
		if st.secret != "" {
			if code == "" {
				return ErrCodeRequired, nil
			}
			if refused, err = s.takeCode(ctx, tx, act, u, st, code); refused != nil || err != nil {
				return refused, err
			}
		}
		secret, url, err := newTOTP(s.settings.Load().issuer, u.name)
		if err != nil {
			return nil, fmt.Errorf("make a secret for an authenticator app: %w", err)
		}
		e = &Enrollment{Secret: secret, URL: url}
		_, err = tx.Exec(ctx, "INSERT INTO cloudlet_totp (user_id, pending) VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET pending = excluded.pending",
			u.id, s.keys.Seal(sealedTOTP, []byte(secret)))
		if err != nil {
			return nil, err
		}
		return nil, s.record(ctx, tx, act, "totp.enrolled", u.name)
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// ConfirmTOTP turns an enrolled authenticator app on: from now on a login needs a code of
// it. It returns recovery codes, each of which takes the place of one code; those from before end. All
// other sessions of the user end, which had been opened without it. It fails with
// ErrNotEnrolled, and as EnrollTOTP does.
func (s *Service) ConfirmTOTP(ctx context.Context, act Act, caller *Caller, code string) (recovery []string, err error) {
	err = s.withCode(ctx, act, caller, func(ctx context.Context, tx *database.Tx, u *userState, st totpState) (refused, err error) {
		if st.pending == "" {
			return ErrNotEnrolled, nil
		}
		kind, text := readCode(code)
		// A code that the app before was used with is not known to the new one.
		step, ok := s.stepOf(ctx, u, st.pending, text, 0)
		if kind != totpCode || !ok {
			return ErrInvalidCode, nil
		}
		if _, err := tx.Exec(ctx, "UPDATE cloudlet_totp SET secret = pending, pending = NULL, last_step = ? WHERE user_id = ?", step, u.id); err != nil {
			return nil, err
		}
		if recovery, err = newRecoveryCodes(ctx, tx, u); err != nil {
			return nil, err
		}
		if err := s.endOtherTickets(ctx, tx, u, caller.sessionOf(u)); err != nil {
			return nil, err
		}
		return nil, s.record(ctx, tx, act, "totp.confirmed", u.name)
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// newRecoveryCodes gives a user new recovery codes in place of the old.
func newRecoveryCodes(ctx context.Context, tx *database.Tx, u *userState) ([]string, error) {
	if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_recovery_codes WHERE user_id = ?", u.id); err != nil {
		return nil, err
	}
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
		_, text := readCode(codes[i])
		if _, err := tx.Exec(ctx, "INSERT INTO cloudlet_recovery_codes (user_id, hash) VALUES (?, ?)", u.id, recoveryHash(text)); err != nil {
			return nil, err
		}
	}
	return codes, nil
}

// VerifyTOTP takes a code of the user, or a recovery code, ahead of something that matters.
// It fails with ErrNotEnrolled where the user has no authenticator app, and as EnrollTOTP does.
func (s *Service) VerifyTOTP(ctx context.Context, act Act, caller *Caller, code string) error {
	return s.withCode(ctx, act, caller, func(ctx context.Context, tx *database.Tx, u *userState, st totpState) (refused, err error) {
		if st.secret == "" {
			return ErrNotEnrolled, nil
		}
		if refused, err = s.takeCode(ctx, tx, act, u, st, code); refused != nil || err != nil {
			return refused, err
		}
		return nil, s.record(ctx, tx, act, "totp.verified", u.name)
	})
}

// DisableTOTP takes a user's authenticator app and recovery codes away: a login needs no
// code any more. All other sessions of the user end. It fails as VerifyTOTP does.
func (s *Service) DisableTOTP(ctx context.Context, act Act, caller *Caller, code string) error {
	return s.withCode(ctx, act, caller, func(ctx context.Context, tx *database.Tx, u *userState, st totpState) (refused, err error) {
		if st.secret == "" {
			return ErrNotEnrolled, nil
		}
		if refused, err = s.takeCode(ctx, tx, act, u, st, code); refused != nil || err != nil {
			return refused, err
		}
		if err := removeTOTP(ctx, tx, u); err != nil {
			return nil, err
		}
		if err := s.endOtherTickets(ctx, tx, u, caller.sessionOf(u)); err != nil {
			return nil, err
		}
		return nil, s.record(ctx, tx, act, "totp.disabled", u.name)
	})
}

// ResetTOTP takes away the authenticator app of a user who has lost it, without a code:
// for whoever administers users. The user's tickets end. A login could otherwise go on
// with it, so nobody resets the own one while logged in. It fails with ErrNoSuchUser,
// ErrNotEnrolled, ErrForbidden or ErrLoginRequired.
func (s *Service) ResetTOTP(ctx context.Context, act Act, username string) error {
	if err := act.needLogin(); err != nil {
		return err
	}
	if strings.EqualFold(act.By, username) {
		return ErrForbidden.Saying("The own second factor ends with a code of it, or with a recovery code.")
	}
	return s.administer(ctx, act, username, func(tx *database.Tx, u *userState) error {
		n, err := count(ctx, tx, "SELECT count(*) FROM cloudlet_totp WHERE user_id = ?", u.id)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotEnrolled
		}
		if err := removeTOTP(ctx, tx, u); err != nil {
			return err
		}
		if err := s.endTickets(ctx, tx, u); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "totp.reset", u.name)
	})
}

func removeTOTP(ctx context.Context, tx *database.Tx, u *userState) error {
	for _, sql := range []string{"DELETE FROM cloudlet_totp WHERE user_id = ?", "DELETE FROM cloudlet_recovery_codes WHERE user_id = ?"} {
		if _, err := tx.Exec(ctx, sql, u.id); err != nil {
			return err
		}
	}
	return nil
}

// withCode runs f, which looks at a code of the caller, as a try that is slowed where too many
// fail. What f refuses it must refuse before it has written anything.
func (s *Service) withCode(ctx context.Context, act Act, caller *Caller, f func(ctx context.Context, tx *database.Tx, u *userState, st totpState) (refused, err error)) error {
	act.Tx, act.Caller = nil, caller
	if err := act.needLogin(); err != nil {
		return err
	}
	t, err := s.begin(ctx, guess{what: guessedCode, name: caller.Name, address: act.Address, withCode: true})
	if err != nil {
		return err
	}
	defer t.end()
	ctx, cancel := lasting(ctx)
	defer cancel()
	var refused error
	err = s.changeUser(ctx, act, caller.Name, func(tx *database.Tx, u *userState) error {
		st, err := findTOTP(ctx, tx, u.id)
		if err != nil {
			return err
		}
		switch refused, err = f(ctx, tx, u, st); {
		case err != nil:
			return err
		case refused == nil:
			return t.succeeded(ctx, tx)
		case refused == ErrInvalidCode:
			return t.failed(ctx, tx, act, u.name, guessedCode)
		}
		return nil
	})
	if err == nil {
		err = refused
	}
	return err
}
