package expression

import (
	"fmt"
	"strings"

	"cloudlet/engine/language/source"
)

// functionHint says how the language writes what other languages have a function for.
func functionHint(name string, known []string) string {
	switch strings.ToLower(name) {
	case "contains", "includes", "in_array":
		return `write text contains "part", or item in list`
	case "coalesce", "ifnull", "nvl", "isnull":
		return "write a ?? b, which is b where a is null"
	case "substring", "substr", "slice", "mid":
		return "a part is written text[0:3]"
	case "if", "iif":
		return "write condition ? a : b"
	case "matches", "match", "regex":
		return `write text matches "^[a-z]+$"`
	case "concat_ws", "sprintf", "printf":
		return "texts are joined by +"
	}
	return source.Meant(name, known)
}

// nameHint says what is meant by names that other tools know and this language does not.
func nameHint(name string) string {
	root, _, _ := strings.Cut(name, ".")
	switch {
	case findFunction(name) != nil:
		return fmt.Sprintf("it is a function; write %s(…)", name)
	case root == "env" || root == "process":
		return "what comes from the environment stands under secrets or config in cloudlet.yaml"
	case root == "steps" || root == "outputs":
		return "the result of a step is named by `as`"
	case root == "params" || root == "inputs" || root == "query" || root == "body" || root == "req" || root == "input":
		return "what a request brings is declared under arguments, and is ${args.NAME}"
	}
	return ""
}

// requestHint says where the parts of a request are that are no fields of it.
func requestHint(of, name string) string {
	if of != "request" {
		return ""
	}
	switch name {
	case "query", "body", "params", "form", "json", "files":
		return "declare it under arguments, and read ${args.NAME}"
	case "header":
		return `did you mean "headers"?`
	case "user":
		return "write user, as in ${user.name}"
	}
	return ""
}

// syntaxHint says how the language writes what other languages write otherwise; at is
// where the parser stopped.
func syntaxHint(text string, at int) string {
	trimmed := strings.TrimSpace(text)
	before := strings.TrimRight(text[:min(at, len(text))], " ")
	switch {
	case strings.HasPrefix(trimmed, "{") && strings.HasSuffix(trimmed, "}"):
		return "an expression stands between ${ and }, with one brace"
	case strings.HasSuffix(before, "==") || strings.HasSuffix(before, "!="):
		return "values are compared by == and !="
	case strings.HasPrefix(text[min(at, len(text)):], "=>"), strings.HasPrefix(text[min(at, len(text)):], "= >"):
		return "the item of a list is #, as in map(films, #.title)"
	case strings.HasPrefix(text[min(at, len(text)):], "="):
		return "values are compared by =="
	case strings.HasPrefix(trimmed, "if "):
		return "write condition ? a : b"
	}
	return ""
}
