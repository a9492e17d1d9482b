package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudlet/engine/failure"
	"cloudlet/engine/secret"
	"github.com/google/go-cmp/cmp"
)

const (
	here      = "192.0.2.1"
	elsewhere = "198.51.100.7"
)

// openCheap is a service whose passwords cost little, with alice in it.
func openCheap(t testing.TB) (*Service, *clock) {
	t.Helper()
	c := newClock()
	s := openService(t, Options{Clock: c.Now, CheapPasswords: true})
	addUser(t, s, "alice", alicePassword, "guest")
	return s, c
}

func logIn(s *Service, name, password, address string) error {
	_, err := s.Authenticate(context.Background(), Act{Address: address}, Credentials{Username: name, Password: password})
	return err
}

// waitOf is how long an error asks not to try again; -1 where it does not.
func waitOf(err error) time.Duration {
	var e *failure.Error
	if errors.As(err, &e) && e.Is(ErrTooManyFailures) {
		return e.RetryAfter
	}
	return -1
}

func TestGuessingIsSlowed(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	var computed atomic.Int32
	s.gate.computed = func() { computed.Add(1) }
	for range freePerUser {
		wantError(t, logIn(s, "alice", "wrong password", here), ErrInvalidCredentials)
	}
	for i, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute} {
		for _, password := range []string{alicePassword, "wrong password"} {
			if got := waitOf(logIn(s, "ALICE", password, here)); got != wait {
				t.Fatalf("wait %d: %v, want %v", i, got, wait)
			}
		}
		c.move(wait - time.Millisecond)
		if got := waitOf(logIn(s, "alice", alicePassword, here)); got != time.Millisecond {
			t.Fatalf("just before wait %d is over: %v", i, got)
		}
		c.move(time.Millisecond)
		wantError(t, logIn(s, "alice", "wrong password", here), ErrInvalidCredentials)
	}
	if n := computed.Load(); n != freePerUser+7 {
		t.Errorf("%d computations", n)
	}
	must(t, logIn(s, "alice", alicePassword, elsewhere))
	c.move(longestWait)
	must(t, logIn(s, "alice", alicePassword, here))
	for range freePerUser { // the success has cleared the count
		wantError(t, logIn(s, "alice", "wrong password", here), ErrInvalidCredentials)
	}
	if got := waitOf(logIn(s, "alice", alicePassword, here)); got != firstWait {
		t.Errorf("after a success and as many failures as are free: %v", got)
	}
	c.move(firstWait + failureWindow)
	for range freePerUser { // forgotten
		wantError(t, logIn(s, "alice", "wrong password", here), ErrInvalidCredentials)
	}
}

// Only what failed within the last quarter of an hour counts.
func TestFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	for range 20 {
		wantError(t, logIn(s, "alice", "wrong password", here), ErrInvalidCredentials)
		c.move(failureWindow / (freePerUser - 1))
	}
	c.move(failureWindow)
	wantError(t, logIn(s, "bob", "wrong password", elsewhere), ErrInvalidCredentials)
	if n, err := count(t.Context(), s.db, "SELECT count(*) FROM cloudlet_failures"); err != nil || n != 2 {
		t.Errorf("%d rows are left, %v", n, err)
	}
}

func TestGuessingFromOneAddress(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	for i := range freePerAddress {
		wantError(t, logIn(s, fmt.Sprintf("user%d", i), "wrong password", fmt.Sprintf("2001:db8:0:1::%x", i)), ErrInvalidCredentials)
	}
	for _, address := range []string{"2001:db8:0:1:ffff::1", "2001:db8:0:1::1%eth0"} {
		if got := waitOf(logIn(s, "alice", alicePassword, address)); got != firstWait {
			t.Errorf("from %s: %v", address, got)
		}
	}
	must(t, logIn(s, "alice", alicePassword, "2001:db8:0:2::1"))
	c.move(firstWait)
	must(t, logIn(s, "alice", alicePassword, "2001:db8:0:1::1"))
	wantError(t, logIn(s, "alice", "wrong password", "2001:db8:0:1::1"), ErrInvalidCredentials)
	if got := waitOf(logIn(s, "alice", alicePassword, "2001:db8:0:1::1")); got != 2*firstWait {
		t.Errorf("a success cleared the address: %v", got)
	}
	for _, pair := range [][2]string{{"::ffff:192.0.2.1", "192.0.2.1"}, {"2001:db8::1", "2001:db8::2"}, {"pipe", "pipe"}} {
		if NetworkOf(pair[0]) != NetworkOf(pair[1]) {
			t.Errorf("%s is not counted as %s", pair[0], pair[1])
		}
	}
}

// Those who come at once get no more guesses than those who come in turn.
func TestGuessingAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	s.gate = NewGate(16, waitingPasswords)
	s.gate.costs = cheap
	var computed, slowed atomic.Int32
	s.gate.computed = func() { computed.Add(1); time.Sleep(time.Millisecond) }
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			err := logIn(s, "alice", "wrong password", here)
			switch {
			case waitOf(err) > 0:
				slowed.Add(1)
			case !errors.Is(err, ErrInvalidCredentials) && !errors.Is(err, ErrTooBusy):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := computed.Load(); n != freePerUser || slowed.Load() == 0 {
		t.Errorf("%d computed, %d slowed", n, slowed.Load())
	}
	if len(s.throttle.flights) != 0 || len(s.gate.seats) != 0 {
		t.Error("the throttle remembers what is over")
	}
}

// Whoever knows the password may log in many times at once.
func TestManyGoodLoginsAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() { must(t, logIn(s, "alice", alicePassword, here)) })
	}
	all.Wait()
}

func TestRestartForgetsNoFailures(t *testing.T) {
	t.Parallel()
	db := openDatabase(t, t.TempDir())
	migrate(t, db)
	keys, o := secret.NewKeyring(), Options{Clock: newClock().Now, CheapPasswords: true}
	s := serviceOn(t, db, keys, o)
	addUser(t, s, "alice", alicePassword)
	for range freePerUser {
		wantError(t, logIn(s, "alice", "wrong password", here), ErrInvalidCredentials)
	}
	must(t, s.Close())
	if got := waitOf(logIn(serviceOn(t, db, keys, o), "alice", alicePassword, here)); got != firstWait {
		t.Errorf("after a restart: %v", got)
	}
}

// Hanging up while the password is computed makes no guess free.
func TestHangingUpCounts(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	for range freePerUser {
		ctx, hangUp := context.WithCancel(t.Context())
		s.gate.computed = hangUp
		_, err := s.Authenticate(ctx, Act{Address: here}, Credentials{Username: "alice", Password: "wrong password"})
		wantError(t, err, ErrInvalidCredentials)
	}
	if got := waitOf(logIn(s, "alice", alicePassword, here)); got != firstWait {
		t.Errorf("after hanging up: %v", got)
	}
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	_, err := s.Authenticate(ctx, Act{Address: elsewhere}, Credentials{Username: "alice", Password: "wrong password"})
	wantError(t, err, context.Canceled)
}

// rows reads a table as text.
func rowsOf(t testing.TB, s *Service, sql string) []string {
	t.Helper()
	rows, err := s.db.Query(t.Context(), sql)
	must(t, err)
	list := make([]string, len(rows))
	for i, r := range rows {
		list[i] = strings.Trim(fmt.Sprint([]any(r)...), " ")
	}
	return list
}

// Names that no user has are treated alike, and neither the table nor the audit log
// tells what was typed or from where it came.
func TestUnknownUsersAreSlowedAlike(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	for _, name := range []string{"alice", "my secret password", "a:\x00\xff", ""} {
		for range freePerUser {
			wantError(t, logIn(s, name, "wrong password", here), ErrInvalidCredentials)
		}
		if got := waitOf(logIn(s, name, "wrong password", here)); got != firstWait {
			t.Errorf("%q: %v", name, got)
		}
	}
	if all := strings.Join(rowsOf(t, s, "SELECT key, recent, waits, until, expires FROM cloudlet_failures"), "\n"); strings.Contains(all, "alice") || strings.Contains(all, here) {
		t.Error(all)
	}
	must(t, logIn(s, "alice", alicePassword, elsewhere))
	want := map[string]int{}
	for _, row := range rowsOf(t, s, "SELECT event || ' ' || subject || ' ' || address || ' ' || fields FROM cloudlet_audit WHERE event LIKE 'login.%'") {
		want[row]++
	}
	if d := cmp.Diff(want, map[string]int{
		`login.failed alice 192.0.2.1 {"reason":"password"}`:      freePerUser,
		`login.failed  192.0.2.1 {"reason":"password"}`:           3 * freePerUser,
		`login.slowed alice 192.0.2.1 {"by":"user","seconds":30}`: 1,
		`login.slowed  192.0.2.1 {"by":"user","seconds":30}`:      3,
	}); d != "" {
		t.Error(d)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	_, err := s.db.Exec(t.Context(), `INSERT INTO cloudlet_failures WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		SELECT 'key' || i, '[]', 0, 0, ? + i FROM n`, mostFailures+50, c.Now().UnixMilli())
	must(t, err)
	wantError(t, logIn(s, "alice", "wrong password", here), ErrInvalidCredentials)
	if n, err := count(t.Context(), s.db, "SELECT count(*) FROM cloudlet_failures"); err != nil || n > mostFailures+3 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	act := Act{By: "alice", Address: here}
	must(t, s.CheckPassword(t.Context(), act, "alice", alicePassword))
	for range freePerUser {
		wantError(t, s.CheckPassword(t.Context(), act, "alice", "wrong password"), ErrInvalidCredentials)
	}
	if got := waitOf(s.CheckPassword(t.Context(), act, "alice", alicePassword)); got != firstWait {
		t.Errorf("after so many failures: %v", got)
	}
	if got := waitOf(logIn(s, "alice", alicePassword, here)); got != firstWait {
		t.Errorf("a login after so many failures: %v", got)
	}
	c.move(firstWait)
	must(t, s.CheckPassword(t.Context(), act, "alice", alicePassword))
	wantError(t, s.CheckPassword(t.Context(), act, "nobody", alicePassword), ErrInvalidCredentials)
}

// A clock that is set back keeps nobody out for days.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	for range freePerUser {
		wantError(t, logIn(s, "alice", "wrong password", here), ErrInvalidCredentials)
	}
	c.move(-48 * time.Hour)
	must(t, logIn(s, "alice", alicePassword, here))
}
