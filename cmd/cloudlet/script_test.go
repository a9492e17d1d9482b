package main

import (
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// The commands of the scripts in testdata/script, besides testscript's own:
//
//	exits STATUS PROGRAM ARGS…        the program exits with just this status
//	start ARGS…                       cloudlet serve on a free port, in this folder; sets $BASE and $ADDRESS
//	signal TERM|INT|HUP|KILL          to the server
//	ended STATUS                      the server ends with this status, -1 for a signal
//	http STATUS METHOD PATH [JSON]    a request with the ticket $TOKEN; the body goes to stdout, headers to stderr
//	until STATUS REGEXP METHOD PATH   asks until the answer is this
//	login USER PASSWORD               sets $TOKEN
//	send METHOD PATH                  begins a request
//	answered STATUS REGEXP            the request that was begun has this answer
//	eventually FILE REGEXP            the file says so before long
//	refused                           nobody listens at $BASE any more
//	expand FILE                       replaces $NAME in a file
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"exits":      scriptExits,
	"start":      scriptStart,
	"signal":     scriptSignal,
	"ended":      scriptEnded,
	"http":       scriptHTTP,
	"until":      scriptUntil,
	"login":      scriptLogin,
	"send":       scriptSend,
	"answered":   scriptAnswered,
	"eventually": scriptEventually,
	"refused":    scriptRefused,
	"expand":     scriptExpand,
}

// scriptState is what a script's commands share.
type scriptState struct {
	server *server
	begun  chan *answer // of `send`; nil where the request failed
}

type stateKey struct{}

func stateOf(ts *testscript.TestScript, neg bool, args []string, least int) *scriptState {
	if neg || len(args) < least {
		ts.Fatalf("used wrongly: see script_test.go")
	}
	return ts.Value(stateKey{}).(*scriptState)
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	stateOf(ts, neg, args, 2)
	want, got := number(ts, args[0]), 0
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func scriptStart(ts *testscript.TestScript, neg bool, args []string) {
	state := stateOf(ts, neg, args, 0)
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GORACE", "CLOUDLET_ROOT_PASSWORD", "CLOUDLET_SECRET", "CLOUDLET_LISTEN"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	s, err := startServer(ts.MkAbs("."), ts.Getenv("WORK"), env, args...)
	ts.Check(err)
	ts.Defer(s.kill)
	state.server = s
	ts.Setenv("BASE", s.base)
	ts.Setenv("ADDRESS", strings.TrimPrefix(s.base, "http://"))
}

func scriptSignal(ts *testscript.TestScript, neg bool, args []string) {
	state := stateOf(ts, neg, args, 1)
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": os.Interrupt, "HUP": syscall.SIGHUP, "KILL": os.Kill}
	ts.Check(state.server.cmd.Process.Signal(signals[args[0]]))
}

func scriptEnded(ts *testscript.TestScript, neg bool, args []string) {
	state := stateOf(ts, neg, args, 1)
	got, err := state.server.wait()
	ts.Check(err)
	if got != number(ts, args[0]) {
		ts.Fatalf("the server ended with %d:\n%s", got, state.server.printed())
	}
}

// ask sends METHOD PATH [JSON] with the script's ticket.
func ask(ts *testscript.TestScript, args []string) (*answer, error) {
	body := ""
	if len(args) > 2 {
		body = args[2]
	}
	return send(args[0], ts.Getenv("BASE")+args[1], ts.Getenv("TOKEN"), body)
}

func scriptHTTP(ts *testscript.TestScript, neg bool, args []string) {
	stateOf(ts, neg, args, 3)
	a, err := ask(ts, args[1:])
	ts.Check(err)
	_, err = ts.Stdout().Write([]byte(a.body))
	ts.Check(err)
	ts.Check(a.header.Write(ts.Stderr()))
	if a.status != number(ts, args[0]) {
		ts.Fatalf("status %d: %s", a.status, a.body)
	}
}

func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	stateOf(ts, neg, args, 4)
	status, want := number(ts, args[0]), regexp.MustCompile(args[1])
	var last *answer
	err := eventually(args[1], func() bool {
		a, err := ask(ts, args[2:])
		last = a
		return err == nil && a.status == status && want.MatchString(a.body)
	})
	if err != nil && last != nil {
		ts.Logf("the last answer: %d %s", last.status, last.body)
	}
	ts.Check(err)
}

func scriptLogin(ts *testscript.TestScript, neg bool, args []string) {
	stateOf(ts, neg, args, 2)
	query := url.Values{"username": {args[0]}, "password": {args[1]}}
	a, err := send("GET", ts.Getenv("BASE")+"/auth/login?"+query.Encode(), "", "")
	ts.Check(err)
	var ticket struct{ Ticket string }
	ts.Check(json.Unmarshal([]byte(a.body), &ticket))
	if ticket.Ticket == "" {
		ts.Fatalf("no ticket: %d %s", a.status, a.body)
	}
	ts.Setenv("TOKEN", ticket.Ticket)
}

func scriptSend(ts *testscript.TestScript, neg bool, args []string) {
	state := stateOf(ts, neg, args, 2)
	method, address, token := args[0], ts.Getenv("BASE")+args[1], ts.Getenv("TOKEN")
	begun := make(chan *answer, 1)
	state.begun = begun
	go func() {
		a, _ := send(method, address, token, "")
		begun <- a
	}()
}

func scriptAnswered(ts *testscript.TestScript, neg bool, args []string) {
	state := stateOf(ts, neg, args, 2)
	a := <-state.begun
	if a == nil || a.status != number(ts, args[0]) || !regexp.MustCompile(args[1]).MatchString(a.body) {
		ts.Fatalf("the answer is %+v", a)
	}
}

func scriptEventually(ts *testscript.TestScript, neg bool, args []string) {
	stateOf(ts, neg, args, 2)
	file, want := ts.MkAbs(args[0]), regexp.MustCompile(args[1])
	ts.Check(eventually(args[1]+" in "+args[0], func() bool {
		text, err := os.ReadFile(file)
		return err == nil && want.Match(text)
	}))
}

func scriptRefused(ts *testscript.TestScript, neg bool, args []string) {
	stateOf(ts, neg, args, 0)
	ts.Check(eventually("the end of listening", func() bool {
		c, err := net.Dial("tcp", ts.Getenv("ADDRESS"))
		if err == nil {
			c.Close()
		}
		return err != nil
	}))
}

func scriptExpand(ts *testscript.TestScript, neg bool, args []string) {
	stateOf(ts, neg, args, 1)
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
