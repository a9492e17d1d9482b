package engine_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dial opens a stream on a socket of its own, of which nothing is read.
func (l *live) dial(request string) net.Conn {
	l.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(l.server.URL, "http://"))
	fatal(l.t, err)
	l.t.Cleanup(func() { c.Close() })
	fatal(l.t, c.SetDeadline(time.Now().Add(time.Minute)))
	_, err = fmt.Fprint(c, request)
	fatal(l.t, err)
	return c
}

// TestStuckSocket: a client that reads nothing is dropped and told so when it reads again;
// meanwhile another one on the same topic gets every event, and publishing waits for nobody.
func TestStuckSocket(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/films.yaml": `
get:
  events: films
post:
  arguments: {n: int}
  actions:
    - publish: {topic: films, data: {n: "${args.n}", text: "${repeat('x', 60000)}"}}
`})
	stuck := l.dial("GET /films HTTP/1.1\r\nHost: x\r\n\r\n")
	quick := l.subscribe("/films", "")
	const events = 400 // more than the sockets' buffers and the queue hold
	for n := range events {
		l.post("/films", fmt.Sprintf(`{"n": %d}`, n))
		if e := quick.next(); !strings.HasPrefix(e.data, fmt.Sprintf(`{"n":%d,`, n)) {
			t.Fatalf("instead of event %d came %q %.30q", n, e.event, e.data)
		}
	}
	last := ""
	lines := bufio.NewScanner(stuck)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := lines.Text(); len(line) < 200 && line != "" {
			last = line
		}
		if strings.Contains(last, `"too_slow"`) {
			break
		}
	}
	if !strings.Contains(last, `data: {"reason":"too_slow"`) {
		t.Errorf("the stuck one read at last: %q", last)
	}
	l.becomes("the log tells of it", func() bool { return strings.Contains(l.log.all(), "a reader of events was too slow and dropped") })
}

// TestSubscribersOfOneClient are bounded, and one that comes and goes leaves nothing behind.
func TestSubscribersOfOneClient(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"cloudlet.yaml": "events: {per_client: 2, subscribers: 3}\n", "endpoints/films.yaml": streamApp["endpoints/films.yaml"],
		"endpoints/_migrations/1.sql": streamApp["endpoints/_migrations/1.sql"]})
	first, second := l.subscribe("/films", ""), l.subscribe("/films", "")
	refused := l.subscribe("/films", "")
	if refused.answer.StatusCode != http.StatusTooManyRequests || refused.answer.Header.Get("Retry-After") == "" {
		t.Errorf("the third stream: %s %v", refused.answer.Status, refused.answer.Header)
	}
	second.stop()
	for range 100 {
		l.becomes("another may come", func() bool {
			s := l.subscribe("/films", "", "Last-Event-ID", "x-1")
			defer s.stop()
			return s.answer.StatusCode == http.StatusOK
		})
	}
	l.write("cloudlet.yaml", "events: {per_client: 9, subscribers: 1}\n")
	fatal(t, l.reload())
	l.becomes("the first has ended", func() bool { return first.next().event == "closed" })
	s := l.subscribe("/films", "")
	if full := l.subscribe("/films", ""); s.answer.StatusCode != 200 || full.answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s, and where one may read, the second: %s", s.answer.Status, full.answer.Status)
	}
	old := l.dial("GET /films HTTP/1.0\r\n\r\n")
	if line, err := bufio.NewReader(old).ReadString('\n'); err != nil || !strings.Contains(line, "503") && !strings.Contains(line, "406") {
		t.Errorf("over HTTP/1.0: %q, %v", line, err)
	}
}
