package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// curl is as much of curl as the README and the line that `serve` prints need:
// -s, -i, -X METHOD, -H HEADER, -d DATA and an address. CURL_BASE, where it is set,
// stands in for http://127.0.0.1:8080, which may be another's on this machine.
func curl() {
	method, data, address, include := "", "", "", false
	header := http.Header{}
	args := os.Args[1:]
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
			include = true
		case "-X":
			method = next()
		case "-d":
			data = next()
		case "-H":
			name, value, _ := strings.Cut(next(), ":")
			header.Add(name, strings.TrimSpace(value))
		default:
			address = args[0]
		}
	}
	if base := os.Getenv("CURL_BASE"); base != "" {
		address = strings.Replace(address, "http://127.0.0.1:8080", base, 1)
	}
	if method == "" {
		if method = http.MethodGet; data != "" {
			method = http.MethodPost
		}
	}
	if data != "" && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r, err := http.NewRequest(method, address, strings.NewReader(data))
	if err != nil {
		die("%v", err)
	}
	r.Header = header
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		die("%v", err)
	}
	defer response.Body.Close()
	if include {
		fmt.Printf("%s %s\n", response.Proto, response.Status)
		response.Header.Write(os.Stdout)
		fmt.Println()
	}
	io.Copy(os.Stdout, response.Body)
}

func die(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "curl: "+format+"\n", args...)
	os.Exit(7)
}
