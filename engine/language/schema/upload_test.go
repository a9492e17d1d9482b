package schema

import (
	"testing"
)

func TestUpload(t *testing.T) {
	t.Parallel()
	v := NewUpload(Upload{Name: "a.png", ContentType: "image/png", Size: 7, Path: "/data/uploads/1"})
	u, ok := UploadOf(v)
	if !ok || u.Path != "/data/uploads/1" {
		t.Fatal(u, ok)
	}
	const shown = `{"name":"a.png","size":7,"content_type":"image/png"}`
	if got := string(AppendJSON(nil, v)); got != shown || Text(v) != shown {
		t.Error(got, Text(v))
	}
	copied := v.Shape().New([]any{"a.png", 7, "image/png"})
	for name, other := range map[string]any{"a copy": copied, "an object": NewObject("name", "a", "size", 1, "content_type", "b"), "null": nil, "a text": "a", "no object": (*Object)(nil)} {
		if _, ok := UploadOf(other); ok {
			t.Errorf("%s is taken for an upload", name)
		}
	}
	n := 0
	for range v.All() {
		n++
	}
	if n != 3 || v.Len() != 3 {
		t.Errorf("%d fields are gone through", n)
	}
}

func TestCheckUpload(t *testing.T) {
	t.Parallel()
	most := int64(6 << 20)
	narrow := &Type{Kind: File, Fields: FileType.Fields, Limits: &Limits{MaxSize: &most, ContentTypes: []string{"image/*", "text/csv"}}}
	for _, c := range []struct {
		size    int64
		content string
		want    string
	}{
		{6 << 20, "image/png", ""}, {1, "text/csv", ""},
		{6<<20 + 1, "image/png", "must be at most 6 MiB"},
		{1, "text/html", "must be image/* or text/csv, and its content is text/html"},
		{1, "imagex/png", "must be image/* or text/csv, and its content is imagex/png"},
	} {
		var faults []Fault
		narrow.Check(NewUpload(Upload{ContentType: c.content, Size: c.size}), "photo", &faults)
		if c.want == "" && len(faults) > 0 || c.want != "" && (len(faults) != 1 || faults[0] != Fault{"photo", c.want}) {
			t.Errorf("%d bytes of %s: %v", c.size, c.content, faults)
		}
	}
	for _, other := range []any{"a.png", NewObject("name", "a", "size", 1, "content_type", "image/png")} {
		var faults []Fault
		if FileType.Check(other, "", &faults); len(faults) != 1 {
			t.Errorf("%v is taken for a file", other)
		}
	}
}

func TestHoldsFile(t *testing.T) {
	t.Parallel()
	for _, of := range []*Type{FileType, ListOf(FileType), ObjectOf(Field{Name: "a", Type: ListOf(FileType)})} {
		if !of.HoldsFile() {
			t.Errorf("%s holds no file", of)
		}
	}
	if (*Type)(nil).HoldsFile() || ListOf(nil).HoldsFile() || StringType.HoldsFile() || Join(FileType, FileType).MaxFileSize() != DefaultMaxSize {
		t.Error("what holds no file does")
	}
	if Fits(FileType, FileType) != Always || Fits(FileType, ObjectOf(FileType.Fields...)) != Always || Fits(StringType, FileType) != Never {
		t.Error("files fit wrongly")
	}
}

func TestSizeText(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1536 B", 2048: "2 KiB", 5 << 20: "5 MiB", 3 << 30: "3 GiB"} {
		if got := SizeText(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
}
