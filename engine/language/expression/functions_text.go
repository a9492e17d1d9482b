package expression

import (
	"encoding/base64"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"cloudlet/engine/language/schema"
)

var (
	text   = []schema.Kind{schema.String}
	number = []schema.Kind{schema.Int, schema.Float, schema.DecimalK}
	whole  = []schema.Kind{schema.Int}
	lists  = []schema.Kind{schema.List}
	object = []schema.Kind{schema.ObjectK}
)

var textFunctions = []function{
	{"trim", "The text without white space, or without these characters, at both ends.",
		[]parameter{{"text", text, once}, {"characters", text, maybe}}, gives(schema.StringType), runTrim, 0},
	{"trimPrefix", "The text without the prefix.",
		[]parameter{{"text", text, once}, {"prefix", text, once}}, gives(schema.StringType), runTrimPrefix, 0},
	{"trimSuffix", "The text without the suffix.",
		[]parameter{{"text", text, once}, {"suffix", text, once}}, gives(schema.StringType), runTrimSuffix, 0},
	{"upper", "The text in upper case.",
		[]parameter{{"text", text, once}}, gives(schema.StringType), runUpper, 0},
	{"lower", "The text in lower case.",
		[]parameter{{"text", text, once}}, gives(schema.StringType), runLower, 0},
	{"split", "The pieces of the text between the separators, at most limit of them.",
		[]parameter{{"text", text, once}, {"separator", text, once}, {"limit", whole, maybe}}, gives(textList), runSplit, 0},
	{"splitAfter", "The pieces of the text, each with its separator.",
		[]parameter{{"text", text, once}, {"separator", text, once}, {"limit", whole, maybe}}, gives(textList), runSplitAfter, 0},
	{"replace", "The text with old replaced by new, everywhere or the first limit times.",
		[]parameter{{"text", text, once}, {"old", text, once}, {"new", text, once}, {"limit", whole, maybe}}, gives(schema.StringType), runReplace, 0},
	{"repeat", "The text count times.",
		[]parameter{{"text", text, once}, {"count", whole, once}}, gives(schema.StringType), runRepeat, 0},
	{"join", "The texts of a list with the separator between them.",
		[]parameter{{"list", lists, once}, {"separator", text, maybe}}, gives(schema.StringType), runJoin, 0},
	{"indexOf", "The place of the first part in the text, counted in characters from 0, or -1.",
		[]parameter{{"text", text, once}, {"part", text, once}}, gives(schema.IntType), runIndexOf, 0},
	{"lastIndexOf", "The place of the last part in the text, counted in characters from 0, or -1.",
		[]parameter{{"text", text, once}, {"part", text, once}}, gives(schema.IntType), runLastIndexOf, 0},
	{"hasPrefix", "Whether the text begins with the prefix.",
		[]parameter{{"text", text, once}, {"prefix", text, once}}, gives(schema.BoolType), runHasPrefix, 0},
	{"hasSuffix", "Whether the text ends with the suffix.",
		[]parameter{{"text", text, once}, {"suffix", text, once}}, gives(schema.BoolType), runHasSuffix, 0},
	{"toBase64", "The text or bytes in base64 (RFC 4648, section 4).",
		[]parameter{{"value", []schema.Kind{schema.String, schema.Bytes}, once}}, gives(schema.StringType), runToBase64, 0},
	{"fromBase64", "The text that is written in base64.",
		[]parameter{{"text", text, once}}, gives(schema.StringType), runFromBase64, 0},
	{"toJSON", "The value as JSON.",
		[]parameter{{"value", nil, once}}, gives(schema.StringType), runToJSON, 0},
	{"fromJSON", "The value that is written as JSON.",
		[]parameter{{"text", text, once}}, gives(schema.AnyType), runFromJSON, 0},
}

var textList = schema.ListOf(schema.StringType)

// strings.Trim looks through all the characters again for each of the text.
func runTrim(f *Frame, a []any) (any, error) {
	if len(a) < 2 {
		return strings.TrimSpace(a[0].(string)), nil
	}
	if err := f.grow(4 * len(a[1].(string))); err != nil {
		return nil, err
	}
	characters := []rune(a[1].(string))
	slices.Sort(characters)
	return strings.TrimFunc(a[0].(string), func(r rune) bool {
		_, found := slices.BinarySearch(characters, r)
		return found
	}), nil
}

func runTrimPrefix(_ *Frame, a []any) (any, error) {
	return strings.TrimPrefix(a[0].(string), a[1].(string)), nil
}

func runTrimSuffix(_ *Frame, a []any) (any, error) {
	return strings.TrimSuffix(a[0].(string), a[1].(string)), nil
}

// A letter in another case may take more bytes, at most half as many again.
func runUpper(f *Frame, a []any) (any, error) {
	s := a[0].(string)
	if err := f.grow(len(s) * 3 / 2); err != nil {
		return nil, err
	}
	return strings.ToUpper(s), nil
}

func runLower(f *Frame, a []any) (any, error) {
	s := a[0].(string)
	if err := f.grow(len(s) * 3 / 2); err != nil {
		return nil, err
	}
	return strings.ToLower(s), nil
}

// limited is the optional limit at a place of the arguments; -1 is none.
func limited(a []any, place int) int {
	if len(a) > place {
		return a[place].(int)
	}
	return -1
}

func runSplit(f *Frame, a []any) (any, error)      { return pieces(f, a, strings.SplitN) }
func runSplitAfter(f *Frame, a []any) (any, error) { return pieces(f, a, strings.SplitAfterN) }

func pieces(f *Frame, a []any, split func(s, separator string, n int) []string) (any, error) {
	s, separator, limit := a[0].(string), a[1].(string), limited(a, 2)
	n := strings.Count(s, separator) + 1
	if limit >= 0 {
		n = min(n, limit)
	}
	if err := f.turn(n); err != nil {
		return nil, err
	}
	list, err := f.list(3 * n) // the texts' own headers, too
	if err != nil {
		return nil, err
	}
	for _, piece := range split(s, separator, limit) {
		list = append(list, piece)
	}
	return list, nil
}

func runReplace(f *Frame, a []any) (any, error) {
	s, old, with, limit := a[0].(string), a[1].(string), a[2].(string), limited(a, 3)
	n := strings.Count(s, old)
	if limit >= 0 {
		n = min(n, limit)
	}
	if err := f.turn(n); err != nil {
		return nil, err
	}
	if err := f.grow(len(s) + n*(len(with)-len(old))); err != nil {
		return nil, err
	}
	return strings.Replace(s, old, with, limit), nil
}

func runRepeat(f *Frame, a []any) (any, error) {
	s, n := a[0].(string), a[1].(int)
	switch {
	case n < 0:
		return nil, operandf("the count of repeat is negative")
	case len(s) > 0 && n > MaxMemory/len(s):
		return nil, f.grow(math.MaxInt)
	}
	if err := f.grow(len(s) * n); err != nil {
		return nil, err
	}
	return strings.Repeat(s, n), nil
}

func runJoin(f *Frame, a []any) (any, error) {
	list, separator := a[0].([]any), ""
	if len(a) == 2 {
		separator = a[1].(string)
	}
	if err := f.turn(len(list)); err != nil {
		return nil, err
	}
	size := 0
	for _, item := range list {
		s, ok := item.(string)
		switch {
		case item == nil:
			return nil, fail(codeNull, "an item of the list is null")
		case !ok:
			return nil, operandf("join needs a list of strings, not of %s; use map(…, string(#))", kindOf(item))
		}
		size += len(s) + len(separator)
		if size > MaxMemory+len(separator) {
			break
		}
	}
	if err := f.grow(size); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.Grow(size)
	for i, item := range list {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(item.(string))
	}
	return b.String(), nil
}

func runIndexOf(_ *Frame, a []any) (any, error) {
	return characters(a[0].(string), strings.Index(a[0].(string), a[1].(string))), nil
}

func runLastIndexOf(_ *Frame, a []any) (any, error) {
	return characters(a[0].(string), strings.LastIndex(a[0].(string), a[1].(string))), nil
}

// characters turns a place in bytes into one in characters.
func characters(s string, bytes int) int {
	if bytes < 0 {
		return -1
	}
	return utf8.RuneCountInString(s[:bytes])
}

func runHasPrefix(_ *Frame, a []any) (any, error) {
	return strings.HasPrefix(a[0].(string), a[1].(string)), nil
}

func runHasSuffix(_ *Frame, a []any) (any, error) {
	return strings.HasSuffix(a[0].(string), a[1].(string)), nil
}

func runToBase64(f *Frame, a []any) (any, error) {
	raw, ok := a[0].([]byte)
	if !ok {
		raw = []byte(a[0].(string))
	}
	if err := f.grow(base64.StdEncoding.EncodedLen(len(raw))); err != nil {
		return nil, err
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

func runFromBase64(f *Frame, a []any) (any, error) {
	s := a[0].(string)
	if err := f.grow(len(s)); err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil || !utf8.Valid(raw) {
		return nil, operandf("the text is not base64 of a UTF-8 text")
	}
	return string(raw), nil
}

func runToJSON(f *Frame, a []any) (any, error) {
	if err := f.weigh(a[0]); err != nil {
		return nil, err
	}
	made := schema.AppendJSON(nil, a[0])
	if err := f.grow(len(made)); err != nil {
		return nil, err
	}
	return string(made), nil
}

// A value takes up to about eight times the memory of its JSON.
func runFromJSON(f *Frame, a []any) (any, error) {
	s := a[0].(string)
	if err := f.grow(8 * len(s)); err != nil {
		return nil, err
	}
	v, err := schema.DecodeAny([]byte(s))
	if err != nil {
		return nil, operandf("the text is not valid JSON")
	}
	return v, nil
}
