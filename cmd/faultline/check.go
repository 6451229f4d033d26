package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"faultline/api/client"
	"faultline/api/mcptools"
	"faultline/board"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// exitFailing is the exit code of check where something fails, and of verify where something
// differs. It is not 1, so that a pipeline can tell an outage from a check that could not be
// made.
const exitFailing = 3

// checkCmd is for scripts and pipelines: its exit code says whether what a deployment depends
// on works. It asks a server over HTTP, so it needs no rights and no state of its own.
type checkCmd struct {
	URL    string   `name:"url" default:"http://127.0.0.1:8080" env:"FAULTLINE_URL" help:"Address of the Faultline server to ask."`
	Of     []string `sep:"," required:"" placeholder:"NAME" env:"FAULTLINE_CHECK_OF" help:"Sites, providers and components that you depend on, separated by commas."`
	FailOn string   `default:"confirmed" enum:"confirmed,suspected,unknown" env:"FAULTLINE_CHECK_FAIL_ON" help:"When to exit with code 3: on confirmed outages; also on suspected ones and while something recovers; or also when something is not observed."`
	JSON   bool     `name:"json" env:"FAULTLINE_CHECK_JSON" help:"Print the whole answer as JSON."`
}

// Help is the longer text of --help.
func (checkCmd) Help() string {
	return `Prints one sentence, and a line for each thing that fails. Exit codes, for pipelines: 0 nothing does; ` +
		`3 something does; 1 the server could not be asked; 2 it was asked wrongly. Example: ` +
		`faultline check --url https://faultline.example --of stripe.com,cdn:fastly,aws --fail-on confirmed`
}

// failsOn are the states that end with exit code 3, by the value of --fail-on. "unknown" is
// the strictest: it fails too when nobody observes the thing, for pipelines that would rather
// stop than go on without knowing.
var failsOn = map[string][]board.StackState{
	"confirmed": {board.StackFailing},
	"suspected": {board.StackFailing, board.StackRecovering, board.StackSuspected},
	"unknown":   {board.StackFailing, board.StackRecovering, board.StackSuspected, board.StackUnknown},
}

// Run asks a server about all things at once, by /v1/stack, and prints its sentence and a
// line for each thing that is not well. Things that are suspected are printed even where
// --fail-on lets them pass. A name that the server does not know is a mistake of the caller:
// exit code 2.
func (c checkCmd) Run(ctx context.Context, w world) error {
	remote, err := client.New(c.URL)
	if err != nil {
		return usageError{fmt.Errorf("--url: %w", err)}
	}
	body, err := remote.Raw(ctx, "/v1/stack", url.Values{"of": {strings.Join(c.Of, ",")}})
	if err != nil {
		return refusedQuery(err)
	}
	// Only what is printed is read, so that an older program reads a newer server's
	// answer.
	var answer struct {
		Verdict board.StackVerdict
		Things  []board.StackThing
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	failing := false
	lines := answer.Verdict.Sentence + "\n"
	for _, t := range answer.Things {
		fails := slices.Contains(failsOn[c.FailOn], t.State)
		failing = failing || fails
		if fails || t.State != board.StackOK {
			lines += fmt.Sprintf("%-10s %s %s\n", t.State, t.ID, strings.Join(t.Incidents, " "))
		}
	}
	if c.JSON {
		lines = string(body) + "\n"
	}
	if _, err := fmt.Fprint(w.stdout, lines); err != nil {
		return err
	}
	if failing {
		return exitError{exitFailing}
	}
	return nil
}

// mcpCmd offers the API to AI assistants over standard input and output, by the Model Context
// Protocol (modelcontextprotocol.io). The tools themselves are in api/mcptools; servers offer
// the same at /mcp.
type mcpCmd struct {
	URL string `name:"url" default:"http://127.0.0.1:8080" env:"FAULTLINE_URL" help:"Address of the Faultline server to ask."`
}

// Run answers until its input ends.
func (c mcpCmd) Run(ctx context.Context) error {
	remote, err := client.New(c.URL)
	if err != nil {
		return usageError{fmt.Errorf("--url: %w", err)}
	}
	if err := mcptools.NewServer("1", remote.Raw).Run(ctx, &mcp.StdioTransport{}); ctx.Err() == nil {
		return err
	}
	return nil // whoever started it has ended it
}
