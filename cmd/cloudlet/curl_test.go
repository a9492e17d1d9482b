package main

import (
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
)

// transfer is what the arguments of curl ask for.
type transfer struct {
	method, address string
	header          http.Header
	body            strings.Builder
	include         bool
}

// curl is as much of curl as the README and the line that `serve` prints need:
// -s, -i, -X METHOD, -H HEADER, -d DATA, -F NAME=@FILE and an address. CURL_BASE, where it is set,
// stands in for http://127.0.0.1:8080, which may be another's on this machine.
func curl() {
	t := readTransfer(os.Args[1:])
	if base := os.Getenv("CURL_BASE"); base != "" {
		t.address = strings.Replace(t.address, "http://127.0.0.1:8080", base, 1)
	}
	if t.method == "" {
		if t.method = http.MethodGet; t.body.Len() > 0 {
			t.method = http.MethodPost
		}
	}
	if t.body.Len() > 0 && t.header.Get("Content-Type") == "" {
		t.header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r, err := http.NewRequest(t.method, t.address, strings.NewReader(t.body.String()))
	if err != nil {
		die("%v", err)
	}
	r.Header = t.header
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		die("%v", err)
	}
	defer response.Body.Close()
	if t.include {
		fmt.Printf("%s %s\n", response.Proto, response.Status)
		response.Header.Write(os.Stdout)
		fmt.Println()
	}
	io.Copy(os.Stdout, response.Body)
}

func readTransfer(args []string) *transfer {
	t := &transfer{header: http.Header{}}
	next := func() string {
		if len(args) < 2 {
			die("%s needs a value", args[0])
		}
		args = args[1:]
		return args[0]
	}
	for ; len(args) > 0; args = args[1:] {
		switch args[0] {
		case "-s":
		case "-i":
			t.include = true
		case "-X":
			t.method = next()
		case "-d":
			t.body.WriteString(next())
		case "-F":
			t.upload(next())
		case "-H":
			name, value, _ := strings.Cut(next(), ":")
			t.header.Add(name, strings.TrimSpace(value))
		default:
			t.address = args[0]
		}
	}
	return t
}

// upload makes the body a form of one file, name=@path.
func (t *transfer) upload(text string) {
	name, path, _ := strings.Cut(text, "=@")
	content, err := os.ReadFile(path)
	if err != nil {
		die("%v", err)
	}
	form := multipart.NewWriter(&t.body)
	part, err := form.CreateFormFile(name, path)
	if err != nil {
		die("%v", err)
	}
	part.Write(content)
	form.Close()
	t.header.Set("Content-Type", form.FormDataContentType())
}

func die(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "curl: "+format+"\n", args...)
	os.Exit(7)
}
