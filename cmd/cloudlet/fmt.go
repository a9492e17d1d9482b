package main

import (
	"io"

	"cloudlet/engine"
)

// fmtCommand is `cloudlet fmt`.
type fmtCommand struct {
	Folder string `arg:"" optional:"" name:"app" help:"The app's folder; - formats what comes in on the standard input."`
	Check  bool   `help:"Change nothing, and exit 1 where a file is not formatted."`
	Format string `enum:"text,json" default:"text" help:"How the files are listed: ${enum}."`
}

// Help is what --help says besides the flags.
func (fmtCommand) Help() string {
	return `Writes the app's YAML files in one form: two spaces a level, lists indented below their
key, at most one blank line in a row. Comments, the order of keys, quotes and {…} stay. It
lists the files that it changes; what cannot be parsed is left as it is and said.

Examples:

    cloudlet fmt myapp --check
    cloudlet fmt - < index.yaml
`
}

// formattedFile is a file as `fmt --format json` lists it.
type formattedFile struct {
	File    string `json:"file"`
	Changed bool   `json:"changed"`
}

// Run formats the files of the app.
func (c *fmtCommand) Run(t *terminal, f *folder) error {
	if c.Folder == "-" {
		return fmtInput(t)
	}
	dir, err := f.dir(c.Folder)
	if err != nil {
		return err
	}
	files, problems, err := engine.Format(dir)
	if err != nil {
		return err
	}
	list, changed := []formattedFile{}, false
	for _, file := range files {
		list = append(list, formattedFile{file.Path, file.Changed})
		if !file.Changed {
			continue
		}
		changed = true
		if !c.Check {
			if err := engine.WriteFormatted(dir, file); err != nil {
				return err
			}
		}
		if c.Format == "text" {
			t.printf("%s\n", file.Path)
		}
	}
	if c.Format == "json" {
		if err := printJSON(t.out, list); err != nil {
			return err
		}
	}
	if len(problems) > 0 {
		return &engine.ProblemsError{Problems: problems}
	}
	if c.Check && changed {
		t.notef("cloudlet: these files are not formatted; see: cloudlet fmt --help\n")
		return errNo
	}
	return nil
}

// fmtInput formats the standard input onto the standard output.
func fmtInput(t *terminal) error {
	const most = 1<<20 + 1 // one byte more than a file may have, so that a longer one is a problem
	text, err := io.ReadAll(io.LimitReader(t.in, most))
	if err != nil {
		return err
	}
	out, problems := engine.FormatOne("-", text)
	if len(problems) > 0 {
		return &engine.ProblemsError{Problems: problems}
	}
	_, err = t.out.Write(out)
	return err
}
