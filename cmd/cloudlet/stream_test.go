package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// filmEvents is an app whose events are streamed.
var filmEvents = map[string]string{
	"endpoints/films.yaml": `get:
  events: films
post:
  arguments: {title: string}
  actions:
    - publish: {topic: films, data: "${args.title}"}
`}

// BenchmarkIdleStreams has as many streams as are read at once in a server of its own, and tells
// how much memory that takes, the most since its start: 10,000 are to be in 400 MiB.
func BenchmarkIdleStreams(b *testing.B) {
	const most = 10_000
	for b.Loop() {
		s := serveFilms(b)
		readers := subscribers(b, s, filesFor(b, most))
		fanOut(b, s, readers) // what they were quiet with, and what they take when they are not
		b.ReportMetric(float64(len(readers)), "streams")
		b.ReportMetric(float64(peakMemory(b, s))/(1<<20), "MiB")
		s.end(b, readers)
	}
}

// BenchmarkFanOut publishes one event to 1,000 readers and tells how long it takes until
// the last of them has it: it is to be under 50 ms.
func BenchmarkFanOut(b *testing.B) {
	s := serveFilms(b)
	readers := subscribers(b, s, 1000)
	fanOut(b, s, readers)
	for b.Loop() {
		fanOut(b, s, readers)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/event")
	s.end(b, readers)
}

// TestStreamsEndWithTheServer: SIGTERM does not wait for whoever reads streams.
func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	s := serveFilms(t)
	readers := subscribers(t, s, 120)
	fanOut(t, s, readers)
	s.end(t, readers)
}

func serveFilms(b testing.TB) *server {
	b.Helper()
	s, err := startServer(writeFiles(b, filmEvents), b.TempDir(), append(os.Environ(), "CLOUDLET_ROOT_PASSWORD=correct-horse-battery"), "--no-watch")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.kill)
	return s
}

// filesFor is n, or as many connections as this process and the server may have open.
func filesFor(b *testing.B, n int) int {
	b.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		b.Fatal(err)
	}
	if most := int(limit.Cur) - 200; n > most {
		b.Logf("this process may open %d files: fewer streams", limit.Cur)
		return most
	}
	return n
}

// subscribers opens n streams, few from each address: one client may not have many.
func subscribers(b testing.TB, s *server, n int) []net.Conn {
	b.Helper()
	readers := make([]net.Conn, n)
	var all sync.WaitGroup
	for worker := range 50 {
		all.Go(func() {
			for i := worker; i < n; i += 50 {
				var err error
				if readers[i], err = subscriber(s, net.IPv4(127, 0, 1+byte(i/100/250), 1+byte(i/100%250))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return readers
}

func subscriber(s *server, from net.IP) (net.Conn, error) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: from}, Timeout: patience}
	c, err := d.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c, "GET /films HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	return c, until(c, "retry: ")
}

// until reads what ends with a text.
func until(c net.Conn, text string) error {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	var got []byte
	for buffer := make([]byte, 1024); !bytes.Contains(got, []byte(text)); {
		n, err := c.Read(buffer)
		if err != nil {
			return fmt.Errorf("%w after %q", err, got)
		}
		got = append(got, buffer[:n]...)
	}
	return nil
}

// fanOut publishes an event and waits until every reader has it.
func fanOut(b testing.TB, s *server, readers []net.Conn) {
	b.Helper()
	title := "title " + strconv.FormatInt(time.Now().UnixNano(), 36)
	var all sync.WaitGroup
	for _, c := range readers {
		all.Go(func() {
			if err := until(c, title); err != nil {
				b.Error(err)
			}
		})
	}
	if a, err := send(http.MethodPost, s.base+"/films", "", fmt.Sprintf("{\"title\": %q}", title)); err != nil || a.status >= 300 {
		b.Fatal(a, err)
	}
	all.Wait()
}

// peakMemory is the most memory that the server had resident so far, in bytes.
func peakMemory(b testing.TB, s *server) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		b.Skip("only Linux tells how much memory a process had: ", err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		b.Fatal(err)
	}
	return kib << 10
}

// end ends the server as a machine that shuts down does: every reader is told, and the
// server has not waited for them.
func (s *server) end(b testing.TB, readers []net.Conn) {
	b.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	for _, c := range readers {
		if err := until(c, `{"reason":"shutting_down"`); err != nil {
			b.Error(err)
		}
		c.Close()
	}
	if status, err := s.wait(); status != 0 || err != nil {
		b.Errorf("the server ended with %d, %v", status, err)
	}
}
