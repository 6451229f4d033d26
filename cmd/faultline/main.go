package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"faultline/scenario"
)

// Exit codes: 0 all is well, 1 it failed while it ran, 2 it was asked wrongly.
const (
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a mistake of the caller: a flag, a variable or a file that is wrong. It ends
// the process with exit code 2 and one line. A wrapped usageError is one too (errors.As), so
// that a package's error keeps its text and only the command decides whose mistake it is.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// exitError ends the process with a code of its own, and prints nothing: what is to be said
// was printed by the command.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit %d", e.code) }

// world is what a command may write to besides what its flags name. Tests pass buffers, so
// that they run commands in their own process.
type world struct {
	stdout, stderr io.Writer
}

// main ends a command in order on the first SIGINT, SIGTERM or SIGHUP, by cancelling its context. The
// second signal ends the process at once, for whoever does not want to wait. The channel
// holds two, so that a second signal which comes early is not lost.
func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	// A terminal that is closed ends it in order too. Under nohup the signal is ignored, and Notify
	// would end that.
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitFailed)
	}()
	os.Exit(run(ctx, os.Args[1:], world{stdout: os.Stdout, stderr: os.Stderr}))
}

// run parses args, runs the command that they name, and returns the exit code. It is all of
// main but the signals; tests call it. Every error ends here, as one line on standard error
// that begins with "faultline:".
func run(ctx context.Context, args []string, w world) int {
	var root cli
	// kong answers --help itself and then calls exit. A real exit would end the process of a
	// test, so it is only noted.
	exited, code := false, 0
	parser, err := newParser(ctx, &root, w, func(c int) { exited, code = true, c })
	if err != nil {
		fmt.Fprintf(w.stderr, "faultline: %v\n", err)
		return exitFailed
	}
	kctx, err := parser.Parse(args)
	if exited { // --help or --version, already answered
		return code
	}
	if err != nil {
		fmt.Fprintf(w.stderr, "faultline: %s\n", nameVariable(parser.Model, err.Error()))
		return exitUsage
	}
	err = kctx.Run(w)
	var usage usageError
	var ended exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		return ended.code
	case errors.As(err, &usage):
		fmt.Fprintf(w.stderr, "faultline: %s\n", nameVariable(parser.Model, err.Error()))
		return exitUsage
	default:
		fmt.Fprintf(w.stderr, "faultline: %s\n", oneLine(err.Error()))
		return exitFailed
	}
}

// newParser makes the parser of the command line. exit and the writers are passed in, so that tests
// can run commands without ending their process.
func newParser(ctx context.Context, root *cli, w world, exit func(int)) (*kong.Kong, error) {
	return kong.New(root,
		kong.Name("faultline"),
		kong.Description(description),
		kong.Writers(w.stdout, w.stderr),
		kong.Exit(exit),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.Vars{"state_dir": defaultStateDir(os.Getenv), "scenarios": strings.Join(scenario.Names(), ", ")},
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
}

// nameVariable adds to a message about a flag the environment variable that
// sets the same, so that whoever set either knows where to look.
func nameVariable(app *kong.Application, msg string) string {
	msg = oneLine(msg)
	if strings.Contains(msg, envPrefix) {
		return msg
	}
	// A message may name several flags ("leave --redis-url and --catalog out"). It is about
	// the first, so the variable of that one is added, behind its name.
	first, variable := len(msg), ""
	for _, f := range allFlags(app.Node) {
		at := strings.Index(msg, "--"+f.Name)
		if at < 0 || len(f.Envs) == 0 {
			continue
		}
		end := at + len("--"+f.Name)
		if end < len(msg) && (msg[end] == '-' || msg[end] >= 'a' && msg[end] <= 'z') {
			continue // a longer flag
		}
		if end < first { // the flag that the message is about stands before others that it names
			first, variable = end, f.Envs[0]
		}
	}
	if variable == "" {
		return msg
	}
	return msg[:first] + " (" + variable + ")" + msg[first:]
}

// allFlags are the flags of a command and of all commands below it.
func allFlags(n *kong.Node) []*kong.Flag {
	flags := n.Flags
	for _, child := range n.Children {
		flags = append(flags[:len(flags):len(flags)], allFlags(child)...)
	}
	return flags
}

// oneLine joins an error of several lines: scripts and logs read what a command refuses by the
// line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
