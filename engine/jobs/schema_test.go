package jobs

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloudlet/engine/database"
	"cloudlet/engine/language/source"

	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// TestSchema compares our migrations with those of the library: a database made by
// either holds the same. When the library has new ones this says so.
func TestSchema(t *testing.T) {
	t.Parallel()
	m, err := rivermigrate.New(riversqlite.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	theirs := database.Set{Folder: "-/theirs"}
	for _, v := range m.AllVersions() {
		text := strings.ReplaceAll(v.SQLUp, "/* TEMPLATE: schema */", "")
		theirs.Migrations = append(theirs.Migrations, database.Migration{Version: int64(v.Version), Name: v.Name, File: source.NewFile(v.Name, []byte(text))})
	}
	want, got := schemaOf(t, theirs), schemaOf(t, Migrations())
	if !slices.Equal(want, got) {
		t.Errorf("the library's schema is\n%s\nours is\n%s", strings.Join(want, "\n"), strings.Join(got, "\n"))
	}
}

// schemaOf lists the definitions that a set makes, without comments and spaces.
func schemaOf(t *testing.T, set database.Set) (list []string) {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if problems, err := db.Migrate(t.Context(), []database.Set{set}); len(problems) > 0 || err != nil {
		t.Fatal(problems, err)
	}
	rows, err := db.Query(t.Context(), "SELECT sql FROM sqlite_schema WHERE name LIKE 'river%' AND sql IS NOT NULL ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	comment, space := regexp.MustCompile(`--[^\n]*`), regexp.MustCompile(`[\s"]+`)
	for _, r := range rows {
		list = append(list, space.ReplaceAllString(comment.ReplaceAllString(r[0].(string), ""), ""))
	}
	return list
}
