package database

import (
	"strings"
	"unicode/utf8"
)

// TokenKind says what a piece of SQL text is.
type TokenKind uint8

// The kinds of tokens.
const (
	Space       TokenKind = iota // blanks and line breaks
	Comment                      // -- … and /* … */
	Word                         // a keyword or a plain identifier
	Quoted                       // "…", `…` or […]: an identifier
	Text                         // '…'
	Blob                         // x'…'
	Number                       // 12, 1.5e3, 0xff
	Placeholder                  // ?, ?1, :a, @a, $a
	Operator                     // everything else, and each parenthesis, comma and semicolon
	Broken                       // a text, identifier or comment that never ends
)

// Token is a piece of SQL text, from one byte offset up to but not including another.
type Token struct {
	Kind     TokenKind
	From, To int
}

// Lex cuts SQL text into tokens that cover it without gaps. It never fails: what
// is not closed becomes one Broken token up to the end of the text. The rules are
// SQLite's, see https://www.sqlite.org/lang_keywords.html and tokenize.c's grammar.
func Lex(text string) []Token {
	tokens := make([]Token, 0, len(text)/4+1)
	for at := 0; at < len(text); {
		kind, size := next(text[at:])
		tokens = append(tokens, Token{kind, at, at + size})
		at += size
	}
	return tokens
}

// next is the first token of a text that is not empty, and its size in bytes.
func next(s string) (TokenKind, int) {
	switch c := s[0]; {
	case isSpace(c):
		return Space, span(s, isSpace)
	case strings.HasPrefix(s, "--"):
		if n := strings.IndexByte(s, '\n'); n >= 0 {
			return Comment, n
		}
		return Comment, len(s)
	case strings.HasPrefix(s, "/*"):
		// SQLite lets a comment end with the text; an author who forgot the
		// end did not mean that, so it counts as broken.
		if n := strings.Index(s[2:], "*/"); n >= 0 {
			return Comment, n + 4
		}
		return Broken, len(s)
	case c == '\'':
		return quoted(s, Text)
	case c == '"' || c == '`':
		return quoted(s, Quoted)
	case c == '[':
		if n := strings.IndexByte(s, ']'); n >= 0 {
			return Quoted, n + 1
		}
		return Broken, len(s)
	case (c == 'x' || c == 'X') && len(s) > 1 && s[1] == '\'':
		kind, n := quoted(s[1:], Blob)
		return kind, n + 1
	case isDigit(c) || c == '.' && len(s) > 1 && isDigit(s[1]):
		return Number, number(s)
	case c == '?':
		return Placeholder, 1 + span(s[1:], isDigit)
	case (c == ':' || c == '@' || c == '$') && len(s) > 1 && isWord(s[1]):
		return Placeholder, 1 + span(s[1:], isWord)
	case isWord(c):
		return Word, span(s, isWord)
	default:
		return Operator, operator(s)
	}
}

// quoted is a token between two equal quotes; the quote itself is written twice inside.
func quoted(s string, kind TokenKind) (TokenKind, int) {
	for at := 1; at < len(s); at++ {
		if s[at] != s[0] {
			continue
		}
		if at+1 < len(s) && s[at+1] == s[0] {
			at++
			continue
		}
		return kind, at + 1
	}
	return Broken, len(s)
}

func number(s string) int {
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		return 2 + span(s[2:], isWord)
	}
	n := span(s, isNumeral)
	if n < len(s) && s[n] == '.' {
		n++
		n += span(s[n:], isNumeral)
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		exponent := n + 1
		if exponent < len(s) && (s[exponent] == '+' || s[exponent] == '-') {
			exponent++
		}
		if exponent < len(s) && isDigit(s[exponent]) {
			n = exponent + span(s[exponent:], isNumeral)
		}
	}
	return n + span(s[n:], isWord) // 12abc is one broken number to SQLite, not two tokens
}

func operator(s string) int {
	for _, long := range [...]string{"->>", "||", "->", "<=", ">=", "<>", "!=", "==", "<<", ">>"} {
		if strings.HasPrefix(s, long) {
			return len(long)
		}
	}
	_, size := utf8.DecodeRuneInString(s)
	return size
}

func span(s string, in func(byte) bool) int {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return n
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'
}
func isDigit(c byte) bool   { return '0' <= c && c <= '9' }
func isNumeral(c byte) bool { return isDigit(c) || c == '_' }
func isWord(c byte) bool {
	return c == '_' || c == '$' || isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf
}

// TokenAt is the index of the token that holds a byte offset, or -1.
func TokenAt(tokens []Token, offset int) int {
	low, high := 0, len(tokens)
	for low < high {
		mid := (low + high) / 2
		switch t := tokens[mid]; {
		case offset < t.From:
			high = mid
		case offset >= t.To:
			low = mid + 1
		default:
			return mid
		}
	}
	return -1
}

// AloneInList reports whether the token at an index is the only thing between
// the parentheses of IN ( ); blanks and comments do not count.
func AloneInList(text string, tokens []Token, index int) bool {
	code := significant(tokens)
	for i, t := range code {
		if t != tokens[index] {
			continue
		}
		return i >= 2 && i+1 < len(code) && is(text, code[i-1], "(") && is(text, code[i+1], ")") && is(text, code[i-2], "in")
	}
	return false
}

// significant drops blanks and comments.
func significant(tokens []Token) []Token {
	kept := make([]Token, 0, len(tokens))
	for _, t := range tokens {
		if t.Kind != Space && t.Kind != Comment {
			kept = append(kept, t)
		}
	}
	return kept
}

// is reports whether a token is this keyword or sign; quoted names never are.
func is(text string, t Token, word string) bool {
	return (t.Kind == Word || t.Kind == Operator) && strings.EqualFold(text[t.From:t.To], word)
}

// isAny is is for several words.
func isAny(text string, t Token, words ...string) bool {
	for _, w := range words {
		if is(text, t, w) {
			return true
		}
	}
	return false
}

// name is the identifier that a token spells, or "" where it cannot be one.
// SQLite takes a text for a name where only a name makes sense, so texts count.
func name(text string, t Token) string {
	s := text[t.From:t.To]
	switch t.Kind {
	case Word:
		return s
	case Quoted, Text:
		quote := s[:1]
		if quote == "[" {
			return s[1 : len(s)-1]
		}
		return strings.ReplaceAll(s[1:len(s)-1], quote+quote, quote)
	}
	return ""
}
