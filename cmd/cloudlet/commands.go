package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"cloudlet/engine"

	"github.com/alecthomas/kong"
)

// commands are all commands and the flag that every one takes.
type commands struct {
	App string `placeholder:"DIR" help:"The app's folder. The default is the current one."`

	Serve    serveCommand     `cmd:"" help:"Serve the app."`
	Check    checkCommand     `cmd:"" help:"Say all that is wrong with the app."`
	Config   configCommand    `cmd:"" help:"Show the settings that are in force."`
	Routes   routesCommand    `cmd:"" help:"List what the app serves."`
	Actions  actionsCommand   `cmd:"" help:"List the actions, or explain one."`
	Keys     keysCommand      `cmd:"" help:"List what may stand in a file: of an endpoint, a test and so on."`
	Funcs    functionsCommand `cmd:"" name:"functions" help:"List the functions of expressions, or explain one."`
	Call     callCommand      `cmd:"" help:"Run an endpoint without a network."`
	Test     testCommand      `cmd:"" help:"Run the app's tests."`
	Fmt      fmtCommand       `cmd:"" help:"Write the app's YAML files in one form."`
	OpenAPI  openAPICommand   `cmd:"" name:"openapi" help:"Print an OpenAPI document of the app."`
	Schema   schemaCommand    `cmd:"" help:"Print the JSON Schema of the app's files, for editors."`
	Reload   reloadCommand    `cmd:"" help:"Have the running server load its files anew."`
	User     userCommands     `cmd:"" help:"Look after the app's users."`
	Role     roleCommands     `cmd:"" help:"Look after the app's roles."`
	Audit    auditCommands    `cmd:"" help:"Look into the log of who did what."`
	Mail     mailCommands     `cmd:"" help:"Look after the mails that are not handed over."`
	Jobs     jobsCommands     `cmd:"" help:"Look after the jobs of the app."`
	Webhooks webhooksCommands `cmd:"" help:"Look after the webhooks that are not taken."`
	Secret   secretCommands   `cmd:"" help:"Look after the secret that signs tickets."`
	Version  versionCommand   `cmd:"" help:"Say which version this is."`
}

const about = "Serves a folder of endpoint files, and looks after it. Begin with: cloudlet serve"

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// printf writes to the standard output, where a command's answer goes.
func (t *terminal) printf(format string, args ...any) { fmt.Fprintf(t.out, format, args...) }

// notef writes to the standard error, where everything else goes.
func (t *terminal) notef(format string, args ...any) { fmt.Fprintf(t.err, format, args...) }

// usageError says that a command was used wrongly.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// errNo ends a command whose answer is no, and which has said so already.
var errNo = errors.New("no")

// The exit statuses.
const (
	exitNo    = 1
	exitUsage = 2
)

// run runs one command and returns its exit status.
func run(args []string, t *terminal) int {
	all := &commands{}
	parser, err := kong.New(all, kong.Name("cloudlet"), kong.Description(about), kong.Writers(t.out, t.err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true, WrapUpperBound: 100}))
	if err != nil {
		panic(err) // the structs above make no sense: found by every test
	}
	chosen, err := parser.Parse(usual(args))
	if err != nil {
		t.notef("cloudlet: %v\n%s\n", err, seeHelp(err))
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	chosen.BindTo(ctx, (*context.Context)(nil))
	return t.status(chosen.Run(t, &folder{given: all.App}), chosen.Command())
}

// usual writes what other command lines take as this one does: help, help COMMAND and --version.
func usual(args []string) []string {
	switch {
	case len(args) > 0 && args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case len(args) == 1 && (args[0] == "--version" || args[0] == "-v"):
		return []string{"version"}
	}
	return args
}

// seeHelp names the help of the command that was meant, as far as that is known.
func seeHelp(err error) string {
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context != nil {
		if node := p.Context.Selected(); node != nil {
			return "see: " + node.FullPath() + " --help"
		}
	}
	return "see: cloudlet --help"
}

// status says what went wrong, and is the exit status for it.
func (t *terminal) status(err error, command string) int {
	var problems *engine.ProblemsError
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNo):
	case errors.As(err, &usage):
		t.notef("cloudlet: %v\nsee: cloudlet %s --help\n", err, words(command))
		return exitUsage
	case errors.As(err, &problems):
		engine.PrintProblems(t.err, engine.FormatText, problems.Problems)
		t.notef("%s\n", tally(problems.Problems))
	default:
		t.notef("cloudlet: %v\n", err)
	}
	return exitNo
}

// words are a command's words without its arguments, as kong shows them: `user add <name>`.
func words(command string) string {
	before, _, _ := strings.Cut(command, " <")
	return before
}
