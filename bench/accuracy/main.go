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

	"faultline/scenario/accuracy"
)

// options are the command line, read by kong.
type options struct {
	Scenarios int         `short:"n" default:"200" help:"How many scenarios to play."`
	Seeds     string      `enum:"tuning,held-out" default:"held-out" help:"Even seeds (tuning) or odd ones (held-out)."`
	First     int         `default:"0" help:"Leave out so many scenarios at the beginning."`
	Kinds     []string    `help:"Only these kinds; all when none is named. There are: ${kinds}."`
	Workers   int         `default:"2" help:"Scenarios to play at a time."`
	Alone     bool        `help:"Leave the baselines out."`
	JSON      bool        `name:"json" help:"Print the figures as one JSON object."`
	Verbose   bool        `short:"v" help:"Name each scenario that went wrong, as it does, on standard error."`
	Save      string      `type:"path" help:"Also write the tables to this file, in Markdown."`
	Commit    string      `default:"unknown" help:"What was measured, for that file."`
	Without   string      `help:"Measure what the engine is without a part of its method, or without each of them (all), beside the whole."`
	Quiet     bool        `help:"Play weeks in which nothing fails, and count what the world is told of."`
	Calm      calmOptions `embed:"" prefix:"quiet-" group:"With --quiet:"`
	Live      bool        `help:"Close the loop on a virtual clock: schedules check simulated sites, and check what the engine asks for."`
	Closed    liveOptions `embed:"" prefix:"live-" group:"With --live:"`
	Floor     string      `default:"bench/accuracy/floor.json" help:"File of the figures that the engine must reach; empty for none."`
}

// Validate refuses options that nothing can be measured with. kong calls it after parsing.
func (o *options) Validate() error {
	if o.Scenarios < 1 || o.Workers < 1 || o.First < 0 {
		return fmt.Errorf("--scenarios and --workers must be 1 or more, --first 0 or more")
	}
	if o.Without != "" {
		if _, err := named(o.Without); err != nil {
			return err
		}
	}
	for _, k := range o.Kinds {
		if !slices.Contains(accuracy.Kinds(), k) {
			return fmt.Errorf("no kind %q; there are: %s", k, strings.Join(accuracy.Kinds(), ", "))
		}
	}
	return nil
}

// exitUsage is the exit code for a wrong command line.
const exitUsage = 2

func main() {
	var opt options
	kong.Parse(&opt,
		kong.Name("accuracy"),
		kong.Description("Play random outages to the engine and to simpler methods, and score what they made of them."),
		kong.Vars{"kinds": strings.Join(accuracy.Kinds(), ", ")},
		kong.Exit(func(code int) { os.Exit(min(code, exitUsage)) }), // kong's own codes begin at 80
	)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := do(ctx, opt)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

// do runs what the options ask for.
func do(ctx context.Context, opt options) error {
	if opt.Quiet {
		return runCalm(ctx, opt, os.Stdout, os.Stderr)
	}
	if opt.Live {
		return runLive(ctx, opt, os.Stdout)
	}
	if opt.Without != "" {
		return ablate(ctx, opt, os.Stdout)
	}
	return run(ctx, opt, os.Stdout, os.Stderr)
}

// run plays the scenarios and prints the table. It fails when the engine stays below the
// floor, after the table is printed and saved.
func run(ctx context.Context, opt options, out, log io.Writer) error {
	floor, err := readFloor(opt.Floor)
	if err != nil {
		return err
	}
	t, err := playAll(ctx, opt, log)
	if err != nil {
		return err
	}
	if opt.JSON {
		err = json.NewEncoder(out).Encode(t.document())
	} else {
		_, err = io.WriteString(out, t.text())
	}
	if err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	if opt.Save != "" {
		_, calm, err := readReport(opt.Save)
		if err != nil {
			return err
		}
		if err := writeReport(opt.Save, t.report(opt), calm); err != nil {
			return err
		}
	}
	if below := floor.below(t); len(below) > 0 {
		return fmt.Errorf("below the floor: %s", strings.Join(below, "; "))
	}
	return nil
}
