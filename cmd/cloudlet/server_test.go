package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// patience is how long the tests wait for what must happen. Nothing takes nearly as
// long; on a busy machine it may.
const patience = 30 * time.Second

// eventually asks until done says yes.
func eventually(what string, done func() bool) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if done() {
			return nil
		}
	}
	return fmt.Errorf("waited %v in vain for %s", patience, what)
}

// server is a `cloudlet serve` in a process of its own.
type server struct {
	cmd      *exec.Cmd
	base     string
	out, err string // files of what it printed
	exited   chan struct{}
}

var serving = regexp.MustCompile(`(?m)^Serving on (http://\S+)$`)

// startServer serves the app in dir on a free port and waits until it does.
func startServer(dir, logs string, env []string, args ...string) (*server, error) {
	s := &server{out: filepath.Join(logs, "server.out"), err: filepath.Join(logs, "server.err"), exited: make(chan struct{})}
	s.cmd = exec.Command("cloudlet", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	s.cmd.Dir, s.cmd.Env = dir, env
	out, err := os.Create(s.out)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	errs, err := os.Create(s.err)
	if err != nil {
		return nil, err
	}
	defer errs.Close()
	s.cmd.Stdout, s.cmd.Stderr = out, errs
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.cmd.Wait()
		close(s.exited)
	}()
	err = eventually("the server", func() bool {
		text, _ := os.ReadFile(s.out)
		if m := serving.FindSubmatch(text); m != nil {
			s.base = string(m[1])
		}
		return s.base != "" || s.hasExited()
	})
	if err == nil && s.base == "" {
		err = fmt.Errorf("the server ended: %s", s.printed())
	}
	if err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}

func (s *server) hasExited() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// printed is all that the server has said.
func (s *server) printed() string {
	out, _ := os.ReadFile(s.out)
	errs, _ := os.ReadFile(s.err)
	return string(out) + string(errs)
}

func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.exited
}

// wait waits for the server's end and gives its exit status, -1 after a signal.
func (s *server) wait() (int, error) {
	if err := eventually("the server's end", s.hasExited); err != nil {
		return 0, err
	}
	return s.cmd.ProcessState.ExitCode(), nil
}

// answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request; a body is JSON, a token a Bearer's.
func send(method, url, token, body string) (*answer, error) {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, url, reader)
	if err != nil {
		return nil, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := (&http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil {
		return nil, err
	}
	return &answer{response.StatusCode, response.Header, text.String()}, nil
}
