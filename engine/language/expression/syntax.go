package expression

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
)

// syntax is a source that was read: its tree, and what is needed to say where in
// bytes a node of it stands.
type syntax struct {
	source string
	root   ast.Node
	tokens []lexer.Token
	bytes  []int // byte offset of each character; nil where they are the same
}

// parse reads a source. The depth is checked on the tokens, because the parser
// recurses and would overflow the stack, which nothing can recover from.
func parse(source string) (*syntax, *Fault) {
	whole := Fault{From: 0, To: len(source), Code: "syntax"}
	switch {
	case len(source) > MaxSource:
		whole.Code, whole.Text = "too_long", fmt.Sprintf("the expression is longer than %d KiB", MaxSource>>10)
		return nil, &whole
	case !utf8.ValidString(source):
		whole.Text = "the expression is not valid UTF-8"
		return nil, &whole
	case strings.TrimSpace(source) == "":
		whole.Text, whole.Hint = "the expression is empty", `a literal "${" is written "$${"`
		return nil, &whole
	}
	s := &syntax{source: source}
	if utf8.RuneCountInString(source) != len(source) {
		for i := range source {
			s.bytes = append(s.bytes, i)
		}
	}
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		return nil, s.explain(err)
	}
	s.tokens = tokens
	if fault := s.tooDeep(); fault != nil {
		return nil, fault
	}
	tree, err := parseTree(source)
	if err != nil {
		return nil, s.explain(err)
	}
	s.root = tree.Node
	return s, nil
}

// parseTree keeps a panic of the parser, should it have one left, from the engine.
func parseTree(source string) (tree *parser.Tree, err error) {
	defer func() {
		if recover() != nil {
			err = &file.Error{Location: file.Location{From: 0, To: utf8.RuneCountInString(source)}}
		}
	}()
	return parser.Parse(source)
}

// tooDeep finds the place where brackets or unary operators go too deep.
func (s *syntax) tooDeep() *Fault {
	depth, run := 0, 0
	for _, t := range s.tokens {
		switch {
		case t.Is(lexer.Bracket, "(", "[", "{"):
			depth++
		case t.Is(lexer.Bracket):
			depth--
		}
		if t.Is(lexer.Operator, "-", "+", "!", "not") {
			run++
		} else if !t.Is(lexer.Bracket, "(") {
			run = 0
		}
		if depth > MaxDepth || run > MaxDepth {
			from, to := s.span(t.Location)
			return &Fault{From: from, To: to, Code: "too_deep", Text: fmt.Sprintf("the expression goes more than %d levels deep", MaxDepth)}
		}
	}
	return nil
}

// span translates a location of the parser, in characters, to bytes of the source.
func (s *syntax) span(l file.Location) (from, to int) {
	from = max(0, min(s.byteOffset(l.From), len(s.source)))
	return from, max(from, min(s.byteOffset(l.To), len(s.source)))
}

func (s *syntax) byteOffset(char int) int {
	switch {
	case char < 0:
		return 0
	case s.bytes == nil:
		return char
	case char < len(s.bytes):
		return s.bytes[char]
	}
	return len(s.source)
}

// balance widens a span so that each bracket in it has its partner: the parser
// knows where operators and names stand, but not where brackets close.
func (s *syntax) balance(from, to int) (int, int) {
	depth, lowest, first, last := 0, 0, 0, len(s.tokens)
	for i, t := range s.tokens {
		a, b := s.span(t.Location)
		switch {
		case b <= from:
			first = i + 1
		case a >= to:
			last = min(last, i)
		case t.Is(lexer.Bracket, "(", "[", "{"):
			depth++
		case t.Is(lexer.Bracket):
			depth--
			lowest = min(lowest, depth)
		}
	}
	for i := last; i < len(s.tokens) && depth-lowest > 0; i++ {
		switch t := s.tokens[i]; {
		case t.Is(lexer.Bracket, "(", "[", "{"):
			depth++
		case t.Is(lexer.Bracket):
			depth--
		}
		_, to = s.span(s.tokens[i].Location)
	}
	for i := first - 1; i >= 0 && lowest < 0; i-- {
		switch t := s.tokens[i]; {
		case t.Is(lexer.Bracket, "(", "[", "{"):
			lowest++
		case t.Is(lexer.Bracket):
			lowest--
		}
		from, _ = s.span(s.tokens[i].Location)
	}
	return from, to
}

var (
	unexpectedToken = regexp.MustCompile(`^unexpected token (\w+)(?:\((".*")\))?$`)
	unexpectedRune  = regexp.MustCompile(`^unrecognized character: U\+[0-9A-F]+(?: '(.+)')?$`)
	badNumber       = regexp.MustCompile(`^bad number syntax: (".*")$`)
	mixedCoalesce   = regexp.MustCompile(`^Operator \((.+)\) and coalesce`)
)

// openString is the span of the string that is not closed, where that can be told;
// the lexer knows only where the source ends.
func (s *syntax) openString(from, to int) (int, int) {
	for i := 0; i < len(s.source); {
		switch s.source[i] {
		case '\'', '"', '`':
			end := stringEnd(s.source, i)
			if end < 0 {
				return i, lineEnd(s.source, i)
			}
			i = end
		default:
			i = max(i+1, commentEnd(s.source, i))
		}
	}
	return from, to
}

// explain says an error of the parser in the words of authors.
func (s *syntax) explain(err error) *Fault {
	fault := &Fault{To: len(s.source), Code: "syntax", Text: "the expression cannot be read"}
	var e *file.Error
	if !errors.As(err, &e) {
		return fault
	}
	fault.From, fault.To = s.span(e.Location)
	m := e.Message
	switch {
	case strings.HasPrefix(m, "unexpected token EOF"), m == "unexpected end of expression":
		fault.Text = "the expression ends too early"
	case unexpectedToken.MatchString(m):
		fault.Text = "unexpected " + unexpectedToken.FindStringSubmatch(m)[2]
		if fault.Text == "unexpected " {
			fault.Text = "unexpected empty string"
		}
		fault.Hint = syntaxHint(s.source, fault.From)
	case unexpectedRune.MatchString(m):
		fault.Text = fmt.Sprintf("unexpected character %q", s.source[fault.From:fault.To])
	case m == "literal not terminated":
		fault.Text = "the string is not closed"
		fault.From, fault.To = s.openString(fault.From, fault.To)
	case m == "unclosed comment":
		fault.Text = `the comment is not closed by "*/"`
	case m == "invalid char escape", strings.HasPrefix(m, "unable to unescape"), strings.Contains(m, "escape"):
		fault.Text, fault.Hint = "the string holds an unknown escape", `a backslash is written "\\"`
	case badNumber.MatchString(m):
		fault.Text = badNumber.FindStringSubmatch(m)[1] + " is no number and no name"
	case strings.Contains(m, " literal"):
		fault.Text = "the number cannot be read or is too large"
	case mixedCoalesce.MatchString(m):
		fault.Text = fmt.Sprintf(`"??" and %q need parentheses between them`, mixedCoalesce.FindStringSubmatch(m)[1])
	case strings.HasPrefix(m, "expected at least "):
		fault.Code, fault.Text = "wrong_arguments", "an argument is missing"
	case m == "expected name":
		fault.Text = `expected a field name after the "."`
	case strings.HasPrefix(m, "wrap predicate"):
		fault.Text = "a predicate of several statements needs { and } around it"
	case strings.HasPrefix(m, "a map key"):
		fault.Text = "expected a key: a name, a quoted string, or an expression in parentheses"
	case strings.Contains(m, "maximum allowed nodes"):
		fault.Code, fault.Text = "too_long", "the expression has too many parts"
	}
	return fault
}
