package system

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/files"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

const fileDoc = "Paths are of the folder data/files of the app, with / between their segments; one that leads out of it, has a segment that begins with a point, or could mean " +
	"something else on another system is refused."

var (
	invalidPath   = action.OutcomeOf(files.ErrInvalidPath, "the path is none that a file can have")
	fileMissing   = action.OutcomeOf(files.ErrNotFound, "there is no such file")
	storageFailed = action.OutcomeOf(files.ErrFailed, "the disk cannot go on")
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
	Doc: fileDoc + " A file is there whole or not at all, and an uploaded one is not copied, however large it is; it may be kept under several paths. Inside a transaction a new file is taken back " +
		"where that rolls back; with `overwrite` it takes its place when that commits. That holds when the server is killed, too: the next start brings it to its end.",
	Example: "- file.save: {path: \"notes/${args.id}.txt\", content: \"${args.text}\"}\n",
	Result:  savedType,
	Failures: []action.Outcome{invalidPath, action.OutcomeOf(files.ErrExists, "there is such a file already, and overwrite is false; or a folder has the name"),
		action.OutcomeOf(files.ErrFull, "there is no room for it"), action.OutcomeOf(files.ErrTooLarge, "the content has more than 10 MiB"), storageFailed},
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
	if err == nil {
		err = files.Refuse(path)
	}
	if err != nil {
		return nil, err
	}
	r, done, err := in.received(c)
	if err == nil {
		err = r.Settle()
	}
	var tx *database.Tx
	if err == nil {
		tx, err = c.Surrounding() // last: what is slow holds no lock
	}
	if err == nil {
		err = keep(c, tx, r, path, overwrite, done)
	} else {
		done()
	}
	if err != nil {
		return nil, err
	}
	return savedShape.New([]any{path, int(r.Size())}), nil
}

// received is the file that is to be kept; done gives it up.
func (in *saveInputs) received(c *action.Call) (r *files.Received, done func(), err error) {
	done = func() {}
	if !in.File.Given() {
		return in.written(c)
	}
	v, err := in.File.Value(c)
	if err != nil {
		return nil, done, err
	}
	if u, ok := schema.UploadOf(v); ok {
		r = c.Received(u)
	}
	if r == nil { // the upload itself is the request's to give up
		err = &action.Failure{Status: 500, Code: "unexpected_type", Detail: "A value has an unexpected type.", Reason: "file.save.file takes a file that came with the request"}
	}
	return r, done, err
}

// written is a content as a file.
func (in *saveInputs) written(c *action.Call) (r *files.Received, done func(), err error) {
	batch := c.Services.Files.Batch()
	done = func() {
		if err := batch.Close(); err != nil && c.Log != nil {
			c.Log.Warn("a file that is not needed could not be removed", "reason", reasonOf(err))
		}
	}
	v, err := in.Content.Value(c)
	if err != nil {
		return nil, done, err
	}
	var content io.Reader
	switch v := v.(type) {
	case string:
		content = strings.NewReader(v)
	case []byte:
		content = bytes.NewReader(v)
	default:
		content = bytes.NewReader(schema.AppendJSON(nil, v))
	}
	r, _, err = batch.Receive(content, mostContent, nil)
	return r, done, err
}

// keep gives a file its path, so that it shares the fate of a transaction.
func keep(c *action.Call, tx *database.Tx, r *files.Received, path string, overwrite bool, done func()) error {
	store, log := c.Services.Files, c.Log
	if tx == nil {
		defer done()
		_, err := store.Keep(r, path, overwrite)
		return err
	}
	tx.AfterCommit(done)
	tx.OnRollback(done)
	_, err := store.KeepIn(c.Context, tx, r, path, overwrite, func(err error) {
		if log != nil {
			log.Error("a file could not be written, or taken back, with the transaction that it belongs to", "path", path, "reason", reasonOf(err))
		}
	})
	return err
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
	Doc:      fileDoc + " Inside a transaction the file goes when that commits, at the next start where the server is killed meanwhile. That there is none is no failure, unless `missing` says so.",
	Example:  "- file.delete: \"notes/${args.id}.txt\"\n",
	Failures: []action.Outcome{invalidPath, storageFailed, {Status: 404, Code: files.ErrNotFound.Code, When: "there is no such file, and `missing` says so"}},
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
	tx, err := c.Surrounding()
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
	return none, store.DeleteIn(c.Context, tx, path, func(err error) {
		if log != nil {
			log.Error("a file could not be removed with the transaction that it belongs to", "path", path, "reason", reasonOf(err))
		}
	})
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
