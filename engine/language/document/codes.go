package document

// The codes of this package's problems. They are stable: programs compare them.
const (
	CodeTooLarge         = "file_too_large"      // over MaxSize
	CodeInvalidUTF8      = "invalid_utf8"        // a byte that is no UTF-8
	CodeInvalidCharacter = "invalid_character"   // a control character, or an odd line separator
	CodeSyntax           = "syntax"              // not YAML
	CodeTab              = "tab_indentation"     // a tab where spaces indent
	CodeUnquoted         = "unquoted_expression" // YAML would tear the expression apart
	CodeSecondDocument   = "second_document"     // "---" and another document
	CodeDuplicateKey     = "duplicate_key"       // at its second occurrence
	CodeKeyNotText       = "key_not_text"        // a list, a mapping or nothing as a key
	CodeTag              = "tag_not_allowed"     // !!str, !custom
	CodeAnchor           = "anchor_not_allowed"  // &name
	CodeAlias            = "alias_not_allowed"   // *name
	CodeMergeKey         = "merge_key"           // <<
	CodeTooDeep          = "nested_too_deeply"   // over MaxDepth

	CodeUnknownKey      = "unknown_key"        // with the nearest known one
	CodeMissingKey      = "missing_key"        // at the key, or the file, that lacks it
	CodeWrongType       = "wrong_type"         // a list where a text belongs, and alike
	CodeInvalidValue    = "invalid_value"      // the right shape, but nothing that is known
	CodeInvalidName     = "invalid_name"       // of an argument or field
	CodeUnknownType     = "unknown_type"       // of an argument
	CodeConflict        = "conflicting_keys"   // two keys that contradict each other
	CodeLimitNotAllowed = "limit_not_allowed"  // a limit that does not go with the type
	CodeInvalidPattern  = "invalid_pattern"    // no RE2
	CodeValueDoesNotFit = "value_does_not_fit" // a default, example or limit that breaks its own type
	CodeMissingVerb     = "missing_verb"       // a file without get, post, put, patch or delete
	CodeMissingActions  = "missing_actions"    // a verb or composite without a chain
)
