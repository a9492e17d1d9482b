package schema

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestPattern bounds what a translation may become: a script of Unicode has dozens of ranges.
const longestPattern = 200

// ECMAScript writes a regular expression of Go (RE2) as one that JSON Schema takes:
// of ECMA-262, with the flag u, that matches the same texts. Go reads the result in
// the same way, so that validators written in Go do too. Text that both read alike
// stays as it was written; the rest is written anew from what RE2 understood:
// (?i), \A, \z, \s, the point, classes of POSIX. ok is false where there is no such
// expression, or only a very long one.
func ECMAScript(re *regexp.Regexp) (pattern string, ok bool) {
	if k := (&kept{rest: re.String()}); k.all() {
		return k.out.String(), true
	}
	tree, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		return "", false
	}
	var w rewriting
	w.node(tree, 0)
	return w.out.String(), !w.failed && w.out.Len() <= longestPattern
}

// kept walks the text of an expression and keeps what ECMAScript reads alike.
type kept struct {
	rest string
	out  strings.Builder
	atom bool // what stands before may be repeated
}

// take moves the next n bytes to the result.
func (k *kept) take(n int, atom bool) bool {
	k.out.WriteString(k.rest[:n])
	k.rest, k.atom = k.rest[n:], atom
	return true
}

// put writes text for the next n bytes.
func (k *kept) put(n int, text string, atom bool) bool {
	k.out.WriteString(text)
	k.rest, k.atom = k.rest[n:], atom
	return true
}

func (k *kept) all() bool {
	for k.rest != "" {
		if !k.one() {
			return false
		}
	}
	return true
}

var counted = regexp.MustCompile(`^\{[0-9]+(,[0-9]*)?\}\??`)

// one takes the next part; false means that it has to be written anew.
func (k *kept) one() bool {
	switch c := k.rest[0]; c {
	case '\\':
		return k.escape(false)
	case '[':
		return k.class()
	case '(':
		switch {
		case strings.HasPrefix(k.rest, "(?:"):
			return k.take(3, false)
		case strings.HasPrefix(k.rest, "(?P<") || strings.HasPrefix(k.rest, "(?<"):
			return k.put(strings.IndexByte(k.rest, '>')+1, "(", false)
		}
		return !strings.HasPrefix(k.rest, "(?") && k.take(1, false)
	case ')':
		return k.take(1, true)
	case '^', '$', '|':
		return k.take(1, false)
	case '*', '+', '?':
		n := 1
		if strings.HasPrefix(k.rest[1:], "?") {
			n = 2
		}
		return k.atom && k.take(n, false)
	case '{':
		if m := counted.FindString(k.rest); m != "" {
			return k.atom && k.take(len(m), false)
		}
		return k.put(1, `\{`, true)
	case ']', '}':
		return k.put(1, `\`+string(c), true)
	case '.':
		return k.put(1, `[^\n]`, true)
	}
	return k.character()
}

// character takes one character that stands for itself.
func (k *kept) character() bool {
	_, n := utf8.DecodeRuneInString(k.rest)
	return k.take(n, true)
}

// syntaxCharacters may be escaped in ECMAScript with the flag u, and nothing else.
const syntaxCharacters = `^$\.*+?()[]{}|/`

var (
	category = regexp.MustCompile(`^\\([pP])(?:([A-Z])|\{(\^?)([A-Z][a-z]?)\})`)
	hexByte  = regexp.MustCompile(`^\\x[0-9A-Fa-f]{2}`)
)

// escape takes what a \ begins.
func (k *kept) escape(inClass bool) bool {
	if len(k.rest) < 2 {
		return false
	}
	c := k.rest[1]
	switch {
	case strings.IndexByte(syntaxCharacters, c) >= 0:
		if c == '/' { // no need to
			return k.put(2, "/", true)
		}
		return k.take(2, true)
	case strings.IndexByte("dDwWfnrtv", c) >= 0:
		return k.take(2, true)
	case c == '-' && inClass:
		return k.take(2, true)
	case strings.IndexByte("bB", c) >= 0 && !inClass:
		return k.take(2, false)
	case c == 's' && inClass:
		return k.put(2, `\t\n\f\r `, true)
	case c == 's':
		return k.put(2, `[\t\n\f\r ]`, true)
	case c == 'S' && !inClass:
		return k.put(2, `[^\t\n\f\r ]`, true)
	case c == 'A' && !inClass:
		return k.put(2, "^", false)
	case c == 'z' && !inClass:
		return k.put(2, "$", false)
	case c == 'p' || c == 'P':
		return k.category()
	case c == 'x' && hexByte.MatchString(k.rest):
		return k.take(4, true)
	case c < 0x80 && !isWord(rune(c)):
		return k.put(2, string(c), true)
	}
	return false
}

// category takes a general category of Unicode, \pL or \p{Lu}: both know it.
func (k *kept) category() bool {
	m := category.FindStringSubmatch(k.rest)
	if m == nil {
		return false
	}
	letter := m[1]
	if m[3] == "^" { // \P{^L} is \p{L}
		letter = map[string]string{"p": "P", "P": "p"}[letter]
	}
	return k.put(len(m[0]), `\`+letter+"{"+m[2]+m[4]+"}", true)
}

func isWord(r rune) bool {
	return r == '_' || r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// class takes […].
func (k *kept) class() bool {
	if strings.HasPrefix(k.rest, "[^") {
		k.take(2, false)
	} else {
		k.take(1, false)
	}
	for first := true; k.rest != ""; first = false {
		switch c := k.rest[0]; {
		case c == ']' && first:
			k.put(1, `\]`, true)
		case c == ']':
			return k.take(1, true)
		case strings.HasPrefix(k.rest, "[:"):
			return false
		case c == '[':
			k.put(1, `\[`, true)
		case c == '\\':
			set := strings.IndexByte("dDsSwWpP", k.rest[1]) >= 0
			if !k.escape(true) {
				return false
			}
			if set && strings.HasPrefix(k.rest, "-") && !strings.HasPrefix(k.rest, "-]") {
				return false // Go takes the - for itself, ECMAScript for half a range
			}
		default:
			k.character()
		}
	}
	return false
}

// rewriting writes an expression from its tree.
type rewriting struct {
	out    strings.Builder
	failed bool
}

// How tightly a part holds together where it is part of another.
const (
	loose  = iota // alternatives may stand here
	joined        // in a sequence
	bound         // before *, + and the like
)

func (w *rewriting) node(n *syntax.Regexp, hold int) {
	if w.failed = w.failed || w.out.Len() > 4*longestPattern; w.failed {
		return
	}
	switch n.Op {
	case syntax.OpNoMatch:
		w.out.WriteString(`[^\s\S]`)
	case syntax.OpEmptyMatch:
		w.out.WriteString("(?:)")
	case syntax.OpLiteral:
		w.group(hold == bound && len(n.Rune) > 1, func() { w.literal(n) })
	case syntax.OpCharClass:
		w.ranges(n.Rune)
	case syntax.OpAnyCharNotNL:
		w.out.WriteString(`[^\n]`)
	case syntax.OpAnyChar:
		w.out.WriteString(`[\s\S]`)
	case syntax.OpBeginText:
		w.group(hold == bound, func() { w.out.WriteString("^") })
	case syntax.OpEndText:
		w.group(hold == bound, func() { w.out.WriteString("$") })
	case syntax.OpWordBoundary:
		w.group(hold == bound, func() { w.out.WriteString(`\b`) })
	case syntax.OpNoWordBoundary:
		w.group(hold == bound, func() { w.out.WriteString(`\B`) })
	case syntax.OpCapture:
		w.group(true, func() { w.node(n.Sub[0], loose) })
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		w.group(hold == bound, func() { w.repeat(n) })
	case syntax.OpConcat:
		w.group(hold == bound, func() {
			for _, s := range n.Sub {
				w.node(s, joined)
			}
		})
	case syntax.OpAlternate:
		w.group(hold > loose, func() {
			for i, s := range n.Sub {
				if i > 0 {
					w.out.WriteByte('|')
				}
				w.node(s, joined)
			}
		})
	default: // (?m)^ and $ would need to look behind, which Go cannot
		w.failed = true
	}
}

func (w *rewriting) group(needed bool, inside func()) {
	if needed {
		w.out.WriteString("(?:")
	}
	inside()
	if needed {
		w.out.WriteByte(')')
	}
}

func (w *rewriting) repeat(n *syntax.Regexp) {
	w.node(n.Sub[0], bound)
	switch n.Op {
	case syntax.OpStar:
		w.out.WriteByte('*')
	case syntax.OpPlus:
		w.out.WriteByte('+')
	case syntax.OpQuest:
		w.out.WriteByte('?')
	default:
		switch {
		case n.Max == n.Min:
			fmt.Fprintf(&w.out, "{%d}", n.Min)
		case n.Max < 0:
			fmt.Fprintf(&w.out, "{%d,}", n.Min)
		default:
			fmt.Fprintf(&w.out, "{%d,%d}", n.Min, n.Max)
		}
	}
}

// literal writes characters, each with those that differ from it in case where case does not matter.
func (w *rewriting) literal(n *syntax.Regexp) {
	for _, r := range n.Rune {
		alike := []rune{r}
		if n.Flags&syntax.FoldCase != 0 {
			for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
				alike = append(alike, other)
			}
		}
		if len(alike) == 1 {
			w.character(r)
			continue
		}
		slices.Sort(alike)
		w.out.WriteByte('[')
		for _, a := range alike {
			w.character(a)
		}
		w.out.WriteByte(']')
	}
}

// ranges writes a class, the shorter way round.
func (w *rewriting) ranges(list []rune) {
	if len(list) == 0 {
		w.out.WriteString(`[^\s\S]`)
		return
	}
	w.out.WriteByte('[')
	if list[0] == 0 && list[len(list)-1] == unicode.MaxRune && len(list) > 2 {
		w.out.WriteByte('^')
		outside := []rune{}
		for i := 1; i+1 < len(list); i += 2 {
			outside = append(outside, list[i]+1, list[i+1]-1)
		}
		list = outside
	}
	for i := 0; i+1 < len(list); i += 2 {
		w.character(list[i])
		if list[i+1] > list[i] {
			if list[i+1] > list[i]+1 {
				w.out.WriteByte('-')
			}
			w.character(list[i+1])
		}
	}
	w.out.WriteByte(']')
}

// character writes one character so that it stands for itself inside a class and outside.
func (w *rewriting) character(r rune) {
	switch {
	case r < 0x80 && strings.ContainsRune(syntaxCharacters, r) && r != '/':
		w.out.WriteString(`\` + string(r))
	case r == '-': // no \- outside classes
		w.out.WriteString(`\x2D`)
	case r < ' ' || r == 0x7f:
		fmt.Fprintf(&w.out, `\x%02X`, r)
	case 0xd800 <= r && r < 0xe000: // half a pair: no text holds one
		w.failed = true
	default:
		w.out.WriteRune(r)
	}
}
