package webhook

import (
	"context"
	"crypto/sha256"
	"embed"
	"time"

	"cloudlet/engine/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the table of the deliveries that were taken.
func Migrations() database.Set { return database.Embedded("-/webhook", migrations) }

const (
	// remembered is how long a delivery is remembered: senders try again for days.
	remembered = 30 * 24 * time.Hour
	// forgotten bounds how many old rows one delivery clears away.
	forgotten = 100
	// noteTime is how long it is tried to note what became of a delivery.
	noteTime = 5 * time.Second
)

// Receipts tell which deliveries were taken. They hold nothing but the database.
type Receipts struct {
	db  *database.DB
	now func() time.Time
}

// NewReceipts are those of a database that Migrations were applied to; clock may be nil.
func NewReceipts(db *database.DB, clock func() time.Time) *Receipts {
	if clock == nil {
		clock = time.Now
	}
	return &Receipts{db, clock}
}

// Now is the time that signatures are held against.
func (r *Receipts) Now() time.Time { return r.now() }

// Receipt is a delivery that is being taken.
type Receipt struct {
	receipts *Receipts
	delivery []byte
}

// Take begins to take a delivery: the scheme, the address that it came to and its id
// make it the same as another. In a transaction it is taken when that commits, and the
// result is nil. Without one it is being taken until Settle, at most until lease. It fails with
// ErrRepeated and ErrUnderWay.
func (r *Receipts) Take(ctx context.Context, tx *database.Tx, scheme, address, id string, lease time.Time) (*Receipt, error) {
	sum := sha256.New()
	for _, part := range []string{scheme, address, id} {
		sum.Write([]byte(part))
		sum.Write([]byte{0})
	}
	delivery := sum.Sum(nil)
	if tx != nil {
		return nil, r.take(ctx, tx, delivery, true, r.now().Add(remembered))
	}
	err := r.db.Write(ctx, func(tx *database.Tx) error { return r.take(ctx, tx, delivery, false, lease) })
	if err != nil {
		return nil, err
	}
	return &Receipt{r, delivery}, nil
}

func (r *Receipts) take(ctx context.Context, tx *database.Tx, delivery []byte, taken bool, until time.Time) error {
	now := r.now().Unix()
	if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_webhook_receipts WHERE delivery IN (SELECT delivery FROM cloudlet_webhook_receipts WHERE until <= ? ORDER BY until LIMIT ?)", now, forgotten); err != nil {
		return err
	}
	row, err := tx.QueryRow(ctx, "SELECT taken FROM cloudlet_webhook_receipts WHERE delivery = ? AND until > ?", delivery, now)
	if err != nil {
		return err
	}
	if row != nil {
		var before bool
		if err := row.Scan(&before); err != nil {
			return err
		}
		if before {
			return ErrRepeated
		}
		return ErrUnderWay
	}
	_, err = tx.Exec(ctx, "INSERT INTO cloudlet_webhook_receipts (delivery, taken, until) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET taken = excluded.taken, until = excluded.until",
		delivery, taken, until.Unix())
	return err
}

// Settle says what became of a delivery: it was taken, or may come again. It is noted even
// where ctx has ended.
func (p *Receipt) Settle(ctx context.Context, taken bool) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer stop()
	if !taken {
		_, err := p.receipts.db.Exec(ctx, "DELETE FROM cloudlet_webhook_receipts WHERE delivery = ? AND NOT taken", p.delivery) // past its lease another may have taken it
		return err
	}
	_, err := p.receipts.db.Exec(ctx, "UPDATE cloudlet_webhook_receipts SET taken = ?, until = ? WHERE delivery = ?", true, p.receipts.now().Add(remembered).Unix(), p.delivery)
	return err
}
