package main

import (
	"context"
	"errors"

	"cloudlet/engine"
)

// waiting is what waits in the app's queue: mails, webhooks.
type waiting struct {
	noun string
	all  func(ctx context.Context, a *engine.Accounts) ([]int64, error)
}

// each does something to those that are named, or to all that can be had.
func (w waiting) each(ctx context.Context, t *terminal, f *folder, ids []int64, all bool, what string, do func(a *engine.Accounts, id int64) error) error {
	if all == (len(ids) > 0) {
		return usagef("name the %ss by their id, or say --all", w.noun)
	}
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if all {
			var err error
			if ids, err = w.all(ctx, a); err != nil {
				return err
			}
		}
		done := 0
		for _, id := range ids {
			err := do(a, id)
			if refused := (*engine.QueueError)(nil); all && errors.As(err, &refused) {
				continue // it is being sent, or was
			}
			if err != nil {
				return err
			}
			done++
		}
		t.notef("%s: %s\n", count(done, w.noun), what)
		return nil
	})
}
