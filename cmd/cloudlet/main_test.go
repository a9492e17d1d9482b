package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// noLinger keeps the race detector from waiting a second at the end of each of the
// hundred programs that the tests start.
const noLinger = "atexit_sleep_ms=0"

// TestMain makes this test binary answer as cloudlet, and as a little curl, since
// the machine may have none.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", noLinger)
	testscript.Main(m, map[string]func(){"cloudlet": main, "curl": curl})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                scriptCommands,
		Setup: func(env *testscript.Env) error {
			// What the developer's shell says of cloudlet must not matter.
			env.Setenv("GORACE", noLinger)
			env.Setenv("CLOUDLET_ROOT_PASSWORD", "")
			env.Setenv("CLOUDLET_SECRET", "")
			env.Values[stateKey{}] = &scriptState{}
			return copyShipped(filepath.Join(env.WorkDir, "shipped"))
		},
	})
}

// copyShipped puts the app that ships into a folder of the test's own.
func copyShipped(dir string) error {
	return os.CopyFS(filepath.Join(dir, "endpoints"), os.DirFS(filepath.Join("..", "..", "endpoints")))
}
