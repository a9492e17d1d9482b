package identity

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// tries is how many of each kind are timed.
const tries = 500

// kind is one way to fail, which must look like all others.
type kind struct {
	name, user, password string
	took                 []time.Duration
}

// openTimed is a service whose passwords cost little, but more than all else of a login, with a user
// for each kind.
func openTimed(t testing.TB) (*Service, []*kind) {
	t.Helper()
	s := openService(t, Options{Clock: newClock().Now, CheapPasswords: true})
	s.gate.costs = parameters{memory: 256, time: 1, threads: 1}
	addUser(t, s, "alice", alicePassword, "guest")
	addUser(t, s, "mallory", alicePassword, "guest")
	addUser(t, s, "dave", alicePassword, "guest")
	must(t, s.Lock(t.Context(), Act{}, "mallory"))
	must(t, s.AddUser(t.Context(), Act{}, NewUser{Name: "carol", Password: alicePassword, Roles: []string{"guest"}, Unconfirmed: true}))
	storeHash(t, s, "dave", "")
	return s, []*kind{
		{name: "wrong password", user: "alice", password: "a wrong password"},
		{name: "unknown user", user: "nobody", password: alicePassword},
		{name: "locked user", user: "mallory", password: alicePassword},
		{name: "unconfirmed user", user: "carol", password: "a wrong password"},
		{name: "user without a password", user: "dave", password: ""},
	}
}

// median of durations.
func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// rankTest is the statistic of Mann and Whitney: how often one of a is longer than one of
// b, 0.5 where nothing tells them apart, and how many standard deviations that is off.
func rankTest(a, b []time.Duration) (often, z float64) {
	type sample struct {
		took time.Duration
		of   bool // a
	}
	var all []sample
	for _, d := range a {
		all = append(all, sample{d, true})
	}
	for _, d := range b {
		all = append(all, sample{d, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return cmp.Compare(x.took, y.took) })
	ranks := 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].took == all[i].took {
			j++
		}
		for _, s := range all[i:j] { // ties share their ranks
			if s.of {
				ranks += float64(i+j+1) / 2
			}
		}
		i = j
	}
	n, m := float64(len(a)), float64(len(b))
	u := ranks - n*(n+1)/2
	return u / (n * m), (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}

func TestRankTest(t *testing.T) {
	t.Parallel()
	if often, z := rankTest([]time.Duration{1, 2, 3, 4}, []time.Duration{1, 2, 3, 4}); often != 0.5 || z != 0 {
		t.Errorf("the same: %v, %v", often, z)
	}
	if often, z := rankTest([]time.Duration{5, 6, 7}, []time.Duration{1, 2, 3}); often != 1 || z < 1.9 || z > 2 {
		t.Errorf("all longer: %v, %v", often, z)
	}
}

// TestFailuresLookAlike tells that nobody learns from the time of a refusal whether there
// is such a user. What counts is exact: each computes one password. The times are held
// against a bound that a loaded machine keeps too; here a password costs a hundredth of
// what it does in earnest, so that a difference shows a hundred times as clearly.
func TestFailuresLookAlike(t *testing.T) {
	s, kinds := openTimed(t)
	computed := 0
	s.gate.computed = func() { computed++ }
	for i := range tries {
		for j := range kinds {
			k := kinds[(i+j)%len(kinds)] // in another order each time
			address := fmt.Sprintf("10.%d.%d.%d", j, i/250, i%250)
			before, began := computed, time.Now()
			err := logIn(s, k.user, k.password, address)
			k.took = append(k.took, time.Since(began))
			if !errors.Is(err, ErrInvalidCredentials) || err.Error() != ErrInvalidCredentials.Error() {
				t.Fatalf("%s: %v", k.name, err)
			}
			if computed != before+1 {
				t.Fatalf("%s: %d computations", k.name, computed-before)
			}
		}
	}
	wrong := kinds[0]
	for _, k := range kinds {
		often, z := rankTest(k.took, wrong.took)
		t.Logf("%-24s median %v, longer than a wrong password %.3f of the time (z = %.1f)", k.name, median(k.took), often, z)
		if difference := float64(median(k.took)-median(wrong.took)) / float64(median(wrong.took)); math.Abs(difference) > 0.25 || math.Abs(often-0.5) > 0.25 {
			t.Errorf("%s: the median is %.0f %% off, and it takes longer %.3f of the time", k.name, 100*difference, often)
		}
	}
}

// BenchmarkAuthenticate tells how much of a login with a refresh token is argon2id: each
// login is timed beside a computation alone.
//
//	go test ./engine/identity -run '^$' -bench Authenticate -benchtime 50x
func BenchmarkAuthenticate(b *testing.B) {
	s := openService(b, Options{})
	addUser(b, s, "alice", alicePassword, "guest")
	var logins, computations []time.Duration
	for b.Loop() {
		began := time.Now()
		enter(b, s, alicePassword)
		between := time.Now()
		newHash(alicePassword, current)
		logins, computations = append(logins, between.Sub(began)), append(computations, time.Since(between))
	}
	b.ReportMetric(100*float64(median(computations))/float64(median(logins)), "%argon2id")
	b.ReportMetric(float64(median(logins)-median(computations))/1e3, "µs-besides")
}
