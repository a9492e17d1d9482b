package database

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cloudlet/engine/failure"
)

// TestReason: the log says that the disk is full, and no value of a request.
func TestReason(t *testing.T) {
	t.Parallel()
	db, _ := start(t, file)
	ctx := context.Background()
	err := db.Write(ctx, func(tx *Tx) error { // on the connection that the limit is to hold for
		if _, err := tx.Query(ctx, "PRAGMA max_page_count = 1"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO films (title) VALUES (hex(zeroblob(1000000)))")
		return err
	})
	var e *failure.Error
	if !errors.As(err, &e) || !errors.Is(err, ErrFailed) || !strings.Contains(e.Reason, "full") {
		t.Errorf("a full disk gives %v", err)
	}
	_, err = db.Query(ctx, "SELECT json_extract('{}', ?)", "canary")
	if !errors.As(err, &e) || e.Reason != "" {
		t.Errorf("a value gives %v, the log %q", err, e.Reason)
	}
}

// A pattern of a megabyte would be looked for at each place of every text.
func TestLongPatterns(t *testing.T) {
	t.Parallel()
	db, _ := start(t, file)
	for _, sql := range []string{"SELECT 'a' LIKE ?", "SELECT 'a' GLOB ?"} {
		if _, err := db.Query(t.Context(), sql, strings.Repeat("a", LongestPattern)); err != nil {
			t.Error(err)
		}
		if _, err := db.Query(t.Context(), sql, strings.Repeat("a", LongestPattern+1)); !errors.Is(err, ErrInvalidValue) {
			t.Errorf("%s gives %v", sql, err)
		}
	}
}
