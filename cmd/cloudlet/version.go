package main

import (
	"runtime"
	"runtime/debug"
)

// versionCommand is `cloudlet version`.
type versionCommand struct {
	Format string `enum:"text,json" default:"text" help:"How the version is printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (versionCommand) Help() string {
	return `Example:

    cloudlet version --format json
`
}

// build is what the Go toolchain wrote into the program.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func readBuild() build {
	b := build{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version = info.Main.Version; b.Version == "" {
		b.Version = "(devel)"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// Run prints the version.
func (c *versionCommand) Run(t *terminal) error {
	b := readBuild()
	if c.Format == "json" {
		return printJSON(t.out, b)
	}
	t.printf("cloudlet %s", b.Version)
	if b.Revision != "" {
		t.printf(" (%.12s", b.Revision)
		if b.Modified {
			t.printf(", modified")
		}
		t.printf(")")
	}
	t.printf(" %s %s\n", b.Go, b.Platform)
	return nil
}
