package engine

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"cloudlet/engine/internal/settings"
	"cloudlet/engine/language/schema"
)

// Setting is one key of cloudlet.yaml as it is in force.
type Setting struct {
	Key string `json:"key"` // mail.smtp.host
	// Value is what encoding/json writes as it is: a text, a number, a list of texts, a
	// json.RawMessage. It is nil where nothing is set, "[secret]" in the place of a secret.
	Value  any  `json:"value"`
	Secret bool `json:"secret"`
	// From is FromDefault, FromFile or FromEnvironment.
	From     string `json:"from"`
	Line     int    `json:"line,omitempty"`     // in cloudlet.yaml
	Variable string `json:"variable,omitempty"` // of the environment
}

// Where a setting comes from.
const (
	FromDefault     = "default"
	FromFile        = settings.FileName
	FromEnvironment = "environment"
)

// Configuration lists what is in force in the app in dir, secrets masked, and what is
// worth a warning. It creates and changes nothing. An app whose settings have
// problems gives a *ProblemsError.
func Configuration(dir string, list ...Option) ([]Setting, []Problem, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, err
	}
	s, problems, err := readSettings(dir, newOptions(list))
	if err != nil {
		return nil, nil, err
	}
	all := make([]Setting, len(s.InForce))
	for i, f := range s.InForce {
		all[i] = Setting{Key: f.Key, Value: f.Value, Secret: f.Secret, From: FromDefault, Line: f.Line, Variable: f.Variable}
		switch f.Value.(type) {
		case *schema.Object, []any:
			all[i].Value = json.RawMessage(schema.AppendJSON(nil, f.Value))
		}
		switch {
		case f.Variable != "":
			all[i].From = FromEnvironment
		case f.Line > 0:
			all[i].From = FromFile
		}
	}
	return all, problems, nil
}

// warn writes to the log what the settings are to be warned of, once until that changes.
func (e *Engine) warn(list []Problem) {
	text := ""
	for _, p := range list {
		if p.Warning && (p.Path() == settings.FileName || p.Path() == "") {
			text += p.String() + "\n"
		}
	}
	if text == e.warned {
		return
	}
	e.warned = text
	for line := range strings.Lines(text) {
		e.o.log.Warn("the settings are in force, but look at this", "problem", strings.TrimSuffix(line, "\n"))
	}
}
