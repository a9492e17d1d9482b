package main

import (
	"os"
	"path/filepath"
)

// folder is the app's folder as the command line gives it.
type folder struct{ given string }

// dir is the folder of the app. A command that takes it as an argument too says
// what stood there. A folder without any sign of an app is a mistake of whoever
// called: a database would be made in it.
func (f *folder) dir(argument string) (string, error) {
	dir := f.given
	switch {
	case argument != "" && dir != "" && filepath.Clean(argument) != filepath.Clean(dir):
		return "", usagef("the app is given twice, as %s and as --app %s", argument, dir)
	case argument != "":
		dir = argument
	case dir == "":
		dir = "."
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", usagef("there is no folder %s", dir)
	}
	if !isApp(dir) {
		return "", usagef("there is no app in %s: it has neither endpoints/ nor cloudlet.yaml", describeDir(dir))
	}
	return dir, nil
}

func isApp(dir string) bool {
	if info, err := os.Stat(filepath.Join(dir, "endpoints")); err == nil && info.IsDir() {
		return true
	}
	info, err := os.Stat(filepath.Join(dir, "cloudlet.yaml"))
	return err == nil && info.Mode().IsRegular()
}

// describeDir is a folder as a message shows it: "." says nothing.
func describeDir(dir string) string {
	if filepath.IsLocal(dir) && filepath.Clean(dir) == "." {
		if full, err := filepath.Abs(dir); err == nil {
			return full
		}
	}
	return dir
}
