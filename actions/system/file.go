package system

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/files"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

const fileDoc = "Paths are of the folder data/files of the app, with / between their segments; one that leads out of it, has a segment that begins with a point, or could mean " +
	"something else on another system is refused."

// outcome is an error of the store as an action declares it.
func outcome(e *files.Error, when string) action.Outcome {
	return action.Outcome{Status: e.Status, Code: e.Code, When: when}
}

var (
	invalidPath   = outcome(files.ErrInvalidPath, "the path is none that a file can have")
	fileMissing   = outcome(files.ErrNotFound, "there is no such file")
	storageFailed = outcome(files.ErrFailed, "the disk cannot go on")
)

// checkPath reports a path in the file that no file can have.
func checkPath(l action.Load, path *action.Expr[string]) {
	text, known := path.Constant()
	if !known || !path.Given() {
		return
	}
	if reason := files.CheckPath(text); reason != "" {
		l.Problem(source.Problem{Span: l.At("path"), Code: files.ErrInvalidPath.Code, Text: fmt.Sprintf("%q is no path of a file in data/files: %s", text, reason)})
	}
}

// FileSave writes a file.
var FileSave = action.Define(action.Spec[saveInputs, any]{
	Name: "file.save", Summary: "Writes a file of the app: a content, or a file that came with the request.", Writes: true,
	Doc: fileDoc + " A file is there whole or not at all, and an uploaded one is moved, not copied, however large it is. Inside a transaction a new file is taken back " +
		"where that rolls back; with `overwrite` it takes its place when that commits.",
	Example: "- file.save: {path: \"notes/${args.id}.txt\", content: \"${args.text}\"}\n",
	Result:  savedType,
	Failures: []action.Outcome{invalidPath, outcome(files.ErrExists, "there is such a file already, and overwrite is false; or a folder has the name"),
		outcome(files.ErrFull, "there is no room for it"), outcome(files.ErrTooLarge, "the content has more than 10 MiB"), storageFailed},
	Prepare: func(l action.Load, in *saveInputs) action.Result {
		checkPath(l, &in.Path)
		switch given := in.File.Given(); {
		case given == in.Content.Given():
			l.Problem(source.Problem{Span: l.At(""), Code: "conflict", Text: "file.save takes either content or file", Hint: "content is a text, file an argument of the type file"})
		case given && in.File.Type().Kind != schema.File && in.File.Type().Kind != schema.JSON:
			l.Problem(source.Problem{Span: l.At("file"), Code: "wrong_type", Text: "file.save.file takes an argument of the type file, and this is " + in.File.Type().String(), Hint: "a text is given as content"})
		}
		return action.Gives(savedType)
	},
	Run: runSave,
})

type saveInputs struct {
	Path      action.Expr[string] `doc:"The path of the file under data/files." leak:"would be the name of a file"`
	Content   action.Expr[any]    `doc:"What the file holds: a text as UTF-8, bytes as they are, anything else as JSON." optional:"" class:"token" leak:"would be written to a file"`
	File      action.Expr[any]    `doc:"A file that came with the request." optional:""`
	Overwrite action.Expr[bool]   `doc:"Whether a file that is there is replaced." default:"false"`
}

var (
	savedType  = schema.ObjectOf(schema.Field{Name: "path", Type: schema.StringType}, schema.Field{Name: "size", Type: schema.IntType})
	savedShape = schema.NewShape(savedType.FieldNames()...)
)

// mostContent is how large a content may be that is a value of a chain.
const mostContent = 10 << 20

func runSave(c *action.Call, in *saveInputs) (any, error) {
	path, err := in.Path.Value(c)
	if err != nil {
		return nil, err
	}
	overwrite, err := in.Overwrite.Value(c)
	if err != nil {
		return nil, err
	}
	tx, err := c.Tx("main")
	if err != nil {
		return nil, err
	}
	var size int64
	if in.File.Given() {
		size, err = in.keep(c, tx, path, overwrite)
	} else {
		size, err = in.write(c, tx, path, overwrite)
	}
	if err != nil {
		return nil, err
	}
	return savedShape.New([]any{path, int(size)}), nil
}

// keep gives an uploaded file its path.
func (in *saveInputs) keep(c *action.Call, tx *database.Tx, path string, overwrite bool) (int64, error) {
	v, err := in.File.Value(c)
	if err != nil {
		return 0, err
	}
	u, ok := schema.UploadOf(v)
	if !ok {
		return 0, &action.Failure{Status: 500, Code: "unexpected_type", Detail: "A value has an unexpected type.", Reason: "file.save was given what is no uploaded file"}
	}
	store := c.Services.Files
	if r := c.Received(u); r != nil {
		return settle(c, tx, path, overwrite, u.Size, func() (int64, error) { return store.Keep(r, path, overwrite) })
	}
	return settle(c, tx, path, overwrite, u.Size, func() (int64, error) {
		f, err := os.Open(u.Path)
		if err != nil {
			return 0, files.ErrFailed
		}
		defer f.Close()
		return store.Save(path, f, u.Size, overwrite)
	})
}

// write writes a content.
func (in *saveInputs) write(c *action.Call, tx *database.Tx, path string, overwrite bool) (int64, error) {
	v, err := in.Content.Value(c)
	if err != nil {
		return 0, err
	}
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case []byte:
		text = string(v)
	default:
		text = string(schema.AppendJSON(nil, v))
	}
	if len(text) > mostContent {
		return 0, files.ErrTooLarge
	}
	return settle(c, tx, path, overwrite, int64(len(text)), func() (int64, error) {
		return c.Services.Files.Save(path, strings.NewReader(text), mostContent, overwrite)
	})
}

// settle writes a file so that it shares the fate of a transaction. What replaces another
// file waits for the commit, since the other could not be had back.
func settle(c *action.Call, tx *database.Tx, path string, overwrite bool, size int64, save func() (int64, error)) (int64, error) {
	store, log := c.Services.Files, c.Log
	if tx == nil {
		return save()
	}
	if overwrite {
		if files.CheckPath(path) != "" {
			return save() // which says why not
		}
		tx.AfterCommit(func() {
			if _, err := save(); err != nil && log != nil {
				log.Error("a file could not be written after the transaction that it belongs to", "path", path, "reason", reasonOf(err))
			}
		})
		return size, nil
	}
	size, err := save()
	if err == nil {
		tx.OnRollback(func() {
			if err := store.Delete(path); err != nil && log != nil {
				log.Error("a file could not be taken back with its transaction", "path", path, "reason", reasonOf(err))
			}
		})
	}
	return size, err
}

// reasonOf is why the disk refused something.
func reasonOf(err error) error {
	if cause := errors.Unwrap(err); cause != nil {
		return cause
	}
	return err
}

// FileDelete removes a file.
var FileDelete = action.Define(action.Spec[deleteInputs, action.None]{
	Name: "file.delete", Summary: "Removes a file of the app, and the folders that it leaves empty.", Main: "path", Writes: true,
	Doc:      fileDoc + " Inside a transaction the file goes when that commits. That there is none is no failure, unless `missing` says so.",
	Example:  "- file.delete: \"notes/${args.id}.txt\"\n",
	Failures: []action.Outcome{invalidPath, storageFailed, {Status: 0, When: "there is no such file, and `missing` says so"}},
	Prepare: func(l action.Load, in *deleteInputs) action.Result {
		checkPath(l, &in.Path)
		if in.Missing != 0 && (!action.Status(in.Missing) || in.Missing < 400) {
			l.Problem(source.Problem{Span: l.At("missing"), Code: "out_of_range", Text: fmt.Sprintf("%d is no status from 400 to 599", in.Missing)})
		}
		list := []action.Outcome{invalidPath, storageFailed}
		if in.Missing != 0 {
			list = append(list, action.Outcome{Status: in.Missing, Code: files.ErrNotFound.Code, When: "there is no such file"})
		}
		l.Fails(list...)
		return action.Effect
	},
	Run: runDelete,
})

type deleteInputs struct {
	Path    action.Expr[string] `doc:"The path of the file under data/files." leak:"would be the name of a file"`
	Missing int                 `doc:"The status to fail with where there is no such file; left out, that is no failure." optional:""`
}

func runDelete(c *action.Call, in *deleteInputs) (none action.None, err error) {
	path, err := in.Path.Value(c)
	if err != nil {
		return none, err
	}
	tx, err := c.Tx("main")
	if err != nil {
		return none, err
	}
	store, log := c.Services.Files, c.Log
	if tx == nil || files.CheckPath(path) != "" {
		return none, in.found(store.Delete(path))
	}
	if in.Missing != 0 {
		f, _, err := store.Open(path)
		if err != nil {
			return none, in.found(err)
		}
		f.Close()
	}
	tx.AfterCommit(func() {
		if err := store.Delete(path); err != nil && !errors.Is(err, files.ErrNotFound) && log != nil {
			log.Error("a file could not be removed after the transaction that it belongs to", "path", path, "reason", reasonOf(err))
		}
	})
	return none, nil
}

// found is an error of Delete as the step fails with it.
func (in *deleteInputs) found(err error) error {
	if !errors.Is(err, files.ErrNotFound) {
		return err
	}
	if in.Missing == 0 {
		return nil
	}
	return action.Fail(in.Missing, files.ErrNotFound.Code, files.ErrNotFound.Detail)
}
