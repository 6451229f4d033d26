package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"faultline"
	"faultline/scenario"
	"faultline/transcript"
)

type scenarioCmd struct {
	Name string `arg:"" help:"A built-in outage of the past: ${scenarios}."`
}

// Help is the longer text of --help.
func (scenarioCmd) Help() string {
	return `Prints what probes and people saw of an outage of the past, as event lines (NDJSON) that replay reads. The map and the times are real, the rest is drawn from what was written about it; the same lines every time.`
}

func (c scenarioCmd) Run(ctx context.Context, w world) error {
	spec, err := scenario.Builtin(c.Name)
	if err != nil {
		return usageError{fmt.Errorf("there is no scenario %q; there are: %s", c.Name, strings.Join(scenario.Names(), ", "))}
	}
	out := bufio.NewWriterSize(w.stdout, 1<<16)
	var line []byte
	for ev := range spec.Events() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if line, err = faultline.AppendLine(line[:0], ev); err != nil {
			return fmt.Errorf("print the scenario: %w", err)
		}
		if _, err := out.Write(line); err != nil {
			return transcript.OutputError{Err: err}
		}
	}
	if err := out.Flush(); err != nil {
		return transcript.OutputError{Err: err}
	}
	return nil
}
