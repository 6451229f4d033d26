package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/sync/errgroup"
)

// options are the command line, read by kong.
type options struct {
	Goals    []string `help:"Only these goals; all when none is named. There are: ${goals}."`
	Probing  []string `help:"Only these kinds of probing; all when none is named. There are: none, partly, all."`
	Liars    []int    `default:"0,1,2" help:"How many vantages lie, of three."`
	People   int      `default:"20000" help:"The largest army that is tried."`
	Networks int      `default:"160" help:"The most networks of an army."`
	Workers  int      `default:"2" help:"Cells of the table to search at a time."`
	Save     string   `type:"path" help:"Also write the table to this document, between its marks."`
	Verbose  bool     `short:"v" help:"Print each price as it is found, on standard error."`
}

// Validate refuses armies that the town has no room for, and goals that there are not. kong
// calls it after parsing.
func (o *options) Validate() error {
	switch {
	case o.People < 1 || o.People > mostPeople || o.Networks < 1 || o.Networks > mostNetworks || o.Workers < 1:
		return fmt.Errorf("--people from 1 to %d, --networks from 1 to %d, --workers 1 or more", mostPeople,
			mostNetworks)
	case len(cellsOf(o.Goals, o.Probing, []int{0})) == 0:
		return fmt.Errorf("no such goal or probing; goals are: %s", strings.Join(goalNames(), ", "))
	}
	for _, n := range o.Liars {
		if n < 0 || n > len(vantages) {
			return fmt.Errorf("--liars from 0 to %d", len(vantages))
		}
	}
	return nil
}

// goalNames are the goals that can be chosen, for the help.
func goalNames() []string {
	var names []string
	for _, g := range goals {
		names = append(names, g.name)
	}
	return names
}

// exitUsage is the exit code for a wrong command line.
const exitUsage = 2

func main() {
	var opt options
	kong.Parse(&opt,
		kong.Name("attack"),
		kong.Description("Search for the cheapest army of liars that brings about each thing that must not be said."),
		kong.Vars{"goals": strings.Join(goalNames(), ", ")},
		kong.Exit(func(code int) { os.Exit(min(code, exitUsage)) }), // kong's own codes begin at 80
	)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, opt, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

// run searches the cells, prints the table and fails when a lie is cheaper than the
// floor. The floor is in a file beside the code: a change that makes a lie cheaper
// fails, and one that makes it dearer raises the floor by hand.
func run(ctx context.Context, opt options, out, log io.Writer) error {
	limits, err := floors(floorFile)
	if err != nil {
		return err
	}
	var where []probing
	for _, pr := range probings {
		if wanted(opt.Probing, pr.name) {
			where = append(where, pr)
		}
	}
	answers, err := searchAll(ctx, opt, newStudio(where), log)
	if err != nil {
		return err
	}
	text := table(answers, where)
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	if opt.Save != "" {
		if err := save(opt.Save, text); err != nil {
			return err
		}
	}
	if cheap := below(limits, answers); len(cheap) > 0 {
		return fmt.Errorf("cheaper than the floor: %s", strings.Join(cheap, "; "))
	}
	return nil
}

// searchAll searches all cells, some at a time, and keeps their order. The answers do
// not depend on the number of workers, since each cell has its own town.
func searchAll(ctx context.Context, opt options, s *studio, log io.Writer) ([]answer, error) {
	cells := cellsOf(opt.Goals, opt.Probing, opt.Liars)
	answers := make([]answer, len(cells))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(opt.Workers)
	for i, c := range cells {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			answers[i] = answer{c, s.search(c, size{opt.People, opt.Networks})}
			if opt.Verbose {
				fmt.Fprintf(log, "%s, %s, %d lying vantages: %s (%s)\n", c.goal.name, c.probing.name, c.liars,
					answers[i].text(), answers[i].how)
			}
			return nil
		})
	}
	return answers, g.Wait()
}
