package engine_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/internal/outside"
)

// The real yaml-language-server finds the schema that a file names at its top, and
// knows the language by it.
func TestLanguageServer(t *testing.T) {
	t.Parallel()
	program := outside.Tool(t, "yaml-language-server")
	app := t.TempDir()
	if err := os.MkdirAll(filepath.Join(app, "endpoints", "films"), 0o700); err != nil {
		t.Fatal(err)
	}
	list, err := engine.Schemas(t.Context(), "..", engine.WithActions(actions.All()))
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.WriteSchemas(filepath.Join(app, "data", "schema"), list); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, program, app)
	const head = "# yaml-language-server: $schema=../../data/schema/endpoint.json\n"

	file := s.open(t, filepath.Join(app, "endpoints", "films", "index.yaml"), head+"get:\n  actions:\n    - \n")
	if got := s.completions(t, file, 3, 6); !strings.Contains(got, "authenticate") || !strings.Contains(got, "sql.select") || !strings.Contains(got, "record_change") {
		t.Errorf("behind - it offers %s", got)
	}

	file = s.open(t, filepath.Join(app, "endpoints", "films", "hover.yaml"), head+"get:\n  actions:\n    - authenticate:\n        username: a\n        password: b\n")
	if got := s.hover(t, file, 3, 8); !strings.Contains(got, "Checks a user's password and gives a ticket") || !strings.Contains(got, "username: ${args.username}") {
		t.Errorf("over authenticate it says %s", got)
	}
	if got := s.diagnostics(t, file); got != "[]" {
		t.Errorf("a good file has diagnostics: %s", got)
	}

	file = s.open(t, filepath.Join(app, "endpoints", "films", "wrong.yaml"), head+"get:\n  timeuot: 3s\n  actions:\n    - lgo: x\n")
	if got := s.diagnostics(t, file); !strings.Contains(got, "timeuot") || !strings.Contains(got, "lgo") {
		t.Errorf("of unknown keys it says %s", got)
	}

	file = s.open(t, filepath.Join(app, "endpoints", "films", "films.test.yaml"),
		"# yaml-language-server: $schema=../../data/schema/test.json\n- name: x\n  request: {get: /films}\n  expect: {staus: 200}\n")
	if got := s.diagnostics(t, file); !strings.Contains(got, "staus") {
		t.Errorf("of an unknown key in a test it says %s", got)
	}
}

// languageServer is a running server, spoken to in the Language Server Protocol 3.17
// (https://microsoft.github.io/language-server-protocol/).
type languageServer struct {
	in       io.Writer
	id       int
	messages chan message
	seen     map[string]json.RawMessage // diagnostics by file
}

type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
}

func startServer(t *testing.T, program, folder string) *languageServer {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "--stdio")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	s := &languageServer{in: in, messages: make(chan message, 100), seen: map[string]json.RawMessage{}}
	go s.read(bufio.NewReader(out))
	s.call(t, "initialize", map[string]any{"processId": os.Getpid(), "rootUri": "file://" + folder,
		"capabilities": map[string]any{"textDocument": map[string]any{"hover": map[string]any{"contentFormat": []string{"markdown"}},
			"completion": map[string]any{"completionItem": map[string]any{"documentationFormat": []string{"markdown"}}}},
			"workspace": map[string]any{"configuration": true, "didChangeConfiguration": map[string]any{"dynamicRegistration": true}}}})
	s.notify(t, "initialized", map[string]any{})
	s.notify(t, "workspace/didChangeConfiguration", map[string]any{"settings": map[string]any{"yaml": yamlSettings}})
	return s
}

// yamlSettings keep the server from asking the network for schemas.
var yamlSettings = map[string]any{"validate": true, "hover": true, "completion": true,
	"schemaStore": map[string]any{"enable": false}, "kubernetesCRDStore": map[string]any{"enable": false}}

func (s *languageServer) read(r *bufio.Reader) {
	defer close(s.messages)
	for {
		header, err := textproto.NewReader(r).ReadMIMEHeader()
		if err != nil {
			return
		}
		n, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		var m message
		if json.Unmarshal(body, &m) == nil {
			s.messages <- m
		}
	}
}

func (s *languageServer) send(t *testing.T, m map[string]any) {
	t.Helper()
	m["jsonrpc"] = "2.0"
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(s.in, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		t.Fatal(err)
	}
}

func (s *languageServer) notify(t *testing.T, method string, params any) {
	t.Helper()
	s.send(t, map[string]any{"method": method, "params": params})
}

// next takes the next message; what the server asks for is answered.
func (s *languageServer) next(t *testing.T) message {
	t.Helper()
	select {
	case m, ok := <-s.messages:
		if !ok {
			t.Fatal("the language server has ended")
		}
		switch {
		case m.Method == "workspace/configuration":
			s.send(t, map[string]any{"id": m.ID, "result": []any{yamlSettings, map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}}})
		case m.Method == "textDocument/publishDiagnostics":
			var p struct {
				URI         string
				Diagnostics json.RawMessage
			}
			if err := json.Unmarshal(m.Params, &p); err != nil {
				t.Fatal(err)
			}
			s.seen[p.URI] = p.Diagnostics
		case m.Method != "" && len(m.ID) > 0:
			s.send(t, map[string]any{"id": m.ID, "result": nil})
		}
		return m
	case <-time.After(60 * time.Second):
		t.Fatal("the language server says nothing")
		return message{}
	}
}

func (s *languageServer) call(t *testing.T, method string, params any) string {
	t.Helper()
	s.id++
	s.send(t, map[string]any{"id": s.id, "method": method, "params": params})
	for {
		if m := s.next(t); m.Method == "" && string(m.ID) == strconv.Itoa(s.id) {
			return string(m.Result)
		}
	}
}

// open shows the server a file and gives its URI.
func (s *languageServer) open(t *testing.T, name, text string) string {
	t.Helper()
	uri := "file://" + filepath.ToSlash(name)
	s.notify(t, "textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
	return uri
}

func at(uri string, line, character int) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": uri}, "position": map[string]any{"line": line, "character": character}}
}

func (s *languageServer) completions(t *testing.T, uri string, line, character int) string {
	t.Helper()
	return s.call(t, "textDocument/completion", at(uri, line, character))
}

func (s *languageServer) hover(t *testing.T, uri string, line, character int) string {
	t.Helper()
	return s.call(t, "textDocument/hover", at(uri, line, character))
}

// diagnostics waits for what the server says of a file.
func (s *languageServer) diagnostics(t *testing.T, uri string) string {
	t.Helper()
	for {
		if d, ok := s.seen[uri]; ok {
			return string(d)
		}
		s.next(t)
	}
}
