package document

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// resolve reads a plain scalar's text by the core schema of YAML 1.2. The yaml
// library follows 1.1 in parts, where 017 is 15 and a date is no text.
func resolve(text string) (any, error) {
	switch {
	case isNull(text):
		return nil, nil
	case isTrue(text):
		return true, nil
	case isFalse(text):
		return false, nil
	case isInt(text):
		return resolveInt(text)
	case isFloat(text):
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(f, 0) {
			return nil, fmt.Errorf("%s is too large for a float", shorten(text))
		}
		return f, nil
	case isNotFinite(text):
		return nil, fmt.Errorf("%s is not a finite number", text)
	}
	return text, nil
}

func resolveInt(text string) (any, error) {
	digits, radix := text, 10
	switch {
	case strings.HasPrefix(text, "0o"):
		digits, radix = text[2:], 8
	case strings.HasPrefix(text, "0x"):
		digits, radix = text[2:], 16
	}
	v, err := strconv.ParseInt(digits, radix, 64)
	if err != nil {
		return nil, fmt.Errorf("%s has more than 64 bits", shorten(text))
	}
	return int(v), nil
}

// isText reports whether a plain scalar of this text is a string.
func isText(text string) bool {
	return !isNull(text) && !isTrue(text) && !isFalse(text) && !isInt(text) && !isFloat(text) && !isNotFinite(text)
}

func isNull(s string) bool {
	return s == "" || s == "~" || s == "null" || s == "Null" || s == "NULL"
}

func isTrue(s string) bool { return s == "true" || s == "True" || s == "TRUE" }

func isFalse(s string) bool { return s == "false" || s == "False" || s == "FALSE" }

func isNotFinite(s string) bool {
	switch strings.TrimLeft(s, "+-") {
	case ".inf", ".Inf", ".INF":
		return len(s) <= 5
	case ".nan", ".NaN", ".NAN":
		return len(s) == 4
	}
	return false
}

func isInt(s string) bool {
	if rest, ok := strings.CutPrefix(s, "0o"); ok {
		return rest != "" && strings.Trim(rest, "01234567") == ""
	}
	if rest, ok := strings.CutPrefix(s, "0x"); ok {
		return rest != "" && strings.Trim(rest, "0123456789abcdefABCDEF") == ""
	}
	rest := unsigned(s)
	return rest != "" && digits(rest) == len(rest)
}

// isFloat matches [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
func isFloat(s string) bool {
	s = unsigned(s)
	whole := digits(s)
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		part := digits(s[1:])
		if whole+part == 0 {
			return false
		}
		s = s[1+part:]
	} else if whole == 0 {
		return false
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = unsigned(s[1:])
	return s != "" && digits(s) == len(s)
}

func unsigned(s string) string {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:]
	}
	return s
}

// digits counts the decimal digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// shorten keeps a long text from flooding a message.
func shorten(text string) string {
	if r := []rune(text); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return text
}
