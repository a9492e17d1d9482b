package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"cloudlet/engine/language/source"
)

// The limits of a file. A hostile one is refused before it costs much.
const (
	MaxSize  = 1 << 20 // bytes of a file
	MaxDepth = 64      // mappings and lists inside each other
)

// Parse reads a file as one YAML document without tags, anchors, aliases and
// merge keys. What is wrong is added to problems, all of it where the text can be
// read at all. It is nil where the text cannot be, and an empty Mapping for a file
// without content; a node that was refused is left out or null, so a caller that
// found new problems should not judge what is missing.
func Parse(file *source.File, problems *source.Problems) *Node {
	if len(file.Text) > MaxSize {
		problems.Addf(file.Span(0, 0), CodeTooLarge, "the file is larger than 1 MiB")
		return nil
	}
	if !checkCharacters(file, problems) {
		return nil
	}
	docs, err := decode(file.Text)
	if err != nil {
		explain(file, err, problems)
		return nil
	}
	return build(file, file.Text, docs, problems)
}

// decode reads up to two documents: a second one is refused, at its place.
func decode(text []byte) (docs []*yaml.Node, err error) {
	defer func() {
		// The library panics on some texts that are no YAML.
		if r := recover(); r != nil {
			docs, err = nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(text))
	for range 2 {
		var doc yaml.Node
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		docs = append(docs, &doc)
	}
	return docs, nil
}

const byteOrderMark = "\ufeff"

// checkCharacters refuses what YAML does not allow in a file, and the separators
// that YAML 1.1 takes for line breaks while editors do not: lines must be counted alike.
func checkCharacters(file *source.File, problems *source.Problems) bool {
	const most = 20 // a binary file has no use for more
	text, found := file.Text, 0
	for i := 0; i < len(text) && found < most; {
		c := text[i]
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		at := file.Span(i, i+size)
		i += size
		switch {
		case r == utf8.RuneError && size == 1:
			problems.Addf(at, CodeInvalidUTF8, "the file is not valid UTF-8 here")
		case r == '\r' && i < len(text) && text[i] == '\n', r == '\ufeff' && at.From == 0:
			continue
		case r == '\r':
			problems.Addf(at, CodeInvalidCharacter, "a carriage return without a line feed ends no line; use a line feed")
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == '\ufffe' || r == '\uffff':
			problems.Addf(at, CodeInvalidCharacter, "the invisible character U+%04X may not stand in a file; in double quotes it is written \\u%04X", r, r)
		default:
			continue
		}
		found++
	}
	return found == 0
}

// builder turns the library's nodes into ours.
type builder struct {
	file     *source.File
	text     []byte // the file's, or a copy of the same length with mistakes blotted out
	problems *source.Problems
	tooDeep  bool // said already
	// Nodes come in the order of the text, so a place is found from the one before
	// it: counting from the line's begin would take a file of one line forever.
	line, column, offset int
}

func build(file *source.File, text []byte, docs []*yaml.Node, problems *source.Problems) *Node {
	b := &builder{file: file, text: text, problems: problems, line: 1, column: 1}
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		b.offset = len(byteOrderMark) // which the library does not count
	}
	empty := &Node{Kind: Mapping, Span: file.Span(b.offset, b.offset)}
	if len(docs) == 0 || len(docs[0].Content) == 0 {
		return empty
	}
	root := b.node(docs[0].Content[0], 0, -1)
	if len(docs) > 1 {
		at := b.place(docs[1])
		problems.Addf(file.Span(at, b.tokenEnd(at)), CodeSecondDocument, "a file holds one document; a second one begins here")
	}
	if root.IsNull() && root.Value == "" {
		return empty
	}
	return root
}

// place is the byte offset of a node.
func (b *builder) place(y *yaml.Node) int {
	if y.Line != b.line || y.Column < b.column {
		b.line, b.column = y.Line, 1
		b.offset = b.file.Offset(source.Position{Line: y.Line, Column: 1})
		if y.Line == 1 && bytes.HasPrefix(b.text, []byte(byteOrderMark)) {
			b.offset = len(byteOrderMark)
		}
	}
	for b.column < y.Column && b.offset < len(b.text) && b.text[b.offset] != '\n' {
		_, size := utf8.DecodeRune(b.text[b.offset:])
		b.offset += size
		b.column++
	}
	return b.offset
}

// node builds a node at a depth, inside a block that is indented by indent.
func (b *builder) node(y *yaml.Node, depth, indent int) *Node {
	at := b.place(y)
	switch y.Kind {
	case yaml.AliasNode:
		b.problems.Add(source.Problem{Span: b.file.Span(at, b.tokenEnd(at)), Code: CodeAlias,
			Text: "an alias is not allowed", Hint: "write the value again, or quote a text that begins with *"})
		return b.null(at)
	case yaml.ScalarNode:
		return b.scalar(y, b.properties(y, at), indent)
	}
	if depth == MaxDepth {
		if !b.tooDeep {
			b.problems.Addf(b.file.Span(at, b.tokenEnd(at)), CodeTooDeep, "mappings and lists are nested over %d levels deep", MaxDepth)
		}
		b.tooDeep = true
		return b.null(at)
	}
	at = b.properties(y, at)
	if y.Style&yaml.FlowStyle == 0 {
		indent = y.Column - 1
	}
	n := &Node{Span: b.file.Span(at, at)}
	if y.Kind == yaml.SequenceNode {
		n.Kind = Sequence
		b.items(n, y, depth+1, indent)
	} else {
		n.Kind = Mapping
		b.entries(n, y, depth+1, indent)
	}
	if y.Style&yaml.FlowStyle != 0 && at < len(b.text) && (b.text[at] == '{' || b.text[at] == '[') {
		n.Span.To = b.flowEnd(max(n.Span.To, at+1), b.text[at]+2)
	}
	return n
}

// null stands in for a node that was refused.
func (b *builder) null(at int) *Node {
	return &Node{Kind: Scalar, Plain: true, Span: b.file.Span(at, at), refused: true}
}

func (b *builder) items(n *Node, y *yaml.Node, depth, indent int) {
	n.Items = make([]*Node, 0, len(y.Content))
	for _, c := range y.Content {
		item := b.node(c, depth, indent)
		n.Items = append(n.Items, item)
		n.Span.To = max(n.Span.To, item.Span.To)
	}
}

func (b *builder) entries(n *Node, y *yaml.Node, depth, indent int) {
	n.Entries = make([]Entry, 0, len(y.Content)/2)
	var seen map[string]*Node // where looking at each key would take too long
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := b.key(y.Content[i], depth, indent)
		if key == nil {
			continue
		}
		value := b.node(y.Content[i+1], depth, indent)
		n.Span.To = max(n.Span.To, key.Span.To, value.Span.To)
		first := seen[key.Value]
		if seen == nil {
			first = keyOf(n, key.Value)
		}
		if first != nil {
			b.problems.Add(source.Problem{Span: key.Span, Code: CodeDuplicateKey,
				Text:    fmt.Sprintf("the key %q stands twice in this mapping", shorten(key.Value)),
				Related: []source.Related{{Span: first.Span, Text: "the first one"}}})
			continue
		}
		n.Entries = append(n.Entries, Entry{key, value})
		if seen == nil && len(n.Entries) > 16 {
			seen = map[string]*Node{}
			for _, e := range n.Entries {
				seen[e.Key.Value] = e.Key
			}
		} else if seen != nil {
			seen[key.Value] = key
		}
	}
}

func keyOf(n *Node, name string) *Node {
	for _, e := range n.Entries {
		if e.Key.Value == name {
			return e.Key
		}
	}
	return nil
}

// key builds a key; it is nil where the entry cannot be used.
func (b *builder) key(y *yaml.Node, depth, indent int) *Node {
	at := b.place(y)
	if y.Kind == yaml.MappingNode || y.Kind == yaml.SequenceNode {
		b.problems.Addf(b.file.Span(at, b.tokenEnd(at)), CodeKeyNotText, "a key is a text, not a mapping or a list")
		return nil
	}
	key := b.node(y, depth, indent)
	switch {
	case key.refused:
		return nil
	case key.Plain && key.Value == "<<":
		b.problems.Addf(key.Span, CodeMergeKey, "a merge key is not allowed; write the keys themselves")
		return nil
	case key.Plain && key.Value == "":
		b.problems.Addf(key.Span, CodeKeyNotText, "a key is expected ahead of the colon")
		return nil
	case key.Plain && unclosed(key.Value) >= 0:
		from := unclosed(key.Value)
		b.problems.Add(unquoted(b.file, span{key.Place(from, from).From, lineEndAt(b.text, key.Span.To)}, withColon))
		return nil
	}
	return key
}
