// Package outside finds the programs that tests hold Cloudlet against: language
// servers, linters, browsers. Nothing but tests uses it.
package outside

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Required is the environment variable that .ci/run sets to "required": then a
// program that is missing fails the test instead of skipping it.
const Required = "CLOUDLET_TOOLS"

// Tool is the path of a program, from .ci/node_modules or $PATH. Where it is not
// there, the test is skipped and says how to get it.
func Tool(t testing.TB, name string) string {
	t.Helper()
	if root, ok := moduleRoot(); ok {
		if local := filepath.Join(root, ".ci", "node_modules", ".bin", name); executable(local) {
			return local
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	missing(t, name+" is not here; npm ci --prefix .ci installs it")
	return ""
}

// Chromium is the path of the browser.
func Chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "there is no Chromium here; apt-get install chromium brings it")
	return ""
}

// Module is the folder of an npm package in .ci/node_modules.
func Module(t testing.TB, name string) string {
	t.Helper()
	if root, ok := moduleRoot(); ok {
		dir := filepath.Join(root, ".ci", "node_modules", filepath.FromSlash(name))
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
	}
	missing(t, "the npm package "+name+" is not here; npm ci --prefix .ci installs it")
	return ""
}

func missing(t testing.TB, text string) {
	t.Helper()
	if os.Getenv(Required) == "required" {
		t.Fatal(text)
	}
	t.Skip(text)
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}

// moduleRoot is the folder of go.mod, above the one that tests run in.
func moduleRoot() (string, bool) {
	dir, err := os.Getwd()
	for err == nil {
		if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil {
			return dir, true
		}
		above := filepath.Dir(dir)
		if above == dir {
			break
		}
		dir = above
	}
	return "", false
}
