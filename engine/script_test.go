package engine_test

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// step is one thing that a script does: a request with the answer that it wants,
// or a look at the database or the log.
type step struct {
	line int

	word, rest string   // of a look: sql, log, nolog, canary, totp
	rows       []string // that sql wants

	method, target, as string
	header             [][2]string
	body               []byte
	want               wantedAnswer
}

// wantedAnswer is what a request wants. What it does not name is not looked at.
type wantedAnswer struct {
	status int
	code   string
	header [][2]string // an empty value wants the header to be absent
	body   string
}

// parseScript reads a `requests` file (see http_test.go).
func parseScript(text string) ([]*step, error) {
	var steps []*step
	var last *step
	var sent, wanted []string
	finish := func() error {
		if last == nil || last.method == "" {
			return nil
		}
		if last.want.status == 0 {
			return fmt.Errorf("line %d: this request wants no status", last.line)
		}
		return last.complete(sent, wanted)
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case word == ">" && (last == nil || last.method == "" || last.want.status != 0):
			if err := finish(); err != nil {
				return nil, err
			}
			last, sent, wanted = &step{line: number}, nil, nil
			last.method, last.target, _ = strings.Cut(rest, " ")
			steps = append(steps, last)
		case word == ">":
			sent = append(sent, rest)
		case word == "<" && last != nil && last.method != "" && last.want.status == 0:
			status, code, _ := strings.Cut(rest, " ")
			n, err := strconv.Atoi(status)
			if err != nil {
				return nil, fmt.Errorf("line %d: a status is wanted, not %q", number, rest)
			}
			last.want.status, last.want.code = n, code
		case word == "<" && last != nil && last.method != "":
			wanted = append(wanted, rest)
		case word == "=" && last != nil && last.word == "sql":
			last.rows = append(last.rows, rest)
		case looks[word]:
			if err := finish(); err != nil {
				return nil, err
			}
			last = &step{line: number, word: word, rest: rest}
			steps = append(steps, last)
		default:
			return nil, fmt.Errorf("line %d cannot be read: %s", number, line)
		}
	}
	return steps, finish()
}

var looks = map[string]bool{"sql": true, "log": true, "nolog": true, "canary": true, "totp": true}

var headerLine = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*):(?: (.*))?$`)

// takeHeaders reads headers off the beginning of lines; an empty line ends them.
func takeHeaders(lines []string) (header [][2]string, rest []string) {
	for i, line := range lines {
		if line == "" {
			return header, lines[i+1:]
		}
		m := headerLine.FindStringSubmatch(line)
		if m == nil {
			return header, lines[i:]
		}
		header = append(header, [2]string{m[1], m[2]})
	}
	return header, nil
}

func (s *step) complete(sent, wanted []string) error {
	if len(sent) > 0 && strings.HasPrefix(sent[0], "as ") {
		s.as, sent = strings.TrimPrefix(sent[0], "as "), sent[1:]
	}
	s.header, sent = takeHeaders(sent)
	s.want.header, wanted = takeHeaders(wanted)
	s.want.body = strings.Join(wanted, "\n")
	var text []string
	flush := func() { s.body, text = append(s.body, strings.Join(text, "\n")...), nil }
	for _, line := range sent {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "raw":
			flush()
			b, err := strconv.Unquote(rest)
			if err != nil {
				return fmt.Errorf("line %d: raw wants a quoted text: %v", s.line, err)
			}
			s.body = append(s.body, b...)
		case "repeat":
			flush()
			count, what, _ := strings.Cut(rest, " ")
			n, err := strconv.Atoi(count)
			if err != nil {
				return fmt.Errorf("line %d: repeat wants a number: %v", s.line, err)
			}
			s.body = append(s.body, strings.Repeat(what, n)...)
		default:
			text = append(text, line)
		}
	}
	flush()
	return nil
}

// names are what a script captured with "$name".
type names map[string]string

var nameUse = regexp.MustCompile(`\$[a-z][a-z_]*`)

// expand puts captured values into a text.
func (n names) expand(text string) string {
	return nameUse.ReplaceAllStringFunc(text, func(use string) string {
		if v, ok := n[use[1:]]; ok {
			return v
		}
		return use
	})
}

// matchText holds a text against one in which … stands for anything.
func (n names) matchText(want, got string) bool {
	parts := strings.Split(n.expand(want), "…")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`).MatchString(got)
}

// matchJSON holds JSON against JSON, in order, numbers digit by digit. In what is
// wanted "…" is any value but null, "$name" captures a text or is the captured one,
// "~…" is a pattern, a text with … inside is one where it stands for anything, and a
// last field "…": "…" allows more fields.
func (n names) matchJSON(want, got string) error {
	w, g := jsontext.NewDecoder(strings.NewReader(want)), jsontext.NewDecoder(strings.NewReader(got))
	if err := n.matchValue(w, g); err != nil {
		return fmt.Errorf("at %q: %w", g.StackPointer(), err)
	}
	for _, d := range []*jsontext.Decoder{w, g} {
		if _, err := d.ReadToken(); err != io.EOF {
			return fmt.Errorf("something follows the JSON value: %v", err)
		}
	}
	return nil
}

func (n names) matchValue(w, g *jsontext.Decoder) error {
	if w.PeekKind() == '"' {
		token, err := w.ReadToken()
		if err != nil {
			return err
		}
		value, err := g.ReadValue()
		if err != nil {
			return err
		}
		return n.matchScalar(token.String(), value)
	}
	kind := w.PeekKind()
	if kind != g.PeekKind() {
		value, _ := g.ReadValue()
		text, _ := w.ReadValue()
		return fmt.Errorf("wants %s, got %s", text, value)
	}
	switch kind {
	case '{', '[':
		return n.matchItems(w, g)
	}
	want, err := w.ReadValue()
	if err != nil {
		return err
	}
	value, err := g.ReadValue()
	if err == nil && !bytes.Equal(want, value) {
		err = fmt.Errorf("wants %s, got %s", want, value)
	}
	return err
}

func (n names) matchItems(w, g *jsontext.Decoder) error {
	w.ReadToken()
	g.ReadToken()
	for {
		kind := w.PeekKind()
		switch {
		case kind == 0:
			_, err := w.ReadToken()
			return fmt.Errorf("what is wanted is no JSON: %v", err)
		case kind == '}' || kind == ']':
			if g.PeekKind() != kind {
				value, _ := g.ReadValue()
				return fmt.Errorf("%s is there too", value)
			}
			w.ReadToken()
			_, err := g.ReadToken()
			return err
		}
		if g.PeekKind() == '}' || g.PeekKind() == ']' {
			value, _ := w.ReadValue()
			if string(value) == `"…"` {
				w.ReadValue()
				continue
			}
			return fmt.Errorf("%s is missing", value)
		}
		if k, _ := w.StackIndex(w.StackDepth()); k == '{' {
			done, err := matchName(w, g)
			if err != nil {
				return err
			}
			if done {
				continue
			}
		}
		if err := n.matchValue(w, g); err != nil {
			return err
		}
	}
}

// matchName reads a field's name; done is the "…" that allows all that is left.
func matchName(w, g *jsontext.Decoder) (done bool, err error) {
	want, err := w.ReadToken()
	if err != nil {
		return false, err
	}
	name := want.String()
	if name == "…" {
		w.ReadValue()
		for g.PeekKind() != '}' && g.PeekKind() != 0 {
			if _, err := g.ReadValue(); err != nil {
				return false, err
			}
		}
		return true, nil
	}
	got, err := g.ReadToken()
	if err == nil && got.String() != name {
		err = fmt.Errorf("wants the field %q, got %q", name, got.String())
	}
	return false, err
}

func (n names) matchScalar(want string, value jsontext.Value) error {
	wrong := fmt.Errorf("wants %q, got %s", want, value)
	if want == "…" {
		if value.Kind() == 'n' {
			return wrong
		}
		return nil
	}
	if value.Kind() != '"' {
		return wrong
	}
	b, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return err
	}
	text := string(b)
	pattern, isPattern := strings.CutPrefix(want, "~")
	switch {
	case isPattern && regexp.MustCompile(pattern).MatchString(text):
		return nil
	case nameUse.FindString(want) == want && want != "" && n[want[1:]] == "":
		n[want[1:]] = text
		return nil
	case !isPattern && n.matchText(want, text):
		return nil
	}
	return wrong
}

// TestMatchJSON makes sure that cases can fail.
func TestMatchJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want, got string
		fits      bool
	}{
		{`{"a": 1, "b": [true, null]}`, `{"a":1,"b":[true,null]}`, true},
		{`{"a": 1}`, `{"a":1,"b":2}`, false},
		{`{"a": 1, "b": 2}`, `{"a":1}`, false},
		{`{"a": 1, "b": 2}`, `{"b":2,"a":1}`, false},
		{`{"a": 1, "…": "…"}`, `{"a":1,"b":{"c":2}}`, true},
		{`{"a": 1, "…": "…"}`, `{"a":1}`, true},
		{`{"a": 1, "…": "…"}`, `{"a":2,"b":1}`, false},
		{`[1, 2]`, `[1,2,3]`, false},
		{`[1, 2, 3]`, `[1,2]`, false},
		{`1`, `1.0`, false},
		{`12345678901234567890`, `12345678901234567891`, false},
		{`"…"`, `7`, true},
		{`"…"`, `null`, false},
		{`"a…c"`, `"abc"`, true},
		{`"a…c"`, `"abd"`, false},
		{`"~^[0-9]+$"`, `"12"`, true},
		{`"~^[0-9]+$"`, `"a"`, false},
		{`"~^[0-9]+$"`, `12`, false},
		{`["$a", "$a"]`, `["x","x"]`, true},
		{`["$a", "$a"]`, `["x","y"]`, false},
		{`"a"`, `"a" 1`, false},
		{`{"a": `, `{"a":1}`, false},
		{`""`, `""`, true},
		{`""`, `"a"`, false},
	} {
		if err := (names{}).matchJSON(c.want, c.got); (err == nil) != c.fits {
			t.Errorf("%s against %s: %v", c.want, c.got, err)
		}
	}
	for _, script := range []string{"GET /", "> GET /\n", "> GET /\n< ok", "< 200", "= [1]", "> GET /\n> raw x\n< 200"} {
		if _, err := parseScript(script); err == nil {
			t.Errorf("the script %q was read", script)
		}
	}
}
