package identity

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
)

// Limits of what belongs to a user besides the name.
const (
	MaxDisplayName = 200      // characters
	MaxEmail       = 254      // bytes (RFC 5321, section 4.5.3.1.3, less the angle brackets)
	MaxExtras      = 16 << 10 // bytes of the fields as JSON
)

// checkEmail fails with ErrInvalidEmail; "" is no address and fine.
func checkEmail(email string) error {
	if email == "" {
		return nil
	}
	var faults []schema.Fault
	emailType.Check(email, "", &faults)
	if len(faults) > 0 || len(email) > MaxEmail {
		return ErrInvalidEmail
	}
	return nil
}

var emailType = &schema.Type{Kind: schema.Email}

func checkDisplayName(name string) error {
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > MaxDisplayName || strings.ContainsFunc(name, unicode.IsControl) {
		return ErrInvalidName
	}
	return nil
}

func checkExtras(extras *schema.Object) error {
	if extras != nil && len(schema.AppendJSON(nil, extras)) > MaxExtras {
		return ErrInvalidExtras
	}
	return nil
}

func extrasText(extras *schema.Object) string {
	if extras == nil {
		return "{}"
	}
	return string(schema.AppendJSON(nil, extras))
}

// extrasOf reads what extrasText wrote.
func extrasOf(text string) *schema.Object {
	if v, err := schema.AnyType.FromText(text); err == nil {
		if o, ok := v.(*schema.Object); ok {
			return o
		}
	}
	return schema.NewObject()
}

// Filter says which users are asked for. Its zero value asks for all.
type Filter struct {
	Role   string // those who have it themselves
	Search string // a part of the name, the display name or the e-mail address, without case
	Limit  int    // at most; all where it is 0
	Offset int
}

// Users lists users by name, and tells how many there are in all. It fails with a
// *failure.Error.
func (s *Service) Users(ctx context.Context, act Act, f Filter) (users []User, total int, err error) {
	q := s.querier(act)
	where, args := f.where()
	if total, err = count(ctx, q, "SELECT count(*) FROM cloudlet_users u"+where, args...); err != nil {
		return nil, 0, err
	}
	if f.Limit == 0 {
		f.Limit = -1 // no limit, to SQLite
	}
	rows, err := q.Query(ctx, userColumns+where+" ORDER BY u.username LIMIT ? OFFSET ?", append(args, f.Limit, f.Offset)...)
	if err != nil {
		return nil, 0, err
	}
	users = make([]User, len(rows))
	for i, row := range rows {
		if users[i], err = scanUser(row); err != nil {
			return nil, 0, err
		}
	}
	return users, total, nil
}

func (f *Filter) where() (sql string, args []any) {
	var all []string
	if f.Role != "" {
		all = append(all, "EXISTS (SELECT 1 FROM cloudlet_user_roles ur JOIN cloudlet_roles r ON r.id = ur.role_id WHERE ur.user_id = u.id AND r.name = ?)")
		args = append(args, f.Role)
	}
	if f.Search != "" {
		pattern := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Search) + "%"
		all = append(all, `(u.username LIKE ? ESCAPE '\' OR u.name LIKE ? ESCAPE '\' OR u.email LIKE ? ESCAPE '\')`)
		args = append(args, pattern, pattern, pattern)
	}
	if len(all) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(all, " AND "), args
}

const userColumns = `SELECT u.username, coalesce(u.name, ''), coalesce(u.email, ''), u.extras, u.confirmed_at IS NOT NULL, u.locked_at IS NOT NULL, u.created_at,
	(SELECT group_concat(r.name, ' ') FROM (SELECT r.name FROM cloudlet_user_roles ur JOIN cloudlet_roles r ON r.id = ur.role_id
		WHERE ur.user_id = u.id ORDER BY r.name) r) FROM cloudlet_users u`

func scanUser(row database.Row) (User, error) {
	var u User
	var extras, roles string
	err := row.Scan(&u.Name, &u.DisplayName, &u.Email, &extras, &u.Confirmed, &u.Locked, &u.CreatedAt, &roles)
	u.Extras, u.Roles = extrasOf(extras), strings.Fields(roles)
	return u, err
}

// User is the user of a name, nil where there is none. It fails with the database's failure.
func (s *Service) User(ctx context.Context, act Act, name string) (*User, error) {
	if CheckUserName(name) != nil {
		return nil, nil
	}
	return s.oneUser(ctx, act, "u.username = ?", name)
}

// UserOfEmail is the user who has an e-mail address, nil where there is none.
func (s *Service) UserOfEmail(ctx context.Context, act Act, email string) (*User, error) {
	if email == "" || checkEmail(email) != nil {
		return nil, nil
	}
	return s.oneUser(ctx, act, "u.email = ? COLLATE NOCASE", email)
}

func (s *Service) oneUser(ctx context.Context, act Act, condition, value string) (*User, error) {
	row, err := s.querier(act).QueryRow(ctx, userColumns+" WHERE "+condition, value)
	if err != nil || row == nil {
		return nil, err
	}
	u, err := scanUser(row)
	return &u, err
}
