package identity

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"cloudlet/engine/database"
)

// Credentials are what a user shows to log in. They print without the password and the code.
type Credentials struct {
	Username string
	Password string
	// Code is one of the second factor, or a recovery code; "" where none was given.
	Code string
	// Remember asks for a refresh token, too.
	Remember bool
}

// Format prints whose they are, neither the password nor the code.
func (c Credentials) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[credentials of %q]", c.Username) }

// LogValue logs whose they are, neither the password nor the code.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Authenticate gives a user's ticket for the password and, where the user has a second
// factor, a code of it or a recovery code. It fails with ErrInvalidCredentials alike, and
// after the same work, for an unknown user, a wrong password and a locked user; with
// ErrNotConfirmed for a good password of a user who is not confirmed, with ErrCodeRequired
// for one without the code that it needs, with ErrInvalidCode; with ErrTooManyFailures
// where somebody guesses; with ErrTooBusy when too many logins wait; with the context's
// error; or with the database's failure. A stored hash with older parameters, or one of bcrypt,
// is renewed on the way. It takes no part in a transaction of the act: a failure is noted
// whatever becomes of that.
func (s *Service) Authenticate(ctx context.Context, act Act, c Credentials) (*Ticket, error) {
	act.Tx = nil
	t, err := s.begin(ctx, guess{what: guessedPassword, name: c.Username, address: act.Address, withCode: c.Code != ""})
	if err != nil {
		return nil, err
	}
	defer t.end()
	// A ticket dates from before its password was looked at, so that a change of the
	// password meanwhile ends it.
	now := s.clock()
	found, err := s.check(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := lasting(ctx)
	defer cancel()
	var ticket *Ticket
	var refused error
	err = s.db.Write(ctx, func(tx *database.Tx) (err error) {
		ticket, refused, err = s.settle(ctx, tx, act, t, c, found, now)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, err
	}
	if found.renewed != "" {
		s.renew(ctx, found.user, found.renewed)
	}
	return ticket, nil
}

// checked is what a computation told of credentials.
type checked struct {
	user    *userState // nil: there is none
	matches bool       // the password
	renewed string     // a hash of it that takes the stored one's place; "" where that is current
}

// check finds the user of credentials and compares the password.
func (s *Service) check(ctx context.Context, c Credentials) (checked, error) {
	u, err := s.findValid(ctx, s.db, c.Username)
	if err != nil {
		return checked{}, err
	}
	stored := ""
	if u != nil {
		stored = u.hash
	}
	v, renewed, err := s.gate.login(ctx, c.Password, stored)
	if err != nil {
		return checked{}, err
	}
	if v.damage != nil && stored != "" {
		s.log.WarnContext(ctx, "a user cannot log in", "user", u.name, "error", v.damage)
	}
	return checked{u, v.matches, renewed}, nil
}

// settle notes what a login comes to: a ticket, or why it is refused.
func (s *Service) settle(ctx context.Context, tx *database.Tx, act Act, t *try, c Credentials, found checked, began time.Time) (ticket *Ticket, refused, err error) {
	u := found.user
	if u == nil || !found.matches || u.locked {
		return nil, ErrInvalidCredentials, t.failed(ctx, tx, act, u.subject(), guessedPassword)
	}
	if !u.confirmed {
		return nil, ErrNotConfirmed, nil
	}
	// The user may have been changed while the password was computed.
	fresh, err := findUser(ctx, tx, u.name)
	if err != nil {
		return nil, nil, err
	}
	if fresh == nil || fresh.id != u.id || fresh.locked || fresh.ticketsAfter != u.ticketsAfter {
		return nil, ErrInvalidCredentials, t.failed(ctx, tx, act, u.subject(), guessedPassword)
	}
	switch refused, err = s.checkSecondFactor(ctx, tx, act, fresh, c.Code); {
	case err != nil || refused == ErrCodeRequired:
		return nil, refused, err // no success yet: it must not make more guesses of codes free
	case refused != nil:
		return nil, refused, t.failed(ctx, tx, act, u.subject(), guessedCode)
	}
	if err := t.succeeded(ctx, tx); err != nil {
		return nil, nil, err
	}
	ticket, err = s.login(ctx, tx, act, fresh, began, c.Remember)
	return ticket, nil, err
}

// login gives a ticket of a new session, dated when the login began. The audit log is told of
// it with pairs of names and values.
func (s *Service) login(ctx context.Context, tx *database.Tx, act Act, u *userState, began time.Time, remember bool, fields ...any) (*Ticket, error) {
	session := newSession()
	t, made, err := s.issue(u, session, began)
	if err != nil {
		return nil, err
	}
	if remember {
		if err := s.remember(ctx, tx, u, session, t, made, began); err != nil {
			return nil, err
		}
	}
	return t, s.record(ctx, tx, act, "login", u.name, append([]any{"session", session}, fields...)...)
}

// CheckPassword fails with ErrInvalidCredentials where it is not the user's password: for
// changes that ask for it again. It is slowed, and fails besides, as Authenticate is, and
// takes no part in a transaction either; called inside one of the main database it would wait for itself.
func (s *Service) CheckPassword(ctx context.Context, act Act, username, password string) error {
	t, err := s.begin(ctx, guess{what: guessedPassword, name: username, address: act.Address})
	if err != nil {
		return err
	}
	defer t.end()
	found, err := s.check(ctx, Credentials{Username: username, Password: password})
	if err != nil {
		return err
	}
	ctx, cancel := lasting(ctx)
	defer cancel()
	right := found.user != nil && found.matches
	err = s.db.Write(ctx, func(tx *database.Tx) error {
		if right {
			return t.succeeded(ctx, tx)
		}
		return t.failed(ctx, tx, act, found.user.subject(), guessedPassword)
	})
	if err == nil && !right {
		err = ErrInvalidCredentials
	}
	return err
}

// Issue gives a user's ticket without a password: for whoever may act as the user.
// It fails with ErrNoSuchUser, ErrUserLocked or the database's failure.
func (s *Service) Issue(ctx context.Context, username string) (*Ticket, error) {
	now := s.clock()
	u, err := s.unlocked(ctx, username)
	if err != nil {
		return nil, err
	}
	t, _, err := s.issue(u, newSession(), now)
	return t, err
}

// unlocked reads a user who is to get a ticket without a password. It fails with
// ErrNoSuchUser, ErrUserLocked or the database's failure.
func (s *Service) unlocked(ctx context.Context, username string) (*userState, error) {
	u, err := s.findValid(ctx, s.db, username)
	switch {
	case err != nil:
		return nil, err
	case u == nil:
		return nil, noSuchUser(username)
	case u.locked:
		return nil, ErrUserLocked.Saying("The user %q is locked.", u.name)
	}
	return u, nil
}

// issue makes a ticket of a session, and tells the millisecond that it is dated.
func (s *Service) issue(u *userState, session string, now time.Time) (*Ticket, int64, error) {
	return s.issueTo("", u, session, now)
}

// issueTo is issue for somebody who acts as the user; "" where it is the user.
func (s *Service) issueTo(by string, u *userState, session string, now time.Time) (*Ticket, int64, error) {
	o := s.settings.Load()
	issued := now.UTC().Truncate(time.Second) // as exact as a JWT's times are
	expires := issued.Add(o.lifetime)
	// The first ticket after a change of the password must not look older than that.
	made := max(now.UnixMilli(), u.ticketsAfter+1)
	text, err := sign(s.keys, o.issuer, u, session, by, made, issued, expires)
	if err != nil {
		return nil, 0, err
	}
	return &Ticket{
		Text:      text,
		TokenType: "Bearer",
		ExpiresIn: int(o.lifetime / time.Second),
		ExpiresAt: expires,
		User:      u.name,
		Roles:     u.roles,
	}, made, nil
}

// renew stores the hash with current parameters. It can be done at the next login
// as well, so it neither waits long for the database nor fails the login.
func (s *Service) renew(ctx context.Context, u *userState, hash string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := s.db.Exec(ctx, "UPDATE cloudlet_users SET password = ? WHERE id = ? AND password = ?", hash, u.id, u.hash)
	if err != nil {
		s.log.WarnContext(ctx, "a password's older hash could not be renewed", "user", u.name, "error", err)
	}
}

// findValid is findUser, which it does not ask for names that no user can have.
func (s *Service) findValid(ctx context.Context, q querier, username string) (*userState, error) {
	if CheckUserName(username) != nil {
		return nil, nil
	}
	return findUser(ctx, q, username)
}

// userState is what logins and tickets depend on.
type userState struct {
	id           int
	name         string // as it is stored
	hash         string
	locked       bool
	confirmed    bool
	ticketsAfter int64 // ms since 1970
	keptSession  string
	extras       string // JSON
	roles        []string
}

// subject is the user in the audit log: "" where there is none.
func (u *userState) subject() string {
	if u == nil {
		return ""
	}
	return u.name
}

// ended reports whether a ticket of the user that was made in a session at a
// millisecond has been ended.
func (u *userState) ended(made int64, session string) bool {
	return made <= u.ticketsAfter && (session == "" || session != u.keptSession)
}

// findUser reads a user, nil where there is none.
func findUser(ctx context.Context, q querier, name string) (*userState, error) {
	rows, err := q.Query(ctx, `SELECT u.id, u.username, u.password, u.locked_at IS NOT NULL, u.confirmed_at IS NOT NULL, u.tickets_after, u.kept_session, u.extras, r.name
		FROM cloudlet_users u
		LEFT JOIN cloudlet_user_roles ur ON ur.user_id = u.id
		LEFT JOIN cloudlet_roles r ON r.id = ur.role_id
		WHERE u.username = ? ORDER BY r.name`, name)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	u := &userState{roles: []string{}}
	for _, row := range rows {
		role := ""
		if err := row.Scan(&u.id, &u.name, &u.hash, &u.locked, &u.confirmed, &u.ticketsAfter, &u.keptSession, &u.extras, &role); err != nil {
			return nil, err
		}
		if role != "" {
			u.roles = append(u.roles, role)
		}
	}
	return u, nil
}
