package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine/database"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a queue of one kind of job, and what became of them.
type bench struct {
	t     *testing.T
	db    *database.DB
	queue *Queue
	kind  *Kind
	log   syncBuffer
	dir   string

	mu   sync.Mutex
	done []string // the arguments of jobs, as they were done
}

type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

// Write is safe for use by several goroutines.
func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// text is what was written so far.
func (b *syncBuffer) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.String()
}

func openDB(t testing.TB, url, dir string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: url, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := db.Migrate(t.Context(), []database.Set{Migrations()}); len(problems) > 0 || err != nil {
		t.Fatal(problems, err)
	}
	return db
}

// newBench opens a queue that is not started; work gets each job's text.
func newBench(t *testing.T, url, dir string, work func(ctx context.Context, j *Job, text string) error) *bench {
	t.Helper()
	b := &bench{t: t, dir: dir, db: openDB(t, url, dir)}
	b.kind = &Kind{Name: "note", Workers: 2, Attempts: 3, Timeout: 10 * time.Second, Backoff: func(int) time.Duration { return 10 * time.Millisecond },
		Work: func(ctx context.Context, j *Job) error {
			return work(ctx, j, textOf(t, j.Args))
		},
		Done: func(j *Job) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.done = append(b.done, textOf(t, j.Args))
		},
	}
	var err error
	if b.queue, err = Open(b.db, Options{Dir: dir, Log: slog.New(slog.NewTextHandler(&b.log, nil))}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(b.queue.Close(), b.db.Close()); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) enqueue(tx *database.Tx, text string) {
	b.t.Helper()
	args, _ := json.Marshal(map[string]string{"text": text})
	if _, err := b.queue.Enqueue(b.t.Context(), tx, New{Kind: b.kind, Args: args, Metadata: json.RawMessage(`{"n":1}`)}); err != nil {
		b.t.Fatal(err)
	}
}

func textOf(t *testing.T, args json.RawMessage) string {
	var x struct{ Text string }
	if err := json.Unmarshal(args, &x); err != nil {
		t.Error(err)
	}
	return x.Text
}

func (b *bench) list() []Entry {
	b.t.Helper()
	list, err := b.queue.List(b.t.Context(), "note")
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 10 seconds", what)
		}
	}
}

func (b *bench) doneCount() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.done)
}

func everywhere(t *testing.T, f func(t *testing.T, url string)) {
	for name, url := range map[string]string{"memory": "sqlite::memory:", "file": "sqlite:data/x.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, url)
		})
	}
}

func TestCommittedIsDone(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, url string) {
		b := newBench(t, url, t.TempDir(), func(context.Context, *Job, string) error { return nil })
		b.queue.Start(b.kind)
		no := errors.New("no")
		if err := b.db.Write(t.Context(), func(tx *database.Tx) error { b.enqueue(tx, "rolled back"); return no }); !errors.Is(err, no) {
			t.Fatal(err)
		}
		began := time.Now()
		if err := b.db.Write(t.Context(), func(tx *database.Tx) error { b.enqueue(tx, "committed"); return nil }); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the first", func() bool { return b.doneCount() == 1 })
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
		b.enqueue(nil, "alone")
		eventually(t, "the second", func() bool { return b.doneCount() == 2 })
		if fmt.Sprint(b.done) != "[committed alone]" {
			t.Error(b.done)
		}
		if list := b.list(); len(list) > 0 {
			t.Error(list)
		}
		row, err := b.db.QueryRow(t.Context(), "SELECT count(*) FROM river_job")
		if err != nil || row[0] != 0 {
			t.Error(row, err)
		}
		if text := b.log.text(); text != "" {
			t.Error(text)
		}
	})
}

func TestRetriesAndDeath(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, url string) {
		b := newBench(t, url, t.TempDir(), func(_ context.Context, j *Job, text string) error {
			switch {
			case text == "hopeless":
				return &Failure{Reason: "never", Permanent: true}
			case text == "strange":
				return errors.New("a secret cause")
			case text == "panic":
				panic("oh")
			case j.Attempt < 3 || text == "unlucky":
				return &Failure{Reason: fmt.Sprintf("try %d", j.Attempt)}
			}
			return nil
		})
		for _, text := range []string{"hopeless", "third time", "unlucky", "strange", "panic"} {
			b.enqueue(nil, text)
		}
		b.queue.Start(b.kind)
		reasons := func() (list []string) {
			for _, e := range b.list() {
				if e.State == Dead {
					list = append(list, fmt.Sprint(e.ID, " ", e.Attempts, " ", e.Reason, " ", string(e.Metadata)[:7]))
				}
			}
			return list
		}
		eventually(t, "all", func() bool { return b.doneCount() == 1 && len(reasons()) == 4 })
		want := `1 1 never {"n":1,|3 3 try 3 {"n":1,|4 3 the program failed; the log says why {"n":1,|5 3 the program failed; the log says where {"n":1,`
		if got := strings.Join(reasons(), "|"); got != want {
			t.Errorf("got %s", got)
		}
		if text := b.log.text(); !strings.Contains(text, "given up") || strings.Contains(text, "unlucky") || !strings.Contains(text, "a secret cause") {
			t.Error(text)
		}
	})
}

func TestRetryAndDrop(t *testing.T) {
	t.Parallel()
	var better sync.Map
	b := newBench(t, "sqlite::memory:", t.TempDir(), func(context.Context, *Job, string) error {
		if _, ok := better.Load("now"); ok {
			return nil
		}
		return &Failure{Reason: "not now", Permanent: true}
	})
	b.queue.Start(b.kind)
	b.enqueue(nil, "a")
	b.enqueue(nil, "b")
	eventually(t, "two dead ones", func() bool {
		list := b.list()
		return len(list) == 2 && list[0].State == Dead && list[1].State == Dead
	})
	if args, err := b.queue.Args(t.Context(), "note", 1); err != nil || textOf(t, args) != "a" {
		t.Error(string(args), err)
	}
	if err := b.queue.Drop(t.Context(), "note", 1); err != nil {
		t.Error(err)
	}
	better.Store("now", true)
	if err := b.queue.Retry(t.Context(), "note", 2); err != nil {
		t.Error(err)
	}
	eventually(t, "the retry", func() bool { return b.doneCount() == 1 && len(b.list()) == 0 })
	for what, err := range map[string]error{"retry": b.queue.Retry(t.Context(), "note", 1), "drop": b.queue.Drop(t.Context(), "other", 2)} {
		if !errors.Is(err, ErrNoSuchJob) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := b.queue.Args(t.Context(), "note", 1); !errors.Is(err, ErrNoSuchJob) {
		t.Error(err)
	}
}

// TestCloseGivesBack closes a queue in the middle of a job: it is not lost, and not counted.
func TestCloseGivesBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	working := make(chan struct{}, 1)
	b := newBench(t, "sqlite:data/x.db", dir, func(ctx context.Context, _ *Job, _ string) error {
		working <- struct{}{}
		<-ctx.Done()
		return &Failure{Reason: "cut off"}
	})
	b.queue.Start(b.kind)
	b.enqueue(nil, "slow")
	<-working
	if err := b.queue.Drop(t.Context(), "note", 1); !errors.Is(err, ErrRunning) {
		t.Error(err)
	}
	began := time.Now()
	if err := b.queue.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < softStop || took > softStop+3*time.Second {
		t.Errorf("it was cut off after %s", took)
	}
	list := b.list()
	if len(list) != 1 || list[0].State != Waiting || list[0].Attempts != 0 || list[0].Reason != "" {
		t.Errorf("%+v", list)
	}
}

// TestOneWorksAtATime opens two queues of one file, as two processes do.
func TestOneWorksAtATime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hold := make(chan struct{})
	a := newBench(t, "sqlite:data/x.db", dir, func(_ context.Context, _ *Job, text string) error {
		if text == "held" {
			<-hold
		}
		return nil
	})
	b := newBench(t, "sqlite:data/x.db", dir, func(context.Context, *Job, string) error { return nil })
	a.queue.Start(a.kind)
	a.enqueue(nil, "held")
	eventually(t, "the first", func() bool { list := a.list(); return len(list) == 1 && list[0].State == Running })
	b.queue.Start(b.kind)
	b.enqueue(nil, "other")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	eventually(t, "the second notices", func() bool { return b.queue.elsewhere.Load() })
	if err := b.queue.Settle(ctx); err != nil {
		t.Error(err)
	}
	eventually(t, "the other's", func() bool { return a.doneCount() == 1 }) // a took b's
	if b.doneCount() != 0 {
		t.Error("both worked")
	}
	close(hold)
	eventually(t, "both", func() bool { return a.doneCount() == 2 })
	// When the first is gone the second takes over, also what was left running.
	if err := a.queue.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.db.Exec(t.Context(), "INSERT INTO river_job (kind, queue, args, state, attempt, attempted_at) VALUES ('note', 'note', jsonb('{}'), 'running', 1, CURRENT_TIMESTAMP)"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the orphan", func() bool { return b.doneCount() == 1 })
}

// TestRest sees that nothing works, and the lock is free, once nothing is due.
func TestRest(t *testing.T) {
	t.Parallel()
	b := newBench(t, "sqlite:data/x.db", t.TempDir(), func(context.Context, *Job, string) error { return nil })
	b.queue.Start(b.kind)
	b.enqueue(nil, "a")
	if err := b.queue.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the lock is free", func() bool { return b.doneCount() == 1 && !b.queue.lock.Locked() })
	if _, err := b.db.Exec(t.Context(), "UPDATE river_queue SET updated_at = '2000-01-01'"); err != nil {
		t.Fatal(err)
	}
	b.enqueue(nil, "b")
	eventually(t, "work again", func() bool { return b.doneCount() == 2 })
}

// TestForgets sees that what was given up a month ago goes, and the rest stays.
func TestForgets(t *testing.T) {
	t.Parallel()
	b := newBench(t, "sqlite::memory:", "", func(context.Context, *Job, string) error { return nil })
	for _, days := range []int{29, 31} {
		at := time.Now().UTC().AddDate(0, 0, -days).Format(stamp)
		if _, err := b.db.Exec(t.Context(), "INSERT INTO river_job (kind, queue, state, finalized_at) VALUES ('note', 'note', 'discarded', ?)", at); err != nil {
			t.Fatal(err)
		}
	}
	b.queue.Start(b.kind)
	b.enqueue(nil, "a")
	eventually(t, "one is gone", func() bool { return b.doneCount() == 1 && len(b.list()) == 1 })
	if list := b.list(); list[0].ID != 1 || list[0].State != Dead {
		t.Errorf("%+v", list)
	}
}

// BenchmarkEnqueue is a job in a transaction of its own, in memory and not worked.
func BenchmarkEnqueue(b *testing.B) {
	db, err := database.Open(b.Context(), database.Config{Name: "main", URL: "sqlite::memory:"})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Migrate(b.Context(), []database.Set{Migrations()}); err != nil {
		b.Fatal(err)
	}
	q, err := Open(db, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	kind := &Kind{Name: "note", Attempts: 3}
	for b.Loop() {
		if _, err := q.Enqueue(b.Context(), nil, New{Kind: kind, Args: json.RawMessage(`{"text":"x"}`)}); err != nil {
			b.Fatal(err)
		}
	}
}
