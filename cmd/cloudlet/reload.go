package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// reloadCommand is `cloudlet reload`.
type reloadCommand struct {
	Format string `enum:"text,json" default:"text" help:"How the answer is printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (reloadCommand) Help() string {
	return `A server that watches its files needs no telling; one that was started with --no-watch does. What is wrong in the files is printed, and what was served before goes on. Exits with 1 where the files have problems, or nobody serves the app.

Example:

    cloudlet reload --app myapp
`
}

// Run asks the running server to load its files anew.
func (c *reloadCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	dir, err := f.dir("")
	if err != nil {
		return err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", controlPath(dir))
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://server/reload?format="+c.Format, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	var dialing *net.OpError
	switch {
	case errors.As(err, &dialing) && dialing.Op == "dial":
		return errors.New("nobody serves this app; begin with `cloudlet serve`")
	case err != nil:
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	return c.print(t, answer.StatusCode, body)
}

func (c *reloadCommand) print(t *terminal, status int, body []byte) error {
	switch status {
	case http.StatusOK:
		if c.Format == "json" {
			t.printf("%s", body)
			return nil
		}
		var r reloaded
		if err := json.Unmarshal(body, &r); err != nil {
			return err
		}
		t.printf("generation %d is served now\n", r.Generation)
		return nil
	case http.StatusUnprocessableEntity:
		t.printf("%s", body)
		if c.Format == "text" {
			t.notef("cloudlet: not reloaded; what was served before goes on\n")
		}
		return errNo
	}
	return fmt.Errorf("not reloaded: %s", strings.TrimSpace(string(body)))
}
