package audit

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// head is the file that keeps the newest link of the chain beside the database: one
// line, NUMBER MAC. It may be behind by what was committed when a process was killed,
// never ahead.
type head struct {
	file string // "": there is none
	mu   sync.Mutex
}

// keepHead notes the newest link once its row is committed. A head that does not
// belong to the chain is left as it is, so that Verify finds what happened; and so is
// one that is missing though there are rows.
func (l *Log) keepHead(before, now link) {
	if l.head.file == "" {
		return
	}
	l.head.mu.Lock()
	defer l.head.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := l.advance(ctx, before, now); err != nil {
		l.log.Error("the head of the audit log could not be kept; see: cloudlet audit verify", "error", err)
	}
}

func (l *Log) advance(ctx context.Context, before, now link) error {
	kept, err := l.head.read()
	switch {
	case errors.Is(err, fs.ErrNotExist) && before.number == 0:
		return l.head.write(now)
	case err != nil:
		return err
	case kept.number >= now.number:
		return nil // a later row was faster, or this one took the place of one that is gone
	case kept != before: // behind: of another process, or of one that was killed
		if err := l.belongs(ctx, kept); err != nil {
			return err
		}
	}
	return l.head.write(now)
}

// belongs fails where the link is none of the chain.
func (l *Log) belongs(ctx context.Context, kept link) error {
	stored, err := linkOf(ctx, l.db, "SELECT number, mac FROM cloudlet_audit WHERE number = ?", kept.number)
	if err == nil && stored != kept {
		err = fmt.Errorf("%s is of another log", l.head.file)
	}
	return err
}

func (h *head) read() (kept link, err error) {
	text, err := os.ReadFile(h.file)
	if err != nil {
		return link{}, err
	}
	if n, err := fmt.Sscanf(string(text), "%d %64s\n", &kept.number, &kept.mac); n != 2 || err != nil || kept.number < 1 {
		return link{}, fmt.Errorf("%s is damaged", h.file)
	}
	return kept, nil
}

// write replaces the file at once.
func (h *head) write(l link) error {
	f, err := os.CreateTemp(filepath.Dir(h.file), ".audit-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%d %s\n", l.number, l.mac)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), h.file)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Report is what Verify found.
type Report struct {
	Rows   int      // how many there are
	Faults []string // what is wrong, the first 20; none where the log is whole
}

// mostFaults bounds what a report says.
const mostFaults = 20

func (r *Report) fault(format string, args ...any) {
	if len(r.Faults) < mostFaults {
		r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
	}
}

// Verify goes through the whole log and says what was changed or is missing, the last
// rows too. It fails with the database's failure.
func (l *Log) Verify(ctx context.Context) (*Report, error) {
	report := &Report{}
	kept, headErr := l.head.read()
	if l.head.file == "" {
		headErr = nil
	}
	var at link
	seen := false // the row of the head
	for {
		rows, err := l.after(ctx, at.number)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			l.check(report, at, r)
			at = r.link
			seen = seen || r.link == kept
		}
		if len(rows) == 0 {
			break
		}
	}
	switch {
	case errors.Is(headErr, fs.ErrNotExist):
		if report.Rows > 0 {
			report.fault("%s is missing: it cannot be known whether the last rows are", l.head.file)
		}
	case headErr != nil:
		report.fault("%v", headErr)
	case kept.number > at.number:
		report.fault("rows %d to %d are missing at the end", at.number+1, kept.number)
	case kept.number > 0 && !seen:
		report.fault("row %d is not the one that %s remembers", kept.number, l.head.file)
	}
	return report, nil
}

// check holds a row against the one before.
func (l *Log) check(report *Report, before link, r *row) {
	report.Rows++
	if r.number != before.number+1 {
		if missing := r.number - 1; missing == before.number+1 {
			report.fault("row %d is missing", missing)
		} else {
			report.fault("rows %d to %d are missing", before.number+1, missing)
		}
		return // what it was chained to is not known
	}
	key, known := l.keys.DeriveOf(r.kid, purpose)
	switch {
	case !known:
		report.fault("row %d was written with a secret that is not known any more", r.number)
	case !hmac.Equal([]byte(r.sum(key, before.mac)), []byte(r.mac)):
		report.fault("row %d was changed", r.number)
	}
}

// Accept takes the log as it is from now on: what Verify found missing at its end is
// not missed any more.
func (l *Log) Accept(ctx context.Context) error {
	last, err := newest(ctx, l.db)
	if err != nil || l.head.file == "" {
		return err
	}
	l.head.mu.Lock()
	defer l.head.mu.Unlock()
	if last.number == 0 {
		if err := os.Remove(l.head.file); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	return l.head.write(last)
}
