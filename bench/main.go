package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// options are the command line, read by kong.
type options struct {
	Names  []string `arg:"" optional:"" name:"name" help:"Groups to measure; all when none is named. There are: ${groups}."`
	JSON   bool     `name:"json" help:"Print each figure as one JSON object a line."`
	Rounds int      `default:"7" help:"Rounds to measure; at least 7."`
	Lines  int      `default:"5000000" help:"replay: event lines in the file; at least 1000000."`
	Seed   uint64   `default:"1" help:"Seed of everything that is generated."`
}

// exitUsage is the exit code for a wrong command line.
const exitUsage = 2

// group is a set of figures that are measured together, because they share a server or a
// state. measure writes its progress to log and returns the figures.
type group struct {
	name    string
	measure func(ctx context.Context, opt options, log io.Writer) ([]figure, error)
}

// groups are in the order in which they run. Docs and CI name them.
var groups = []group{
	{"replay", measureReplay},
	{"tick", measureTick},
	{"checkpoint", measureCheckpoint},
	{"probe", measureProbe},
	{"ingest", measureIngest},
	{"bomb", measureBomb},
	{"peak", measurePeak},
	{"scale", measureScale},
	{"read", measureRead},
	{"read-during-write", measureReadWrite},
	{"stream", measureStream},
}

// groupNames are the groups that can be chosen, for the help.
func groupNames() string {
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = g.name
	}
	return strings.Join(names, ", ")
}

// Validate refuses what would give numbers without meaning. kong calls it after parsing.
func (o *options) Validate() error {
	if o.Rounds < minRounds {
		return fmt.Errorf("--rounds=%d: at least %d, or a median says little", o.Rounds, minRounds)
	}
	if o.Lines < minReplayLines {
		return fmt.Errorf("--lines=%d: at least %d, or nothing has time to fail", o.Lines, minReplayLines)
	}
	for _, n := range o.Names {
		if !slices.ContainsFunc(groups, func(g group) bool { return g.name == n }) {
			return fmt.Errorf("no group %q; there are: %s", n, groupNames())
		}
	}
	return nil
}

// main is also the main of the children: servers and targets run as this same program, told
// apart by variables of the environment, so that `go run` needs no second binary.
func main() {
	if isTarget() {
		if err := serveTarget(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench: target:", err)
			os.Exit(1)
		}
		return
	}
	if kind := os.Getenv(envServer); kind != "" { // a child of the group ingest
		if err := serveIngest(kind); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if kind := os.Getenv(envReader); kind != "" { // a child of the groups read and stream
		if err := serveReader(kind); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	var opt options
	kong.Parse(&opt,
		kong.Name("bench"),
		kong.Description(
			"Measure Faultline. Each figure stands beside its target and a limit measured in the same run."),
		kong.Vars{"groups": groupNames()},
		kong.Exit(func(code int) { os.Exit(min(code, exitUsage)) }), // kong's own codes begin at 80
	)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, opt, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures the named groups and prints their figures. A figure that misses
// its target is printed and no error; one that could not be measured is.
func run(ctx context.Context, opt options, out, log io.Writer) error {
	for _, g := range groups {
		if len(opt.Names) > 0 && !slices.Contains(opt.Names, g.name) {
			continue
		}
		figures, err := g.measure(ctx, opt, log)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		for _, f := range figures {
			if err := printFigure(out, f, opt.JSON); err != nil {
				return err
			}
		}
	}
	return nil
}

// printFigure prints a figure as a line for people or as JSON for programs.
func printFigure(out io.Writer, f figure, asJSON bool) error {
	if !asJSON {
		_, err := fmt.Fprintln(out, f)
		return err
	}
	line, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode figure %s: %w", f.Name, err)
	}
	_, err = fmt.Fprintf(out, "%s\n", line)
	return err
}
