package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// uploads is an app that takes large files, and gives them back.
var uploads = map[string]string{
	"endpoints/files/{name}.yaml": `arguments: {name: string}
put:
  timeout: 5m
  arguments:
    content: {type: file, max_size: 1GiB}
  actions:
    - file.save: {path: "${args.name}", file: "${args.content}", overwrite: true}
get:
  actions:
    - file.send: ${args.name}
delete:
  actions:
    - file.delete: ${args.name}
    - respond: {status: 204}
`}

const mebibyte = 1 << 20

// zeros is a body without an end; it counts what is read of it.
type zeros struct{ read atomic.Int64 }

func (z *zeros) Read(p []byte) (int, error) {
	clear(p)
	z.read.Add(int64(len(p)))
	return len(p), nil
}

// upload sends a file of a size, and gives the status and how much of it was asked for.
func upload(b testing.TB, s *server, name string, size int64) (status int, read int64) {
	b.Helper()
	const head = "--x\r\nContent-Disposition: form-data; name=\"content\"; filename=\"a.bin\"\r\n\r\n"
	content := &zeros{}
	body := io.MultiReader(strings.NewReader(head), io.LimitReader(content, size), strings.NewReader("\r\n--x--\r\n"))
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPut, s.base+"/files/"+name, body)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	w, err := http.DefaultClient.Do(r)
	if err != nil { // a server that has answered may close before all is sent
		return 0, content.read.Load()
	}
	defer w.Body.Close()
	if _, err := io.Copy(io.Discard, w.Body); err != nil {
		b.Error(err)
	}
	return w.StatusCode, content.read.Load()
}

// download gives the number of bytes that come back.
func download(b testing.TB, s *server, name string) int64 {
	b.Helper()
	w, err := http.Get(s.base + "/files/" + name)
	if err != nil {
		b.Fatal(err)
	}
	defer w.Body.Close()
	n, err := io.Copy(io.Discard, w.Body)
	if err != nil || w.StatusCode != http.StatusOK {
		b.Error(w.StatusCode, err)
	}
	return n
}

// needsRoom skips the test where a server has answered that its disk is full.
func needsRoom(b testing.TB, status int, size int64) {
	b.Helper()
	if status == http.StatusInsufficientStorage {
		b.Skipf("the disk has no room for %d MiB", size/mebibyte)
	}
}

// remove deletes a file.
func remove(b testing.TB, s *server, name string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), http.MethodDelete, s.base+"/files/"+name, nil)
	if err != nil {
		b.Fatal(err)
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	w.Body.Close()
	if w.StatusCode != http.StatusNoContent {
		b.Error(w.StatusCode)
	}
}

// serveUploads serves uploads, at its second start: the first hashes the password of root, which
// takes 19 MiB that have nothing to do with files.
func serveUploads(b testing.TB) (s *server, stored string) {
	b.Helper()
	dir := writeFiles(b, uploads)
	for range 2 {
		if s != nil {
			s.kill()
		}
		var err error
		if s, err = startServer(dir, b.TempDir(), append(os.Environ(), "CLOUDLET_ROOT_PASSWORD=correct-horse-battery"), "--no-watch"); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(s.kill)
	}
	return s, filepath.Join(dir, "data", "files")
}

// sizes are the files in a folder with their sizes, hidden ones too, but for what is empty.
func sizes(b testing.TB, folder string) (list []string) {
	b.Helper()
	err := filepath.WalkDir(folder, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Size() > 0 {
			list = append(list, fmt.Sprintf("%s %d", strings.TrimPrefix(name, folder+"/"), info.Size()))
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		b.Error(err)
	}
	return list
}

// TestUploadsAreNotHeldInMemory sends more than the server may have, there and back.
func TestUploadsAreNotHeldInMemory(t *testing.T) {
	t.Parallel()
	s, stored := serveUploads(t)
	before := peakMemory(t, s)
	const size = 96 * mebibyte
	status, _ := upload(t, s, "large", size)
	needsRoom(t, status, size)
	if status != http.StatusOK {
		t.Fatal(status)
	}
	if n := download(t, s, "large"); n != size {
		t.Errorf("%d bytes come back", n)
	}
	if grown := peakMemory(t, s) - before; grown > size/3 {
		t.Errorf("%d MiB take %d MiB of memory", size/mebibyte, grown/mebibyte)
	}
	if got := sizes(t, stored); len(got) != 1 || got[0] != fmt.Sprint("large ", size) {
		t.Error(got)
	}
}

// TestKilledWhileUploading leaves a half file, which is gone when the next server has started.
func TestKilledWhileUploading(t *testing.T) {
	t.Parallel()
	s, stored := serveUploads(t)
	r, w := io.Pipe()
	defer w.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.base+"/files/half", r)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	go func() {
		if a, err := http.DefaultClient.Do(request); err == nil {
			a.Body.Close()
		}
	}()
	fmt.Fprintf(w, "--x\r\nContent-Disposition: form-data; name=\"content\"; filename=\"a.bin\"\r\n\r\n%s", strings.Repeat("x", mebibyte))
	for deadline := time.Now().Add(patience); len(sizes(t, stored)) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing of the file is written")
		}
	}
	s.kill()
	if got := sizes(t, stored); len(got) != 1 {
		t.Error(got)
	}
	next, err := startServer(s.cmd.Dir, t.TempDir(), os.Environ(), "--no-watch")
	if err != nil {
		t.Fatal(err)
	}
	defer next.kill()
	if got := sizes(t, stored); len(got) != 0 {
		t.Error(got)
	}
}

// BenchmarkUpload sends a file of 1 GiB there and back, and one that is larger than its argument
// says, to a server of its own. It tells the most memory that the server had since its start, which
// is to be under 64 MiB, and how much is read of what is refused. The disk has to have room for one
// of them: where the server says that it has not, nothing is measured.
func BenchmarkUpload(b *testing.B) {
	const size = 1024 * mebibyte
	s, stored := serveUploads(b)
	var there, back time.Duration
	for b.Loop() {
		began := time.Now()
		status, _ := upload(b, s, "large", size)
		needsRoom(b, status, size)
		if status != http.StatusOK {
			b.Fatal(status)
		}
		there += time.Since(began)
		began = time.Now()
		if n := download(b, s, "large"); n != size {
			b.Errorf("%d bytes come back", n)
		}
		back += time.Since(began)
	}
	peak := peakMemory(b, s)
	remove(b, s, "large")
	status, read := upload(b, s, "larger", 2*size)
	needsRoom(b, status, size)
	if status != http.StatusRequestEntityTooLarge && status != 0 || read > size+8*mebibyte {
		b.Errorf("a file that is too large is answered with %d after %d MiB", status, read/mebibyte)
	}
	if got := sizes(b, stored); len(got) != 0 {
		b.Error(got)
	}
	if peak >= 64*mebibyte {
		b.Errorf("%d MiB of memory", peak/mebibyte)
	}
	b.ReportMetric(float64(peak)/mebibyte, "MiB")
	b.ReportMetric(float64(b.N*size/mebibyte)/there.Seconds(), "MiB/s-in")
	b.ReportMetric(float64(b.N*size/mebibyte)/back.Seconds(), "MiB/s-out")
	b.ReportMetric(float64(read-size)/mebibyte, "MiB-over")
}
