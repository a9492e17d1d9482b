package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
)

// thousand is an app of 1,000 small endpoint files of five kinds.
func thousand(t testing.TB) string {
	files := map[string]string{
		"endpoints/_migrations/0001.sql": benchApp["endpoints/_migrations/0001.sql"],
	}
	kinds := []string{"endpoints/echo.yaml", "endpoints/films/{id}.yaml", "endpoints/protected/{id}.yaml", "endpoints/films/index.yaml", "endpoints/notes.yaml"}
	for i := range 1000 {
		kind := kinds[i%len(kinds)]
		name := fmt.Sprintf("endpoints/m%02d/e%03d.yaml", i/50, i)
		if filepath.Base(kind) == "{id}.yaml" {
			name = fmt.Sprintf("endpoints/m%02d/e%03d/{id}.yaml", i/50, i)
		}
		files[name] = benchApp[kind]
	}
	return makeApp(t, files)
}

func benchOptions() []engine.Option {
	return []engine.Option{engine.WithActions(actions.All()), engine.WithLog(slog.New(slog.DiscardHandler))}
}

// BenchmarkStart opens an app of 1,000 files whose database exists; heap-MiB is
// what it keeps.
func BenchmarkStart(b *testing.B) {
	dir := thousand(b)
	e, err := engine.Open(dir, benchOptions()...)
	fatal(b, err)
	e.Close()
	var heap uint64
	for b.Loop() {
		b.StopTimer()
		before := liveHeap()
		b.StartTimer()
		e, err := engine.Open(dir, benchOptions()...)
		fatal(b, err)
		b.StopTimer()
		heap = liveHeap() - before
		e.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(heap)/(1<<20), "heap-MiB")
}

// BenchmarkReload reloads an app of 1,000 files of which one changed.
func BenchmarkReload(b *testing.B) {
	dir := thousand(b)
	e, err := engine.Open(dir, benchOptions()...)
	fatal(b, err)
	defer e.Close()
	file := filepath.Join(dir, "endpoints", "m00", "e000.yaml")
	n := 0
	for b.Loop() {
		n++
		fatal(b, os.WriteFile(file, fmt.Appendf(nil, "%s# %d\n", benchApp["endpoints/echo.yaml"], n), 0o644))
		fatal(b, e.Reload(context.Background()))
	}
}

// BenchmarkCheck checks an app of 1,000 files.
func BenchmarkCheck(b *testing.B) {
	dir := thousand(b)
	for b.Loop() {
		problems, err := engine.Check(context.Background(), dir, benchOptions()...)
		fatal(b, err)
		if len(problems) > 0 {
			b.Fatal(problems[0])
		}
	}
}

func liveHeap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
