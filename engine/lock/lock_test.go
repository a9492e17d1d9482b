package lock

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestInOrder lets those who wait in one after the other, as they came.
func TestInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Locks[string]
		var order []string
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				leave, err := l.Enter(t.Context(), "k")
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, fmt.Sprint("in", i))
				time.Sleep(time.Second)
				order = append(order, fmt.Sprint("out", i))
				leave()
			})
		}
		all.Wait()
		if got := strings.Join(order, " "); got != "in0 out0 in1 out1 in2 out2 in3 out3 in4 out4" {
			t.Error(got)
		}
		if len(l.queues) > 0 {
			t.Error("something is left")
		}
	})
}

func TestKeysAreApart(t *testing.T) {
	t.Parallel()
	var l Locks[int]
	for key := range 3 {
		leave, err := l.Enter(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		defer leave()
	}
}

// TestGivenUp leaves the others their turns.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Locks[string]
		leave, err := l.Enter(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := l.Enter(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			leave, err := l.Enter(t.Context(), "k")
			if err != nil {
				t.Error(err)
				return
			}
			leave()
		})
		time.Sleep(2 * time.Second)
		leave()
		all.Wait()
		if len(l.queues) > 0 {
			t.Error("something is left")
		}
	})
}

// TestGivenUpInTheInstant of its turn: whoever gives up hands it on.
func TestGivenUpInTheInstant(t *testing.T) {
	t.Parallel()
	var l Locks[string]
	for range 1000 {
		leave, err := l.Enter(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if leave, err := l.Enter(ctx, "k"); err == nil {
				leave()
			}
		})
		all.Go(cancel)
		all.Go(leave)
		all.Wait()
	}
	if len(l.queues) > 0 {
		t.Error("something is left")
	}
}
