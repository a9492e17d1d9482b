package expression

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/language/zone"
	"github.com/expr-lang/expr/ast"
)

// longestLayout is how long a layout of dates may be, in bytes.
const longestLayout = 100

// words notes a fault for each constant zone, layout, part or unit that is none. What is
// not public is left to the evaluation, whose errors hold no values. One that a client
// chooses is worth a warning.
func (c *checker) words(fn *function, nodes []ast.Node, args []part) {
	for i, arg := range args {
		name := fn.parameter(i).name
		if !arg.constant && !arg.faulty {
			c.warnChosen(name, nodes[i], args[0].typ)
		}
		word, ok := arg.value.(string)
		if !ok || !arg.constant || arg.faulty || arg.typ.Highest() > schema.Public {
			continue
		}
		if text, hint := wordFault(name, word, args[0].typ); text != "" {
			args[i] = c.fault(arg.from, arg.to, "wrong_arguments", text, hint)
		}
	}
}

// wordFault is what is wrong with the word for a parameter of a function; of is the type of
// the time that it is for.
func wordFault(parameter, word string, of *schema.Type) (text, hint string) {
	switch parameter {
	case "zone":
		return zoneFault(word)
	case "layout":
		return layoutFault(word)
	case "part", "unit":
		return unitFault(parameter, word, of)
	}
	return "", ""
}

func zoneFault(word string) (text, hint string) {
	if _, err := zone.Find(word); err == nil {
		return "", ""
	}
	if hint = source.DidYouMean(word, zone.Names()); hint == "" {
		hint = zone.ErrUnknown.Error()
	}
	return fmt.Sprintf("unknown time zone %q", word), hint
}

// foreign is what layouts of other languages are made of.
var foreign = regexp.MustCompile(`[Yy]{4}|\bMM\b|\b[Dd]{2}\b|\b[Hh]{2}\b|%[YmdHMSBbAaejy]`)

// layoutFault refuses what shows nothing of a time, or only a year as 2006.MM.
func layoutFault(word string) (text, hint string) {
	one := time.Date(2011, time.October, 21, 22, 33, 44, 555_555_555, time.FixedZone("ONE", 3600))
	two := time.Date(2022, time.December, 14, 9, 17, 28, 111_111_111, time.FixedZone("TWO", 7200))
	switch found := foreign.FindString(word); {
	case len(word) > longestLayout:
		return fmt.Sprintf("the layout is longer than %d bytes", longestLayout), ""
	case found != "":
		text = fmt.Sprintf("%q is no part of a layout", found)
	case one.Format(word) == two.Format(word):
		text = "the layout shows nothing of a time"
	default:
		return "", ""
	}
	return text, `write 2 January 2006 15:04:05 as it should look, as in "2006-01-02" or "02.01.2006 15:04"`
}

func partNames() []string {
	var names []string
	for _, p := range dateParts {
		names = append(names, p.name)
	}
	return names
}

func unitNames() []string {
	var names []string
	for _, u := range dateUnits {
		names = append(names, u.name)
	}
	return names
}

// unitFault checks the name of a part or unit, and that what it is of can have it.
func unitFault(kind, word string, of *schema.Type) (text, hint string) {
	names := unitNames()
	if kind == "part" {
		names = partNames()
	}
	known := false
	for _, name := range names {
		known = known || name == word
	}
	switch {
	case !known:
		if hint = source.DidYouMean(word, names); hint == "" {
			hint = "it is one of " + strings.Join(names, ", ")
		}
		return fmt.Sprintf("unknown %s %q", kind, word), hint
	case of.Kind == schema.Date && (word == "hour" || word == "minute" || word == "second"):
		return "a date has no " + word, ""
	}
	return "", ""
}
