package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloudlet/engine/database"
)

// External is somebody as another identity provider knows them. That it is true has
// been verified before.
type External struct {
	// Issuer and Subject together are the same person's for ever (OpenID Connect Core,
	// section 5.7). The provider's name here is not: an administrator may give it to another.
	Issuer, Subject string
	Provider        string // its name here, for the audit log
	Email           string // "" unless the provider verified it
	Name            string // how people know the user; may be ""
}

// LoginExternal gives a ticket of the user that an account elsewhere belongs to. The
// first time the account is linked: to the user who has confirmed the same e-mail
// address, or else to a new one with the role guest and without a password: whoever only
// registered with somebody's address does not get that one's logins. It fails with
// ErrInvalidCredentials for a locked user; with ErrNotConfirmed; with ErrEmailTaken where the
// user of the address has a second factor, which a link would go around; with the context's
// error or the database's failure. It takes no part in a transaction of the act, as Authenticate does not.
func (s *Service) LoginExternal(ctx context.Context, act Act, e External, remember bool) (*Ticket, error) {
	act.Tx = nil
	began := s.clock()
	var name string
	var ticket *Ticket
	var refused error
	err := s.within(ctx, act, func() { s.touched.touch(name) }, func(tx *database.Tx) error {
		ticket, refused = nil, nil
		u, err := s.external(ctx, tx, act, &e)
		if err != nil {
			return err
		}
		name = u.name
		switch {
		case u.locked:
			refused = ErrInvalidCredentials.Saying("You cannot log in with this account.")
		case !u.confirmed:
			refused = ErrNotConfirmed
		}
		if refused != nil {
			return s.record(ctx, tx, act, "login.failed", u.name, "provider", e.Provider)
		}
		ticket, err = s.login(ctx, tx, act, u, began, remember, "provider", e.Provider)
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, err
	}
	return ticket, nil
}

// external finds the user that an account belongs to, and links it the first time.
func (s *Service) external(ctx context.Context, tx *database.Tx, act Act, e *External) (*userState, error) {
	name, err := text(ctx, tx, `SELECT u.username FROM cloudlet_external_accounts a JOIN cloudlet_users u ON u.id = a.user_id
		WHERE a.provider = ? AND a.subject = ?`, e.Issuer, e.Subject)
	if err != nil {
		return nil, err
	}
	if name != "" {
		return findUser(ctx, tx, name)
	}
	email := e.Email
	if checkEmail(email) != nil {
		email = ""
	}
	var owner *userState
	if email != "" {
		if owner, err = ownerOf(ctx, tx, email); err != nil {
			return nil, err
		}
	}
	switch {
	case owner != nil && owner.locked: // nobody comes in again by another door
		return owner, nil
	case owner != nil && owner.confirmed:
		if err := keepSecondFactor(ctx, tx, owner); err != nil {
			return nil, err
		}
		return owner, s.link(ctx, tx, act, owner, e)
	case owner != nil:
		email = "" // it belongs to whoever registered with it, until they give it up
	}
	u, err := s.makeExternal(ctx, tx, act, e, email)
	if err != nil {
		return nil, err
	}
	return u, s.link(ctx, tx, act, u, e)
}

// ownerOf is the user with an e-mail address, or nil.
func ownerOf(ctx context.Context, tx *database.Tx, email string) (*userState, error) {
	name, err := text(ctx, tx, "SELECT username FROM cloudlet_users WHERE email = ? COLLATE NOCASE", email)
	if err != nil || name == "" {
		return nil, err
	}
	return findUser(ctx, tx, name)
}

// keepSecondFactor fails with ErrEmailTaken for a user with a second factor: whoever
// reads the user's mail has no more than the first.
func keepSecondFactor(ctx context.Context, tx *database.Tx, u *userState) error {
	n, err := count(ctx, tx, "SELECT count(*) FROM cloudlet_totp WHERE user_id = ? AND secret IS NOT NULL", u.id)
	if err == nil && n > 0 {
		err = ErrEmailTaken.Saying("The e-mail address belongs to a user with a second factor. Log in with the password and the code.")
	}
	return err
}

// link notes that an account elsewhere belongs to a user.
func (s *Service) link(ctx context.Context, tx *database.Tx, act Act, u *userState, e *External) error {
	_, err := tx.Exec(ctx, "INSERT INTO cloudlet_external_accounts (provider, subject, user_id, created_at) VALUES (?, ?, ?, ?)",
		e.Issuer, e.Subject, u.id, s.clock())
	if err != nil {
		return err
	}
	return s.record(ctx, tx, act, "account.linked", u.name, "provider", e.Provider)
}

// makeExternal makes the user of an account that nobody here has.
func (s *Service) makeExternal(ctx context.Context, tx *database.Tx, act Act, e *External, email string) (*userState, error) {
	name, err := freeName(ctx, tx, wishedName(e))
	if err != nil {
		return nil, err
	}
	n := NewUser{Name: name, Email: email, DisplayName: displayName(e.Name), Roles: []string{RoleGuest}}
	if err := n.Check(); err != nil {
		return nil, err
	}
	if err := s.insertUser(ctx, tx, act, n, ""); err != nil { // no password has the hash ""
		return nil, err
	}
	return findUser(ctx, tx, name)
}

const (
	longestWish = 48 // characters, so that something to tell users apart fits behind it
	mostWishes  = 20 // names with a number that are tried
)

// wishedName makes a username of what stands before the @ of the address, or of the
// name: letters, digits, and . _ - between them.
func wishedName(e *External) string {
	wish, _, _ := strings.Cut(e.Email, "@")
	if wish == "" {
		wish = e.Name
	}
	var b strings.Builder
	length, gap := 0, false
	for _, r := range strings.ToLower(strings.ToValidUTF8(wish, " ")) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r) {
			gap = true
			continue
		}
		if gap && length > 0 {
			b.WriteByte('-')
			length++
		}
		if gap = false; length >= longestWish {
			break
		}
		b.WriteRune(r)
		length++
	}
	wish = strings.Trim(b.String(), "._-")
	if CheckUserName(wish) != nil {
		return "user"
	}
	return wish
}

// freeName is the wished name, or one that begins with it, that no user has. Those of
// the first roles are nobody's by an account elsewhere: they would look like more than they are.
func freeName(ctx context.Context, tx *database.Tx, wish string) (string, error) {
	name := wish
	for n := 2; ; n++ {
		taken, err := count(ctx, tx, "SELECT count(*) FROM cloudlet_users WHERE username = ?", name)
		if err != nil {
			return "", err
		}
		if taken == 0 && !slices.Contains([]string{RoleRoot, RoleAdmin, RoleGuest}, name) {
			return name, nil
		}
		if name = fmt.Sprintf("%s-%d", wish, n); n > mostWishes {
			name = wish + "-" + strings.ToLower(rand.Text()[:10])
		}
	}
}

// displayName is a name without what no display name can have.
func displayName(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "")))
	if utf8.RuneCountInString(name) > MaxDisplayName {
		name = string([]rune(name)[:MaxDisplayName])
	}
	return name
}

// text is the first column of the first row, "" where there is none.
func text(ctx context.Context, q querier, sql string, args ...any) (value string, err error) {
	row, err := q.QueryRow(ctx, sql, args...)
	if err != nil || row == nil {
		return "", err
	}
	err = row.Scan(&value)
	return value, err
}
