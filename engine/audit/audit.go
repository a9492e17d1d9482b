// Package audit keeps the log of who did what to whom, from where and when: a table
// that only grows, of rows that are chained, so that none can be changed or taken away
// without being missed.
package audit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/secret"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the table of the log.
func Migrations() database.Set {
	return database.Embedded("-/audit", migrations)
}

// Entry is what is to be remembered. No secret, token or hash belongs into it.
type Entry struct {
	Event   string         // what happened: user.created
	Actor   string         // the user who did it; "" where nobody is known, system:cli for the command line
	Subject string         // whom or what it was done to; may be ""
	Address string         // the client's, without port; may be ""
	Trace   string         // the trace id of the request; may be ""
	Fields  *schema.Object // what else there is to say; may be nil
}

// Limits of an entry, in bytes. What is longer is cut: a row must never keep what
// caused it from happening.
const (
	maxText   = 500
	maxFields = 16 << 10
)

// Options say how a Log works. The zero value is usable.
type Options struct {
	// Head is the file that also keeps the newest number and HMAC, so that the last
	// rows are missed too; "": there is none.
	Head  string
	Log   *slog.Logger     // takes what an operator should know; slog.Default where it is nil
	Clock func() time.Time // time.Now where it is nil
}

// Log is the audit log of an app, in its main database. It is safe for use by several
// goroutines at once.
type Log struct {
	db    *database.DB
	keys  *secret.Keyring
	head  head
	log   *slog.Logger
	clock func() time.Time
}

// New is the log in a database that Migrations were applied to.
func New(db *database.DB, keys *secret.Keyring, o Options) *Log {
	l := &Log{db: db, keys: keys, head: head{file: o.Head}, log: o.Log, clock: o.Clock}
	if l.log == nil {
		l.log = slog.Default()
	}
	if l.clock == nil {
		l.clock = time.Now
	}
	return l
}

// Append writes an entry in a transaction of the main database: it is there if what
// it tells of is. With a nil tx it has one of its own. It fails with the database's failure.
func (l *Log) Append(ctx context.Context, tx *database.Tx, e Entry) error {
	if tx == nil {
		return l.db.Write(ctx, func(tx *database.Tx) error { return l.Append(ctx, tx, e) })
	}
	before, err := newest(ctx, tx)
	if err != nil {
		return err
	}
	r := l.row(e)
	r.link = link{number: before.number + 1}
	var key []byte
	r.kid, key = l.keys.Derive(purpose)
	r.mac = r.sum(key, before.mac)
	_, err = tx.Exec(ctx, `INSERT INTO cloudlet_audit (number, at, event, actor, subject, address, trace, fields, kid, mac)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, r.number, r.at, r.event, r.actor, r.subject, r.address, r.trace, r.fields, r.kid, r.mac)
	if err != nil {
		return err
	}
	tx.AfterCommit(func() { l.keepHead(before, r.link) })
	return nil
}

// purpose names the key of the chain.
const purpose = "audit"

// link is a place in the chain.
type link struct {
	number int
	mac    string
}

// row is one row as it is stored.
type row struct {
	link
	at, event, actor, subject, address, trace, fields, kid string
}

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

func (l *Log) row(e Entry) *row {
	fields := "{}"
	if e.Fields != nil {
		if fields = string(schema.AppendJSON(nil, e.Fields)); len(fields) > maxFields {
			fields = `{"too_large":true}`
		}
	}
	return &row{at: l.clock().UTC().Format(timeLayout), event: clip(e.Event), actor: clip(e.Actor), subject: clip(e.Subject),
		address: clip(e.Address), trace: clip(e.Trace), fields: fields}
}

// clip cuts a text to what a row holds of it.
func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	text = text[:maxText]
	for !utf8.ValidString(text) && text != "" {
		text = text[:len(text)-1]
	}
	return text
}

// sum is the HMAC of a row behind another. Each part goes in with its length, so that
// no two rows are the same to it.
func (r *row) sum(key []byte, before string) string {
	h := hmac.New(sha256.New, key)
	write := func(text string) {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		h.Write(size[:])
		h.Write([]byte(text))
	}
	write(before)
	write(fmt.Sprint(r.number))
	for _, part := range []string{r.at, r.event, r.actor, r.subject, r.address, r.trace, r.fields, r.kid} {
		write(part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// querier reads, inside a transaction or not.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) ([]database.Row, error)
	QueryRow(ctx context.Context, sql string, args ...any) (database.Row, error)
}

// newest is the last link of the chain, the zero link where there is none.
func newest(ctx context.Context, q querier) (link, error) {
	return linkOf(ctx, q, "SELECT number, mac FROM cloudlet_audit ORDER BY number DESC LIMIT 1")
}

func linkOf(ctx context.Context, q querier, sql string, args ...any) (found link, err error) {
	r, err := q.QueryRow(ctx, sql, args...)
	if err != nil || r == nil {
		return link{}, err
	}
	err = r.Scan(&found.number, &found.mac)
	return found, err
}
