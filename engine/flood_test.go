package engine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudlet/engine"
)

// resident is the memory of this process that is in use, in MiB; 0 where the
// system does not tell.
func resident() int {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	var kib int
	fmt.Sscan(rest, &kib)
	return kib >> 10
}

// highest samples the memory until it is stopped, and then tells the highest.
func highest() (stop func() int) {
	done, told := make(chan struct{}), make(chan int)
	go func() {
		top := 0
		for {
			top = max(top, resident())
			select {
			case <-done:
				told <- top
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() int {
		close(done)
		return <-told
	}
}

// flood sends 200 logins at once, each on a connection of its own and from an address of
// its own, so that nobody is taken for one who guesses, and counts the answers by status; it
// says what is wrong with one.
func flood(t *testing.T, l *live) map[int]int {
	t.Helper()
	var addresses atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = fmt.Sprintf("10.0.0.%d:1234", addresses.Add(1))
		l.engine.ServeHTTP(w, r)
	}))
	defer server.Close()
	many := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	defer many.CloseIdleConnections()
	var mu sync.Mutex
	var wg sync.WaitGroup
	counts := map[int]int{}
	for i := range 200 {
		wg.Go(func() {
			password := casePassword
			if i%2 == 1 {
				password = "a wrong password"
			}
			w, err := many.Post(server.URL+"/login", "application/json", strings.NewReader(fmt.Sprintf(`{"username":"alice","password":%q}`, password)))
			if err != nil {
				t.Errorf("login %d: %v", i, err)
				return
			}
			defer w.Body.Close()
			body, _ := io.ReadAll(w.Body)
			mu.Lock()
			defer mu.Unlock()
			counts[w.StatusCode]++
			switch w.StatusCode {
			case 200, 401:
				if (w.StatusCode == 200) != (i%2 == 0) {
					t.Errorf("login %d answers %d", i, w.StatusCode)
				}
			case 429:
				if w.Header.Get("Retry-After") == "" || notProblem(429, w.Header, string(body), "") != "" {
					t.Errorf("login %d: 429 with %v %s", i, w.Header, body)
				}
			default:
				t.Errorf("login %d answers %d %s", i, w.StatusCode, body)
			}
		})
	}
	wg.Wait()
	return counts
}

// throughput counts requests in process until it is stopped, and tells how many
// there were a second.
func throughput(t *testing.T, e *engine.Engine) (stop func() float64) {
	var over atomic.Bool
	done, began := make(chan int), time.Now()
	go func() {
		n := 0
		for ; !over.Load(); n++ {
			w := &discard{header: http.Header{}}
			if e.ServeHTTP(w, httptest.NewRequest("GET", "/echo?text=a", nil)); w.status != 200 {
				t.Errorf("echo answers %d", w.status)
				break
			}
		}
		done <- n
	}()
	return func() float64 {
		over.Store(true)
		return float64(<-done) / time.Since(began).Seconds()
	}
}

// TestFloodOfLogins is not parallel: it measures. A flood of passwords takes
// bounded memory, is answered in time, and leaves room for other requests.
func TestFloodOfLogins(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds of computing")
	}
	l := openLive(t, map[string]string{"endpoints/login.yaml": accountsApp["endpoints/login.yaml"],
		"endpoints/echo.yaml": "get:\n  arguments: {text: string}\n  actions:\n    - return: ${args.text}\n"})
	fatal(t, engine.UsersOf(l.engine).AddUser(context.Background(), engine.CommandLine, engine.NewUser{Name: "alice", Password: casePassword, Roles: []string{"guest"}}))
	before := throughput(t, l.engine)
	time.Sleep(300 * time.Millisecond)
	alone, calm := before(), resident()

	memory, during := highest(), throughput(t, l.engine)
	began := time.Now()
	counts := flood(t, l)
	took, beside := time.Since(began), during()
	grown := memory() - calm
	t.Logf("200 logins at once took %v: %v; memory grew by %d MiB; echo answered %.0f requests a second before and %.0f during it", took, counts, grown, alone, beside)
	if counts[200]+counts[401]+counts[429] != 200 || counts[200] == 0 || counts[401] == 0 || counts[429] == 0 {
		t.Errorf("the answers are %v", counts)
	}
	if grown > 200 && !raceEnabled {
		t.Errorf("memory grew by %d MiB", grown)
	}
	if beside < alone/8 && !raceEnabled { // half is the aim; a machine that others use too gives less
		t.Errorf("echo answered %.0f requests a second, %.0f without the flood", beside, alone)
	}
	if l.ticketOf("alice", casePassword) == "" {
		t.Error("after the flood nobody can log in")
	}
}
