package document

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"cloudlet/engine/language/source"
)

// explain says in the author's words why a text is no YAML. What is only unquoted
// is blotted out, and the text is read again: so all such mistakes, and whatever
// else the file gets wrong, are said at once.
func explain(file *source.File, err error, problems *source.Problems) {
	most := 20
	if len(file.Text) > small {
		most = 1
	}
	text := slices.Clone(file.Text)
	for range most {
		p, blot := diagnose(file, text, err)
		problems.Add(p)
		if !blot {
			return
		}
		name := p.From
		for i, c := range text[p.From:p.To] {
			// The length and the lines stay, and so does every place. What is written
			// tells two places apart, lest they become one key twice.
			if c < 0x80 && !isSpace(c) {
				text[p.From+i] = 'a' + byte(name%26)
				name /= 26
			}
		}
		var docs []*yaml.Node
		if docs, err = decode(text); err == nil {
			build(file, text, docs, problems)
			return
		}
	}
}

// small is the size up to which a file is read often to explain a mistake; no
// author writes larger ones by hand.
const small = 64 << 10

// failure is an error of the yaml library, taken apart.
type failure struct {
	message string
	line    int // where it stands, as far as that can be known
	begin   int // where what it stands in begins
}

// diagnose finds the mistake behind an error; blot says that the rest of the text
// may be fine without it.
func diagnose(file *source.File, text []byte, err error) (p source.Problem, blot bool) {
	f := locate(file, text, err)
	if at, ok := tabNear(file, f.line); ok {
		return source.Problem{Span: file.Span(at.from, at.to), Code: CodeTab,
			Text: "a tab may not indent a line", Hint: "use spaces"}, false
	}
	from, to := lineOffset(file, f.begin), lineOffset(file, f.line+1)
	switch {
	case strings.HasPrefix(f.message, "did not find expected"), f.message == "mapping keys are not allowed in this context":
		to = lineOffset(file, f.line+20)
		if !strings.Contains(f.message, "' or '") {
			from, to = lineOffset(file, f.line), lineOffset(file, f.line+1)
		}
		if p, ok := inFlowProblem(file, text, from, to); ok {
			return p, true
		}
		if p, ok := inFlowProblem(file, text, 0, to); ok && from > 0 && f.begin == f.line {
			return p, true
		}
	case strings.HasPrefix(f.message, "mapping values are not allowed"):
		if at, ok := tornByColon(text, lineOffset(file, f.line-10), lineOffset(file, f.line), to); ok {
			return unquoted(file, at, withColon), true
		}
	}
	if at, ok := bareKey(file, f); ok {
		return source.Problem{Span: file.Span(at.from, at.to), Code: CodeSyntax, Text: `expected ":" and a value behind this key`}, false
	}
	at := lineSpan(file, f.line)
	if strings.HasPrefix(f.message, "mapping values are not allowed") {
		at = secondColon(text, at)
	}
	if f.message == "found character that cannot start any token" {
		at = forbiddenStart(text, at)
	}
	if f.message == "found unexpected end of stream" || strings.Contains(f.message, "' or '") {
		at = leftOpen(text, at)
	}
	if i := bytes.Index(text, []byte(f.aliasName())); strings.HasPrefix(f.message, "unknown anchor") && i >= 0 {
		at = span{i, i + len(f.aliasName())}
	}
	words, hint := reword(f.message, text[at.from:at.to])
	return source.Problem{Span: file.Span(at.from, at.to), Code: CodeSyntax, Text: words, Hint: hint}, false
}

func (f failure) aliasName() string {
	if parts := strings.Split(f.message, "'"); len(parts) == 3 {
		return "*" + parts[1]
	}
	return "*"
}

// locate finds the line of an error. The library counts right for what its
// scanner finds; for what its parser misses it gives, from 0, the line where the
// collection begins. Then the line is the first that brings the error about.
func locate(file *source.File, text []byte, err error) failure {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	f := failure{message: message, line: 1, begin: 1}
	if rest, ok := strings.CutPrefix(message, "line "); ok {
		number, words, _ := strings.Cut(rest, ": ")
		n, _ := strconv.Atoi(number)
		f.line, f.message = min(max(n, 1), file.Lines()), words
		f.begin = f.line
		if !ofParser(words) {
			return f
		}
		f.begin = min(n+1, file.Lines())
	} else if !ofParser(message) {
		return f
	}
	low, high := f.begin, file.Lines()
	if len(text) > small {
		high = low
	}
	for low < high {
		middle := (low + high) / 2
		if _, e := decode(text[:lineOffset(file, middle+1)]); e != nil && e.Error() == err.Error() {
			high = middle
		} else {
			low = middle + 1
		}
	}
	f.line = low
	return f
}

// ofParser tells the parser's messages from the scanner's.
func ofParser(message string) bool {
	switch message {
	case "did not find expected key", "did not find expected '-' indicator", "did not find expected ',' or ']'",
		"did not find expected ',' or '}'", "did not find expected node content", "did not find expected <document start>":
		return true
	}
	return false
}

func lineOffset(file *source.File, line int) int {
	return file.Offset(source.Position{Line: line, Column: 1})
}

// lineSpan is the text of a line, or of the nearest one ahead that has any.
func lineSpan(file *source.File, line int) span {
	for ; line > 1 && len(bytes.TrimSpace(file.Line(line))) == 0; line-- {
	}
	text := file.Line(line)
	from := lineOffset(file, line) + len(text) - len(bytes.TrimLeft(text, " \t"))
	return span{from, from + len(bytes.TrimSpace(text))}
}

// tabNear finds a tab that indents the line of an error, or a line beside it.
func tabNear(file *source.File, line int) (span, bool) {
	for _, n := range []int{line, line + 1, line - 1} {
		text := file.Line(n)
		indent := text[:len(text)-len(bytes.TrimLeft(text, " \t"))]
		if i := bytes.IndexByte(indent, '\t'); i >= 0 && len(indent) < len(text) {
			at := lineOffset(file, n) + i
			return span{at, at + 1}, true
		}
	}
	return span{}, false
}

// bareKey finds the word without a colon ahead of the line where the library
// noticed that it is no key.
func bareKey(file *source.File, f failure) (span, bool) {
	if f.message != "did not find expected key" && !strings.HasPrefix(f.message, "mapping values are not") || f.line < 2 {
		return span{}, false
	}
	at := lineSpan(file, f.line-1)
	word, _, _ := bytes.Cut(file.Text[at.from:at.to], []byte(" #"))
	word = bytes.TrimRight(word, " ")
	if !isName(string(word)) {
		return span{}, false
	}
	return span{at.from, at.from + len(word)}, true
}

func inFlowProblem(file *source.File, text []byte, from, to int) (source.Problem, bool) {
	at, expression, ok := flowMistake(text, from, to)
	if !ok {
		return source.Problem{}, false
	}
	if expression {
		return unquoted(file, at, inFlow), true
	}
	word := string(text[at.from:at.to])
	p := source.Problem{Span: file.Span(at.from, at.to), Code: CodeSyntax, Text: `a text with "?" in it must be quoted here`, Hint: `put the whole text in quotes`}
	if name := strings.TrimSuffix(word, "?"); simpleType(name) != nil || strings.HasPrefix(name, "[") {
		p.Text, p.Hint = `a type with "?" must be quoted here`, `write "`+word+`", or required: false`
	}
	return p, true
}

// tornByColon finds the expression of a line, or of one not far ahead, that holds
// the colon which YAML took for a key's.
func tornByColon(text []byte, from, line, to int) (span, bool) {
	const longest = 4 << 10 // of an expression
	for i := to; ; {
		i = bytes.LastIndex(text[from:i], []byte("${"))
		if i < 0 {
			return span{}, false
		}
		i += from
		rest := string(text[i:min(to, i+longest)])
		end := closing(rest, 2)
		if end < 0 {
			end = lineEndAt(text, i) - i
			if i < line {
				end = len(strings.TrimRight(rest, "\r\n"))
			}
		}
		if i+end > line && (strings.Contains(rest[:end], ": ") || strings.Contains(rest[:end], ":\n")) {
			return span{i, i + end}, true
		}
		if i == from {
			return span{}, false
		}
	}
}

// leftOpen narrows a line to the bracket or the quote that opens in it and is not closed there.
func leftOpen(text []byte, line span) span {
	var open []int
	for i := line.from; i < line.to; i++ {
		switch c := text[i]; {
		case c == '#' && i > line.from && isBlank(text[i-1]):
			line.to = i
		case (c == '"' || c == '\'') && (i == line.from || isSpace(text[i-1]) || bytes.IndexByte([]byte("[{,:]}"), text[i-1]) >= 0):
			end := quoteEnd(text, i)
			if end >= len(text) && text[len(text)-1] != c || end <= i {
				return span{i, line.to}
			}
			i = end - 1
		case c == '{' || c == '[':
			open = append(open, i)
		case (c == '}' || c == ']') && len(open) > 0:
			if last := open[len(open)-1]; text[last] != c-2 { // { and }, [ and ] are two apart
				return span{last, line.to}
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return line
	}
	return span{open[len(open)-1], line.to}
}

// forbiddenStart narrows a line to the first word that begins as no text may.
func forbiddenStart(text []byte, line span) span {
	for i := line.from; i < line.to; i++ {
		if c := text[i]; (c == '%' || c == '@' || c == '`') && (i == line.from || isBlank(text[i-1])) {
			return span{i, line.to}
		}
	}
	return line
}

// secondColon narrows a line to the colon that stands inside its value.
func secondColon(text []byte, line span) span {
	found := 0
	for i := line.from; i < line.to; i++ {
		switch c := text[i]; {
		case (c == '"' || c == '\'') && (i == line.from || isSpace(text[i-1])):
			i = quoteEnd(text, i) - 1
		case c == ':' && (i+1 == line.to || isBlank(text[i+1])):
			if found++; found == 2 {
				return span{i, i + 1}
			}
		}
	}
	return line
}
