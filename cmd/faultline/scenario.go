package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"faultline/scenario"
	"faultline/transcript"
)

// scenarioCmd prints a past outage as event lines. With replay it shows without any server
// what Faultline would have published on that day.
type scenarioCmd struct {
	Name string `arg:"" help:"A built-in outage of the past: ${scenarios}."`
}

// Help is the longer text of --help.
func (scenarioCmd) Help() string {
	return `Prints what probes and people saw of an outage of the past, as event lines (NDJSON) that replay reads. ` +
		`The sites and the times are real, the rest is drawn from what was written about it; the same lines every time.`
}

// Run writes through a buffer, because a scenario has many thousands of lines.
func (c scenarioCmd) Run(ctx context.Context, w world) error {
	spec, err := scenario.Builtin(c.Name)
	if err != nil {
		return usageError{fmt.Errorf("there is no scenario %q; there are: %s", c.Name,
			strings.Join(scenario.Names(), ", "))}
	}
	out := bufio.NewWriterSize(w.stdout, 1<<16)
	write := printTo(out)
	for ev := range spec.Events() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := write(ev); err != nil {
			return transcript.OutputError{Err: err}
		}
	}
	if err := out.Flush(); err != nil {
		return transcript.OutputError{Err: err}
	}
	return nil
}
