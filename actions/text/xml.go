package text

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// The bounds of a document.
const (
	mostXML        = 4 << 20 // bytes
	mostXMLDepth   = 64      // elements inside each other
	mostElements   = 200_000
	mostAttributes = 100 // of an element
)

var invalidXML = action.Outcome{Status: 400, Code: "invalid_xml", When: "the text is no XML, has a document type or an encoding other than UTF-8, or nests over 64 levels deep"}

// XMLParse reads XML.
var XMLParse = action.Define(action.Spec[xmlInputs, any]{
	Name: "xml.parse", Summary: "Reads a text as XML.", Main: "text",
	Gives: "json: any value, whose fields are not known at load",
	Doc: "The result is an object with the root element. An element with nothing but text is that text; any other is an object, with its attributes as \"@name\", its text as \"#text\" and its elements by their names, " +
		"as they are written, prefixes included. An element that comes several times is a list; those that `lists` names always are. Comments and instructions are left out, and spaces between elements. " +
		"Document types and entities of one's own are refused; at most 4 MiB.",
	Example: "- xml.parse: {text: \"${args.text}\", lists: [item]}\n  as: feed\n", Failures: []action.Outcome{invalidXML, tooLarge},
	Result:  xmlResult,
	Prepare: func(l action.Load, in *xmlInputs) action.Result { return gives(xmlResult, in.Text.Type()) },
	Run: func(c *action.Call, in *xmlInputs) (any, error) {
		text, err := given(c, &in.Text, mostXML)
		if err != nil {
			return nil, err
		}
		return parseXML(text, in.Lists)
	},
})

var xmlResult = &schema.Type{Kind: schema.ObjectK, Open: true}

type xmlInputs struct {
	Text  action.Expr[action.Text] `doc:"The text." class:"any"`
	Lists []string                 `doc:"Elements that are lists even where they come once." optional:""`
}

// element is one that is being read.
type element struct {
	name   string
	names  []string
	values map[string]any
	text   strings.Builder
}

func parseXML(text string, lists []string) (any, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	wrong := func(what string) error {
		line, _ := d.InputPos()
		return action.Fail(invalidXML.Status, invalidXML.Code, fmt.Sprintf("The text is no XML that is taken here: line %d: %s.", line, what))
	}
	root := &element{}
	stack := []*element{root}
	count := 0
	for {
		token, err := d.RawToken()
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case nil:
			if errors.Is(err, io.EOF) && len(stack) == 1 && len(root.names) == 1 {
				return root.object(), nil
			}
			return nil, wrong("it cannot be read on from here")
		case xml.StartElement:
			if count++; count > mostElements {
				return nil, large("The XML has too many elements.")
			}
			if len(stack) == 1 && len(root.names) > 0 {
				return nil, wrong("there is a second root")
			}
			if len(stack) > mostXMLDepth || len(t.Attr) > mostAttributes {
				return nil, wrong("it nests too deep, or an element has too many attributes")
			}
			e := &element{name: qualified(t.Name)}
			for _, a := range t.Attr {
				if !e.set("@"+qualified(a.Name), a.Value) {
					return nil, wrong("an attribute comes twice")
				}
			}
			stack = append(stack, e)
		case xml.EndElement:
			if len(stack) == 1 || top.name != qualified(t.Name) {
				return nil, wrong("an element is closed that is not open")
			}
			if stack = stack[:len(stack)-1]; len(stack) == 1 {
				root.set(top.name, top.value()) // never a list
				continue
			}
			stack[len(stack)-1].add(top, lists)
		case xml.CharData:
			if len(stack) == 1 && strings.TrimSpace(string(t)) != "" {
				return nil, wrong("text stands outside the root")
			}
			top.text.Write(t)
		case xml.Directive:
			return nil, wrong("a document type is not taken")
		}
	}
}

func qualified(n xml.Name) string {
	if n.Space != "" {
		return n.Space + ":" + n.Local
	}
	return n.Local
}

// set adds what must come once.
func (e *element) set(name string, v any) bool {
	if e.values == nil {
		e.values = map[string]any{}
	}
	if _, there := e.values[name]; there {
		return false
	}
	e.names, e.values[name] = append(e.names, name), v
	return true
}

// repeated is a list in the making: no value of the language is one.
type repeated struct{ items []any }

// add puts a closed element into the one around it.
func (e *element) add(inner *element, lists []string) {
	v := inner.value()
	before, there := e.values[inner.name]
	list, isList := before.(*repeated)
	switch {
	case isList:
		list.items = append(list.items, v)
	case there:
		e.values[inner.name] = &repeated{[]any{before, v}}
	case slices.Contains(lists, inner.name):
		e.set(inner.name, &repeated{[]any{v}})
	default:
		e.set(inner.name, v)
	}
}

// value is a text where there is nothing else.
func (e *element) value() any {
	text := e.text.String()
	if len(e.names) == 0 {
		return text
	}
	if strings.TrimSpace(text) != "" {
		e.set("#text", strings.TrimSpace(text))
	}
	return e.object()
}

func (e *element) object() any {
	values := make([]any, len(e.names))
	for i, name := range e.names {
		values[i] = e.values[name]
		if list, ok := values[i].(*repeated); ok {
			values[i] = list.items
		}
	}
	return schema.NewShape(e.names...).New(values)
}
