package engine_test

import (
	stdcmp "cmp"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/language/schema"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// A case is an archive testdata/answers/NAME.txtar: an app, and in `answers` what each
// verb can answer with, as it is known without running it. A block begins with the
// verb; of the failures only those are listed that not every verb has, and none of
// the server's own (500 and 503).
//
//	GET /films/{id}
//	  200 {id: int, title: string}
//	  404 not_found
//
// A line `…` says that there are more failures.
func TestAnswers(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/answers/*.txtar")
	if err != nil || len(names) < 5 {
		t.Fatalf("found %d cases, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, want := map[string]string{}, ""
			for _, f := range archive.Files {
				if f.Name == "answers" {
					want = string(f.Data)
				} else {
					files[f.Name] = string(f.Data)
				}
			}
			got := answersOf(t, makeApp(t, files))
			for _, block := range blocks(want) {
				if diff := cmp.Diff(block, wantedOf(block, got[block[0]])); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			}
		})
	}
}

// blocks splits the wanted answers by verb.
func blocks(text string) [][]string {
	var list [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.TrimSpace(line) == "":
		case line[0] != ' ':
			list = append(list, []string{line})
		default:
			list[len(list)-1] = append(list[len(list)-1], strings.TrimSpace(line))
		}
	}
	return list
}

// wantedOf leaves out what the block does not ask for, where it says … .
func wantedOf(block, got []string) []string {
	if !slices.Contains(block, "…") {
		return got
	}
	var kept []string
	for _, line := range got {
		if slices.Contains(block, line) {
			kept = append(kept, line)
		}
	}
	return append(kept, "…")
}

// answersOf lists the answers of every verb of an app, by "GET /films".
func answersOf(t *testing.T, dir string) map[string][]string {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	verbs, problems, err := engine.VerbsOf(t.Context(), dir, engine.WithActions(actions.All()), engine.WithLog(log))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if !p.Warning {
			t.Error(p)
		}
	}
	usual := map[string]bool{}
	for _, code := range []string{"invalid_arguments", "internal_error", "canceled", "shutting_down", "timeout", "invalid_body", "body_timeout",
		"body_too_large", "unsupported_media_type", "no_ticket", "ticket_expired", "invalid_ticket"} {
		usual[code] = true
	}
	all := map[string][]string{}
	for _, v := range verbs {
		name := v.Method + " " + v.Path
		list := []string{name}
		for _, r := range v.Responses() {
			list = append(list, strings.Join(strings.Fields(fmt.Sprintf("%d %s", r.Status, described(r.Type, r.Content, r.Headers))), " "))
		}
		for _, f := range v.Failures() {
			if !usual[f.Code] && f.Status != 503 && f.Status != 500 {
				list = append(list, strings.TrimSpace(fmt.Sprintf("%d %s", f.Status, f.Code)))
			}
		}
		all[name] = list
	}
	return all
}

// described is a body with its media type, where that is not JSON, and headers.
func described(t *schema.Type, content string, headers []string) string {
	text := ""
	switch {
	case t == nil:
	case content == "application/json":
		text = t.String()
	default:
		text = t.String() + " as " + stdcmp.Or(content, "anything")
	}
	if len(headers) > 0 {
		text += " with " + strings.Join(headers, ", ")
	}
	return text
}
