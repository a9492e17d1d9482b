package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"cloudlet/engine"
	"cloudlet/engine/identity"
)

// withAccounts opens the app's users, also while the app is served.
func withAccounts(ctx context.Context, f *folder, do func(a *engine.Accounts) error) (err error) {
	dir, err := f.dir("")
	if err != nil {
		return err
	}
	// What goes wrong is the command's own answer: it is not logged besides.
	a, err := engine.OpenAccounts(ctx, dir, engine.WithLog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return err
	}
	defer func() {
		if closed := a.Close(); err == nil {
			err = closed
		}
	}()
	return do(a)
}

// longestPassword bounds what is read as a password, in bytes; identity allows less.
const longestPassword = 64 << 10

// password reads a password from the standard input, or makes one; made is then
// what has to be shown.
func (t *terminal) password(read bool) (password, made string, err error) {
	if !read {
		made = identity.GeneratePassword()
		return made, made, nil
	}
	line, err := bufio.NewReader(io.LimitReader(t.in, longestPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", "", fmt.Errorf("the password cannot be read: %w", err)
	}
	password = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	if password == "" {
		return "", "", usagef("there is no password on the standard input")
	}
	return password, "", nil
}

// account says what became of a user, with the password where one was made.
func (t *terminal) account(format, name, made, what string) error {
	if format == "json" {
		return printJSON(t.out, struct {
			Name     string `json:"name"`
			Password string `json:"password,omitempty"`
		}{name, made})
	}
	t.notef("%s %s\n", name, what)
	if made != "" {
		t.notef("the password, shown only now:\n")
		t.printf("%s\n", made)
	}
	return nil
}
