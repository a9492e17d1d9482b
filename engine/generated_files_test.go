package engine_test

import (
	"slices"
	"strings"

	"cloudlet/engine/files"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
)

// contentSamples are files by what they are, as short as they can be.
var contentSamples = map[string]string{
	"text/plain": "a text", "text/html": "<!doctype html><html></html>", "image/png": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/jpeg": "\xff\xd8\xff\xe0", "image/gif": "GIF89a",
	"image/webp": "RIFF\x00\x00\x00\x00WEBPVP8 ", "application/pdf": "%PDF-1.7", "text/csv": "a,b\n1,2\n3,4\n", "application/json": `{"a": 1}`, "application/zip": "PK\x03\x04",
}

// contents are files that an argument takes, and files that it does not.
func contents(l *schema.Limits) (good, bad []string) {
	for name, text := range contentSamples {
		if l.TakesContent(files.AsDeclared(name, l.ContentTypes)) {
			good = append(good, text)
		} else {
			bad = append(bad, text)
		}
	}
	if l.MaxSize != nil && *l.MaxSize <= 1<<20 && len(good) > 0 {
		bad = append(bad, good[0]+strings.Repeat(" ", int(*l.MaxSize)))
	}
	slices.Sort(good)
	return good, bad
}

// takesFiles reports whether a verb's body is multipart/form-data for the sake of a file.
func takesFiles(v *plan.Verb) bool {
	return slices.ContainsFunc(v.Arguments, func(f schema.Field) bool { return f.Type.HoldsFile() })
}

// asMultipart is a request's body with its files.
func asMultipart(v *plan.Verb, s sent) (payload, content string) {
	const boundary = "a-boundary-of-no-sample"
	var b strings.Builder
	for _, a := range v.Arguments {
		text, ok := s.values[a.Name]
		if !ok || a.In != schema.Anywhere && a.In != schema.InBody {
			continue
		}
		b.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + a.Name + "\"")
		if a.Type.HoldsFile() {
			b.WriteString("; filename=\"../a.bin\"\r\nContent-Type: image/png")
		}
		b.WriteString("\r\n\r\n" + text + "\r\n")
	}
	return b.String() + "--" + boundary + "--\r\n", "multipart/form-data; boundary=" + boundary
}
