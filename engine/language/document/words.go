package document

import "strings"

// reword says in an author's words what the yaml library says in its own. at is
// the text that the problem will point to.
func reword(message string, at []byte) (text, hint string) {
	switch {
	case strings.Contains(message, "max depth"):
		return "mappings and lists are nested too deeply", ""
	case strings.HasPrefix(message, "mapping values are not allowed"):
		if string(at) == ":" {
			return `a text with ": " in it must be quoted`, "put the whole text in quotes"
		}
		return "a key is not expected here", "check the indentation, and that the line ahead has no value of its own"
	case message == "did not find expected key":
		return "expected a key that lines up with the ones above", "check the indentation, and that no text follows a closing quote or bracket"
	case message == "did not find expected '-' indicator":
		return `expected another item that begins with "- "`, "check the indentation"
	case message == "did not find expected ',' or ']'":
		return `expected "," or "]" in the list that begins here`, "close it, or quote a text that holds a comma or a bracket"
	case message == "did not find expected ',' or '}'":
		return `expected "," or "}" in the mapping that begins here`, "close it, or quote a text that holds a comma or a bracket"
	case message == "did not find expected node content":
		return "expected a value", ""
	case message == "did not find expected <document start>":
		return "expected nothing more: the file's value ends above this line", ""
	case message == "could not find expected ':'":
		return `expected ":" and a value behind this key`, `a key is written "name: value"`
	case message == "found character that cannot start any token":
		return "a text cannot begin with %, @ or `", "put it in quotes"
	case message == "found unexpected end of stream":
		return "the quote that opens here is never closed", `inside "…" a quote is written \", or the whole text stands in '…'`
	case message == "found unknown escape character":
		return `an escape in the double quotes that open here is not known`, `write \\ for a backslash, or use single quotes`
	case strings.Contains(message, "hexdecimal"), strings.Contains(message, "Unicode character escape"):
		return `an escape in the double quotes that open here is no character`, `write \x and 2, \u and 4 or \U and 8 hexadecimal digits`
	case message == "block sequence entries are not allowed in this context":
		return `a list item is not expected here`, "begin the list on a line of its own"
	case message == "mapping keys are not allowed in this context":
		return `a "?" that begins a key is not expected here`, "put the text in quotes"
	case strings.Contains(message, "alphabetic or numeric character"):
		return "a text that begins with & or * must be quoted", ""
	case strings.HasPrefix(message, "unknown anchor"):
		return "an alias is not allowed", "quote a text that begins with *"
	case strings.Contains(message, "directive"), strings.Contains(message, "incompatible YAML document"):
		return "a line that begins with % is not allowed", "put the text in quotes"
	case strings.Contains(message, "tag"), strings.Contains(message, "'!'"):
		return "a tag is not allowed; a text that begins with ! must be quoted", ""
	case strings.Contains(message, "indentation indicator"):
		return "the indentation of a block text is 1 to 9", ""
	case message == "did not find expected comment or line break":
		return "the block text begins on the next line", ""
	case strings.Contains(message, "document indicator"):
		return `a line of "---" or "..." may not stand inside quotes`, ""
	}
	return "this is not valid YAML", "check the indentation, quotes and brackets"
}
