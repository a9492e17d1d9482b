package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// pictures is an app with a file for each row, and a number in both that is the same. Its
// transactions take a while behind the file, so that many are killed there.
var pictures = map[string]string{
	"endpoints/_migrations/1.sql": "CREATE TABLE pictures (id INTEGER PRIMARY KEY, version INTEGER NOT NULL);",
	"endpoints/pictures/{id}.yaml": `arguments: {id: int}
post:
  arguments: {version: int}
  actions:
    - transaction:
        - file.save: {path: "p/${args.id}/a.txt", content: "${string(args.version)}"}
        - sql.execute: INSERT INTO pictures (id, version) VALUES (${args.id}, ${args.version})
        - sql.value: WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT max(i) FROM n
put:
  arguments: {version: int}
  actions:
    - transaction:
        - file.save: {path: "p/${args.id}/a.txt", content: "${string(args.version)}", overwrite: true}
        - sql.execute: UPDATE pictures SET version = ${args.version} WHERE id = ${args.id}
        - assert: ${last.rows_affected == 1}
delete:
  actions:
    - transaction:
        - file.delete: "p/${args.id}/a.txt"
        - sql.execute: DELETE FROM pictures WHERE id = ${args.id}
`,
	"endpoints/pictures/index.yaml": "get:\n  actions:\n    - sql.select: SELECT id, version FROM pictures\n",
}

// disagreements are the rows without their file, and the files without their row.
func disagreements(t *testing.T, s *server, dir string) (list []string) {
	t.Helper()
	a, err := send(http.MethodGet, s.base+"/pictures", "", "")
	var rows []struct{ ID, Version int }
	if err != nil || json.Unmarshal([]byte(a.body), &rows) != nil {
		t.Fatal(a, err)
	}
	want := map[string]string{}
	for _, r := range rows {
		want[fmt.Sprintf("p/%d/a.txt", r.ID)] = fmt.Sprint(r.Version)
	}
	root := os.DirFS(filepath.Join(dir, "data/files"))
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Dir(name) == ".uploads" { // the living one's lock
			return err
		}
		content, err := fs.ReadFile(root, name)
		if want[name] != string(content) {
			list = append(list, fmt.Sprintf("%s holds %q, and its row says %q", name, content, want[name]))
		}
		delete(want, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, version := range want {
		list = append(list, fmt.Sprintf("%s is not there, and its row says %q", name, version))
	}
	return list
}

// TestKillWhileFilesChange kills the server in the middle of transactions that add, replace and remove
// files, again and again: after each start every row has its file, and every file its row.
func TestKillWhileFilesChange(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, pictures)
	s := serveIn(t, dir)
	var version, did atomic.Int64
	for round := range 6 {
		var all sync.WaitGroup
		before := did.Load()
		for client := range 4 {
			all.Go(func() {
				for i := 0; ; i++ {
					method := []string{http.MethodPost, http.MethodPut, http.MethodPut, http.MethodDelete}[(i+client)%4]
					body := fmt.Sprintf(`{"version": %d}`, version.Add(1))
					if method == http.MethodDelete {
						body = ""
					}
					if _, err := send(method, fmt.Sprintf("%s/pictures/%d", s.base, i/4%5), "", body); err != nil {
						return // it was killed
					}
					did.Add(1)
				}
			})
		}
		if err := eventually("some changes", func() bool { return did.Load() > before+60 }); err != nil {
			t.Error(err, s.printed())
		}
		time.Sleep(time.Duration(round) * time.Millisecond)
		s.kill()
		all.Wait()
		s = serveIn(t, dir)
		if list := disagreements(t, s, dir); len(list) > 0 {
			t.Fatalf("after %d kills: %q\n%s", round+1, list, s.printed())
		}
	}
}
