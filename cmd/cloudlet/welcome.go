package main

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"cloudlet/engine"
)

// welcome tells what is served and where, and, once, root's password.
func welcome(t *terminal, e *engine.Engine, address, password string) {
	base := "http://" + reachable(address)
	routes := e.Routes()
	printRoutes(t.out, routes)
	if len(routes) == 0 {
		t.printf("There are no endpoints yet: every .yaml in endpoints/ is one.\n")
	}
	if password != "" {
		t.printf("\nThe user root was made. Its password, shown only now:\n\n    %s\n", password)
		if line := loginLine(base, routes, password); line != "" {
			t.printf("\nThis logs in with it:\n\n    %s\n", line)
		}
	}
	t.printf("\nServing on %s\n", base)
}

// reachable is an address that a program on this machine can use.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// loginLine is the shell line that logs in, where the app has the login of the
// language's first example, and lets in whoever has no ticket yet.
func loginLine(base string, routes []engine.Route, password string) string {
	has := func(method string) bool {
		return slices.ContainsFunc(routes, func(r engine.Route) bool {
			return r.Method == method && r.Path == "/auth/login" && slices.Equal(r.Auth, []string{"public"})
		})
	}
	query := "username=root&password=" + url.QueryEscape(password)
	switch {
	case has("GET"):
		return "curl " + quoted(base+"/auth/login?"+query)
	case has("POST"):
		return "curl -d " + quoted(query) + " " + quoted(base+"/auth/login")
	}
	return ""
}

// quoted is a text as a POSIX shell takes it literally.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
