package system

import (
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cloudlet/engine/action"
	"cloudlet/engine/files"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// FileLoad reads a file.
var FileLoad = action.Define(action.Spec[loadInputs, any]{
	Name: "file.load", Summary: "Gives the content of a file of the app, as a text or as bytes.", Main: "path",
	Gives:   "string, or bytes with as: bytes",
	Doc:     fileDoc + " To send a file to the client take file.send, which holds none in memory.",
	Example: "- file.load: \"notes/${args.id}.txt\"\n",
	Failures: []action.Outcome{invalidPath, fileMissing, action.OutcomeOf(files.ErrTooLarge, "it has more bytes than max_size"),
		{Status: 500, Code: "not_text", When: "its content is no UTF-8, and a text is asked for"}, storageFailed},
	Prepare: func(l action.Load, in *loadInputs) action.Result {
		checkPath(l, &in.Path)
		size, err := schema.ParseSize(in.MaxSize)
		if err != nil || size < 1 || size > mostContent {
			l.Problem(source.Problem{Span: l.At("max_size"), Code: "out_of_range", Text: "max_size is a size such as 1MiB, and at most 10MiB"})
		}
		if in.limit = size; in.As == "bytes" {
			return action.Gives(&schema.Type{Kind: schema.Bytes})
		}
		return action.Gives(schema.StringType)
	},
	Run: func(c *action.Call, in *loadInputs) (any, error) {
		name, err := in.Path.Value(c)
		if err != nil {
			return nil, err
		}
		content, err := c.Services.Files.Load(name, in.limit)
		switch {
		case err != nil:
			return nil, err
		case in.As == "bytes":
			return content, nil
		case !utf8.Valid(content):
			return nil, &action.Failure{Status: 500, Code: "not_text", Detail: "A file holds no text.", Reason: "the content is no UTF-8: take it as bytes"}
		}
		return string(content), nil
	},
})

type loadInputs struct {
	Path    action.Expr[string] `doc:"The path of the file under data/files." leak:"would be the name of a file"`
	As      string              `doc:"What it is given as." enum:"text,bytes" default:"text"`
	MaxSize string              `doc:"How large it may be, at most 10MiB." default:"10MiB"`

	limit int64
}

// FileList lists files.
var FileList = action.Define(action.Spec[listInputs, any]{
	Name: "file.list", Summary: "Lists the files and folders in a folder of the app's files, by name.", Main: "path",
	Doc:      fileDoc + " A folder that is not there has no files. The next ones are those `after` the last name.",
	Example:  "- file.list: {path: notes, limit: 100}\n",
	Result:   schema.ListOf(entryType),
	Failures: []action.Outcome{invalidPath, action.OutOfRange, storageFailed},
	Prepare: func(l action.Load, in *listInputs) action.Result {
		if text, known := in.Path.Constant(); known && text != "" {
			checkPath(l, &in.Path)
		}
		action.Limit.Check(l, &in.Limit)
		return action.Gives(schema.ListOf(entryType))
	},
	Run: func(c *action.Call, in *listInputs) (any, error) {
		folder, _, err := in.Path.Optional(c)
		if err != nil {
			return nil, err
		}
		after, _, err := in.After.Optional(c)
		if err != nil {
			return nil, err
		}
		limit, err := action.Limit.Value(c, &in.Limit)
		if err != nil {
			return nil, err
		}
		found, err := c.Services.Files.List(c.Context, folder, after, limit)
		if err != nil {
			return nil, err
		}
		list := make([]any, len(found))
		for i, e := range found {
			list[i] = entryShape.New([]any{path.Base(e.Path), e.Path, e.Folder, int(e.Size), e.Modified.Truncate(time.Millisecond)})
		}
		return list, nil
	},
})

type listInputs struct {
	Path  action.Expr[string] `doc:"The folder under data/files; left out, data/files itself." optional:"" leak:"would be the name of a folder"`
	After action.Expr[string] `doc:"The name behind which the list begins." optional:"" leak:"would be the name of a file"`
	Limit action.Expr[int]    `doc:"How many at most, 1 to 1000." default:"100"`
}

var (
	entryType = schema.ObjectOf(
		schema.Field{Name: "name", Type: schema.StringType},
		schema.Field{Name: "path", Type: schema.StringType},
		schema.Field{Name: "folder", Type: schema.BoolType},
		schema.Field{Name: "size", Type: schema.IntType},
		schema.Field{Name: "modified", Type: schema.DateTimeType},
	)
	entryShape = schema.NewShape(entryType.FieldNames()...)
)

// FileSend ends the request with a file.
var FileSend = action.Define(action.Spec[sendInputs, action.None]{
	Name: "file.send", Summary: "Ends the request with a file of the app: whole, or the ranges that the client asks for.", Main: "path", Ends: true,
	Doc: fileDoc + " Ranges, ETag, If-None-Match, If-Range and HEAD are those of RFC 9110. The type is told by the content. Browsers show images, sounds, films, PDF and plain text, " +
		"and download everything else: what could run a script in your site's name never does.",
	Example: "- file.send: {path: \"notes/${args.id}.txt\", name: note.txt}\n",
	Failures: []action.Outcome{invalidPath, fileMissing, storageFailed,
		{Status: http.StatusPreconditionFailed, Code: "precondition_failed", When: "the client wants another state of the file"},
		{Status: http.StatusRequestedRangeNotSatisfiable, Code: "range_not_satisfiable", When: "the file has no such range"}},
	Prepare: func(l action.Load, in *sendInputs) action.Result {
		checkPath(l, &in.Path)
		if l.Parallel() {
			l.Problem(source.Problem{Span: l.At(""), Code: "not_in_parallel", Text: "file.send gives the answer, which parallel branches share", Hint: "put it behind the parallel steps"})
		}
		if text, known := in.ContentType.Constant(); known && in.ContentType.Given() {
			if _, _, err := mime.ParseMediaType(text); err != nil || !strings.Contains(text, "/") {
				l.Problem(source.Problem{Span: l.At("content_type"), Code: "wrong_value", Text: fmt.Sprintf("%q is no content type, as in image/png", text)})
			}
		}
		headers := []string{"Content-Disposition", "ETag", "Last-Modified", "Accept-Ranges"}
		l.Responds(action.Response{Status: http.StatusOK, Type: schema.StringType, Headers: headers})
		l.Responds(action.Response{Status: http.StatusPartialContent, Type: schema.StringType, Headers: append(headers, "Content-Range")})
		l.Responds(action.Response{Status: http.StatusNotModified, Headers: headers[1:2]})
		return action.Result{Ends: true}
	},
	Run: runSend,
})

type sendInputs struct {
	Path        action.Expr[string] `doc:"The path of the file under data/files." leak:"would be the name of a file"`
	Name        action.Expr[string] `doc:"The name under which the client keeps it; left out, that of the path." optional:"" leak:"would be sent to the requester"`
	ContentType action.Expr[string] `doc:"What it is, where its content does not tell." optional:"" leak:"would be sent to the requester"`
	Download    action.Expr[bool]   `doc:"Whether browsers download what they could show, too." default:"false"`
}

// harmless are the types that a browser may show: none runs a script.
var harmless = []string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon", "audio/", "video/", "application/pdf", "text/plain"}

func isHarmless(contentType string) bool {
	for _, t := range harmless {
		if contentType == t || strings.HasSuffix(t, "/") && strings.HasPrefix(contentType, t) {
			return true
		}
	}
	return false
}

// mostRanges is how many ranges are answered as such: the head of each of thousands would be many times
// what it is asked with. The whole file is a good answer, too (RFC 9110, section 14.2).
const mostRanges = 32

func runSend(c *action.Call, in *sendInputs) (none action.None, err error) {
	name, err := in.Path.Value(c)
	if err != nil {
		return none, err
	}
	shown, _, err := in.Name.Optional(c)
	if err != nil {
		return none, err
	}
	if shown == "" {
		shown = path.Base(name)
	}
	contentType, _, err := in.ContentType.Optional(c)
	if err != nil {
		return none, err
	}
	download, err := in.Download.Value(c)
	if err != nil {
		return none, err
	}
	f, e, err := c.Services.Files.Open(name)
	if err != nil {
		return none, err
	}
	c.CloseLater(f)
	if contentType == "" {
		head := make([]byte, 3072)
		n, err := f.ReadAt(head, 0)
		if err != nil && n == 0 && e.Size > 0 {
			return none, files.ErrFailed
		}
		if contentType = files.Sniff(head[:n]); contentType == "text/plain" {
			contentType = "text/plain; charset=utf-8"
		}
	}
	if err := describe(&c.Answer, shown, contentType, download, e); err != nil {
		return none, err
	}
	c.Answer.Send = func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, understood(r), "", e.Modified, f)
	}
	return none, action.Respond
}

// understood is a request without a range that RFC 9110 has ignored (section 14.2): of a unit that is not
// bytes, in any case, or with another method than GET; nor with many.
func understood(r *http.Request) *http.Request {
	text := r.Header.Get("Range")
	unit, ranges, _ := strings.Cut(text, "=")
	few := strings.Count(ranges, ",") < mostRanges
	if text == "" || r.Method == http.MethodGet && unit == "bytes" && few {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Del("Range")
	if r.Method == http.MethodGet && few && strings.EqualFold(unit, "bytes") {
		r.Header.Set("Range", "bytes="+ranges)
	}
	return r
}

// describe sets the headers of a file that is sent.
func describe(a *action.Answer, name, contentType string, download bool, e files.Entry) error {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media, contentType = "application/octet-stream", "application/octet-stream"
	}
	disposition, policy := "inline", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
	if !isHarmless(media) {
		disposition, policy = "attachment", policy+"; sandbox"
	}
	if download {
		disposition = "attachment"
	}
	if text := mime.FormatMediaType(disposition, map[string]string{"filename": files.SafeName(name)}); text != "" { // RFC 6266
		disposition = text
	}
	for _, h := range []struct{ name, value string }{
		{"Content-Type", contentType}, {"Content-Disposition", disposition}, {"Content-Security-Policy", policy},
		{"ETag", `"` + strconv.FormatInt(e.Modified.UnixNano(), 36) + "-" + strconv.FormatInt(e.Size, 36) + `"`},
	} {
		if a.Header.Get(h.name) != "" {
			continue // the author's own
		}
		if err := a.SetHeader(h.name, h.value); err != nil {
			return err
		}
	}
	return nil
}
