package main

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// letters is an app whose job does something for each of 300 readers, each in a transaction
// that enqueues another job; that one counts how often it was done.
var letters = map[string]string{
	"endpoints/_migrations/1.sql": `CREATE TABLE readers (id INTEGER PRIMARY KEY);
CREATE TABLE deliveries (reader INTEGER PRIMARY KEY);
CREATE TABLE letters (reader INTEGER PRIMARY KEY, times INTEGER NOT NULL);
INSERT INTO readers (id) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i FROM n;`,
	"endpoints/_jobs/send.yaml": `actions:
  - sql.select: SELECT id FROM readers WHERE id NOT IN (SELECT reader FROM deliveries)
    as: readers
  - for_each: ${readers}
    item: reader
    do:
      - transaction:
          - sql.execute: INSERT INTO deliveries (reader) VALUES (${reader.id})
          - job: {name: deliver, args: {reader: "${reader.id}"}}
`,
	"endpoints/_jobs/deliver.yaml": `arguments: {reader: int}
actions:
  - sql.execute: INSERT INTO letters (reader, times) VALUES (${args.reader}, 1) ON CONFLICT (reader) DO UPDATE SET times = times + 1
`,
	"endpoints/send.yaml": `post:
  actions:
    - job: send
get:
  actions:
    - sql.one: SELECT (SELECT count(*) FROM deliveries) AS deliveries, (SELECT count(*) FROM letters) AS letters, (SELECT coalesce(sum(times), 0) FROM letters) AS times
`,
}

type progress struct{ Deliveries, Letters, Times int }

func progressOf(t *testing.T, s *server) (p progress) {
	t.Helper()
	a, err := send(http.MethodGet, s.base+"/send", "", "")
	if err != nil || json.Unmarshal([]byte(a.body), &p) != nil {
		t.Fatalf("%+v, %v", a, err)
	}
	return p
}

// TestKillWhileJobsRun kills the server in the middle of a job, again and again: each start goes
// on where the last ended, nothing is enqueued twice, and nothing is lost. What was being done
// when the server was killed is done again, and nothing else is.
func TestKillWhileJobsRun(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, letters)
	s := serveIn(t, dir)
	if a, err := send(http.MethodPost, s.base+"/send", "", ""); err != nil || a.status != http.StatusOK {
		t.Fatalf("%+v, %v", a, err)
	}
	const kills, workers = 3, 4
	for round := range kills {
		least := 60 * (round + 1)
		if err := eventually("the deliveries", func() bool { return progressOf(t, s).Deliveries >= least }); err != nil {
			t.Fatal(err, s.printed())
		}
		s.kill()
		s = serveIn(t, dir)
	}
	if err := eventually("the last letter", func() bool { return progressOf(t, s).Letters == 300 }); err != nil {
		t.Fatal(err, progressOf(t, s), s.printed())
	}
	if err := eventually("the end", func() bool {
		out, err := exec.Command("cloudlet", "jobs", "list", "--app", dir).Output()
		return err == nil && strings.Count(string(out), "\n") == 1
	}); err != nil {
		t.Fatal(err)
	}
	if p := progressOf(t, s); p.Deliveries != 300 || p.Letters != 300 || p.Times > 300+kills*workers {
		t.Errorf("%+v", p)
	}
}
