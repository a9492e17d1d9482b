package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/internal/reference/files"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
)

// FileSchema is the JSON Schema (draft-07) of a kind of file, indented.
type FileSchema struct {
	Kind string // endpoint, module, action, job, test or settings
	JSON []byte
}

// SchemaKinds are the kinds of files that have a schema.
func SchemaKinds() []string { return slices.Clone(files.Kinds) }

// FileKeys are the keys of a kind of file, with what each means, or those of an "argument"
// or a "step", whatever its action; nil for what is none of them.
func FileKeys(kind string) []document.Key { return files.Keys(kind) }

// Schemas are the JSON Schemas of the files of the app in dir, for editors: with
// every action, the app's own composite ones too. Problems of the app are no reason to
// have none; what cannot be read is left out. The error is what keeps the app from
// being read at all.
func Schemas(ctx context.Context, dir string, list ...Option) ([]FileSchema, error) {
	a, err := loadOnce(ctx, dir, list)
	if err != nil {
		return nil, err
	}
	return schemasOf(newOptions(list).actions, a.plan.Composites), nil
}

func schemasOf(actions []*action.Action, composites []plan.Composite) []FileSchema {
	var all []FileSchema
	for _, kind := range files.Kinds {
		all = append(all, FileSchema{kind, indented(files.Schema(kind, actions, composites))})
	}
	return all
}

// indented is a value as JSON for people.
func indented(o *schema.Object) []byte {
	var b bytes.Buffer
	json.Indent(&b, schema.AppendJSON(nil, o), "", "  ") // it is JSON
	b.WriteByte('\n')
	return b.Bytes()
}

// WithSchemas keeps the JSON Schemas of the app's files in data/schema/, where editors
// find them: endpoint.json, module.json, action.json, job.json, test.json and settings.json.
func WithSchemas() Option { return func(o *options) { o.schemas = true } }

// keepSchemas writes the schemas that are not what the files say. Editors are no
// reason to stop a server: what goes wrong is logged.
func (e *Engine) keepSchemas(composites []plan.Composite) {
	if !e.o.schemas {
		return
	}
	if err := WriteSchemas(filepath.Join(e.dataDir(), "schema"), schemasOf(e.o.actions, composites)); err != nil {
		e.o.log.Warn("the schemas for editors cannot be written", "reason", err)
	}
}

// WriteSchemas writes schemas as KIND.json into a folder, which it makes where it is
// missing. A file that says the same is left alone.
func WriteSchemas(dir string, list []FileSchema) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, s := range list {
		name := filepath.Join(dir, s.Kind+".json")
		if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, s.JSON) {
			continue
		}
		part := name + ".part" // an editor never reads half of one
		if err := os.WriteFile(part, s.JSON, 0o644); err != nil {
			return err
		}
		if err := os.Rename(part, name); err != nil {
			return err
		}
	}
	return nil
}

// schemaJSON answers /-/schema.json: the schema of the kind that `of` says. The names
// of composite actions are the app's own, so that only the role root sees them.
func (e *Engine) schemaJSON(w http.ResponseWriter, r *http.Request) {
	kind := r.URL.Query().Get("of")
	if kind == "" {
		kind = files.Kinds[0]
	}
	if !slices.Contains(files.Kinds, kind) {
		e.fail(w, r, http.StatusBadRequest, "unknown_kind", "of is one of "+strings.Join(files.Kinds, ", ")+".")
		return
	}
	g := e.enter()
	if g == nil {
		e.fail(w, r, http.StatusServiceUnavailable, "shutting_down", "The server is shutting down.")
		return
	}
	defer g.leave()
	caller, f := g.caller(r)
	if f != nil {
		plan.WriteFailure(w, &action.Exchange{Request: r, Log: e.o.log}, f)
		return
	}
	var composites []plan.Composite
	if caller.HasRole(identity.RoleRoot) {
		composites = g.plan.Composites
	}
	text := indented(files.Schema(kind, e.o.actions, composites))
	e.document(w, r, "application/schema+json", text)
}

// caller is who asks for what the engine itself answers: nil without a ticket, a
// failure with a bad one.
func (g *generation) caller(r *http.Request) (*identity.Caller, *action.Failure) {
	token := action.Bearer(r)
	if token == "" {
		return nil, nil
	}
	caller, err := g.services.Identity.Verify(r.Context(), token)
	if err != nil {
		return nil, action.FailureOf(err)
	}
	return caller, nil
}

// document answers with a text that is the same until the app changes, and depends on
// who asks.
func (e *Engine) document(w http.ResponseWriter, r *http.Request, content string, text []byte) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		e.fail(w, r, http.StatusMethodNotAllowed, "method_not_allowed", "This address only takes GET.")
		return
	}
	digest := sha256.Sum256(text)
	tag := `"` + hex.EncodeToString(digest[:12]) + `"`
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Vary", "Authorization")
	h.Set("Cache-Control", "private, no-cache")
	if slices.Contains(tags(r), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", content)
	h.Set("X-Content-Type-Options", "nosniff")
	w.Write(text)
}

// tags are the versions that the client has already (RFC 9110, section 13.1.2).
func tags(r *http.Request) []string {
	var list []string
	for tag := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		list = append(list, strings.TrimPrefix(strings.TrimSpace(tag), "W/"))
	}
	return list
}
