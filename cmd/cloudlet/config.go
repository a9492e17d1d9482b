package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"cloudlet/engine"
)

// configCommand is `cloudlet config`.
type configCommand struct {
	Folder string `arg:"" optional:"" name:"app" help:"The app's folder."`
	Format string `enum:"text,json" default:"text" help:"How settings are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (configCommand) Help() string {
	return `Each setting is followed by its value and by where that comes from: the default, a line of cloudlet.yaml,
or an environment variable, which wins. Secrets, and values that hold one, are shown as [secret]. Every key
of cloudlet.yaml has a variable: CLOUDLET_MAIL_SMTP_HOST is mail.smtp.host. A list's has commas.

Example:

    CLOUDLET_AUTH_TICKET=5m cloudlet config myapp
`
}

// Run prints what is in force.
func (c *configCommand) Run(t *terminal, f *folder) error {
	dir, err := f.dir(c.Folder)
	if err != nil {
		return err
	}
	list, warnings, err := engine.Configuration(dir)
	if err != nil {
		return err
	}
	if err := engine.PrintProblems(t.err, engine.FormatText, warnings); err != nil {
		return err
	}
	if c.Format == "json" {
		return printJSON(t.out, list)
	}
	rows := make([][]string, len(list))
	for i, s := range list {
		value, err := shownSetting(s.Value)
		if err != nil {
			return err
		}
		rows[i] = []string{s.Key, value, originOf(s)}
	}
	return table(t.out, rows)
}

// shownSetting is a value on one line: a text as it is where it can be, - for nothing.
func shownSetting(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "-", nil
	case string:
		if v == "" || v == "-" || strings.ContainsFunc(v, func(c rune) bool { return !unicode.IsPrint(c) }) {
			return strconv.Quote(v), nil
		}
		return v, nil
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSpace(b.String()), err
}

func originOf(s engine.Setting) string {
	switch s.From {
	case engine.FromFile:
		return fmt.Sprintf("%s:%d", engine.FromFile, s.Line)
	case engine.FromEnvironment:
		return s.Variable
	}
	return s.From
}
