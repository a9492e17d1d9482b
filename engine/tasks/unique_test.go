package tasks

import (
	"path/filepath"
	"testing"
	"time"

	"cloudlet/engine/secret"
)

// TestNobodyKeepsAScheduleOut: no text that a caller chooses is the one of a schedule, so that
// what they put off for a year keeps no schedule from being done.
func TestNobodyKeepsAScheduleOut(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "data"), secret.NewKeyring())
	for _, unique := range []string{"schedule", "sweep", "\x00"} {
		if _, err := s.Enqueue(t.Context(), nil, Task{Name: "sweep", Args: []byte("{}"), In: 24 * time.Hour, Unique: unique, Attempts: 1}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.List(t.Context())
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	p := plan(t, "sweep", "* * * * *")
	s.Plan([]Planned{p})
	now := time.Now()
	for _, at := range []time.Time{now, now.Add(2 * time.Minute), now.Add(4 * time.Minute)} { // the first notes it, the second is due, the third finds it waiting
		if _, err := s.clock.tick(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	if list, err = s.List(t.Context()); err != nil || len(list) != 4 {
		t.Errorf("%d wait, not the three and the schedule's: %v", len(list), err)
	}
}
