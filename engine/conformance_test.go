package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"cloudlet/engine"
	"cloudlet/engine/internal/plan"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract is an app's OpenAPI document, to hold answers against.
type contract struct {
	document map[string]any
	plan     *plan.Plan

	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

// contractOf reads and validates the document of a running engine's app.
func contractOf(t testing.TB, e *engine.Engine) *contract {
	t.Helper()
	text, p := engine.DocumentOf(e)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatalf("the document cannot be read: %v", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Errorf("the document is not valid: %v", err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	d := &contract{document: parsed.(map[string]any), plan: p, compiler: jsonschema.NewCompiler()}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := d.compiler.AddResource("file:///openapi.json", parsed); err != nil {
		t.Fatal(err)
	}
	return d
}

// operation is what the document says of a verb: its place, as a JSON pointer, and
// the operation itself.
func (d *contract) operation(v *plan.Verb) (string, map[string]any) {
	segments := strings.Split(v.Path, "/")
	for i, s := range segments {
		if segments[i] = strings.Replace(s, "...}", "}", 1); !strings.HasPrefix(s, "{") {
			segments[i] = url.PathEscape(s)
		}
	}
	path := strings.Join(segments, "/")
	item, _ := d.document["paths"].(map[string]any)[path].(map[string]any)
	operation, _ := item[strings.ToLower(v.Method)].(map[string]any)
	return "/paths/" + escapePointer(path) + "/" + strings.ToLower(v.Method), operation
}

func escapePointer(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "%", "%25").Replace(s)
}

// complaint says why an answer is not what the document says, or "". An answer that
// no verb gave is none of the document's.
func (d *contract) complaint(method, path string, status int, header http.Header, body string) string {
	if method == http.MethodOptions {
		return ""
	}
	v, _ := d.plan.Find(method, path)
	if v == nil || status == http.StatusTemporaryRedirect && header.Get("Location") != "" && strings.Contains(path, "//") {
		return ""
	}
	at, operation := d.operation(v)
	if operation == nil {
		return fmt.Sprintf("the document has no %s %s", v.Method, v.Path)
	}
	responses := operation["responses"].(map[string]any)
	key := strconv.Itoa(status)
	response, ok := responses[key].(map[string]any)
	if !ok {
		if response, ok = responses["default"].(map[string]any); !ok {
			return fmt.Sprintf("%s %s answers %d, and its document knows %v", v.Method, v.Path, status, sortedKeysOf(responses))
		}
		key = "default"
	}
	place := at + "/responses/" + key
	if name, ok := response["$ref"].(string); ok {
		place = strings.TrimPrefix(name, "#")
		response = d.document["components"].(map[string]any)["responses"].(map[string]any)[place[strings.LastIndexByte(place, '/')+1:]].(map[string]any)
	}
	content, _ := response["content"].(map[string]any)
	if method == http.MethodHead || body == "" {
		if body == "" && method != http.MethodHead && len(content) > 0 && status < 300 && key != "default" {
			return fmt.Sprintf("%d has no body, and the document says one", status)
		}
		return ""
	}
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	for _, name := range []string{media, "*/*"} {
		if _, ok := content[name]; !ok {
			continue
		}
		return d.holds("file:///openapi.json#"+place+"/content/"+escapePointer(name)+"/schema", media, body)
	}
	return fmt.Sprintf("%d comes as %s, and the document knows %v", status, media, sortedKeysOf(content))
}

// holds validates a body against a schema of the document.
func (d *contract) holds(schema, media, body string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, err := d.compiler.Compile(schema)
	if err != nil {
		return fmt.Sprintf("%s: %v", schema, err)
	}
	var v any = body
	if strings.HasSuffix(media, "json") {
		if v, err = jsonschema.UnmarshalJSON(strings.NewReader(body)); err != nil {
			return err.Error()
		}
	}
	if err := s.Validate(v); err != nil {
		return err.Error()
	}
	return ""
}

func sortedKeysOf(m map[string]any) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
