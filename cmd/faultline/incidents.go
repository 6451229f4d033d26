package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"faultline"
	"faultline/api/client"
	"faultline/transcript"
)

// remoteFlags say which Faultline is asked, for which incidents, and in which form they are
// printed. They are the query of /v1/incidents, whose filters docs/api.md explains.
type remoteFlags struct {
	URL      string   `name:"url" default:"http://127.0.0.1:8080" env:"FAULTLINE_URL" help:"Address of the Faultline server to ask."`
	State    []string `sep:"," placeholder:"STATE" env:"FAULTLINE_QUERY_STATE" help:"Incidents in these states, such as open, separated by commas."`
	Cause    string   `placeholder:"COMPONENT" env:"FAULTLINE_QUERY_CAUSE" help:"Incidents with this component as their cause, such as cdn:fastly. none selects incidents without a cause."`
	Kind     string   `placeholder:"KIND" env:"FAULTLINE_QUERY_KIND" help:"Incidents whose cause is of this kind, such as cdn."`
	Provider string   `placeholder:"NAME" env:"FAULTLINE_QUERY_PROVIDER" help:"Incidents whose cause is run by this provider, such as aws."`
	Site     string   `placeholder:"SITE" env:"FAULTLINE_QUERY_SITE" help:"Incidents that affect this site."`
	Country  string   `placeholder:"XX" env:"FAULTLINE_QUERY_COUNTRY" help:"Incidents that affect this country."`
	JSON     bool     `name:"json" env:"FAULTLINE_QUERY_JSON" help:"Print each as one JSON object a line."`
}

// query is what the flags select, as the API's parameters. Values are not checked here: the
// server knows which states and kinds there are, and names what is wrong.
func (f remoteFlags) query() client.Query {
	return client.Query{States: f.State, Cause: f.Cause, Kind: f.Kind, Provider: f.Provider, Site: f.Site,
		Country: f.Country}
}

// open makes a client of the server. No request is sent yet.
func (f remoteFlags) open() (*client.Client, error) {
	c, err := client.New(f.URL)
	if err != nil {
		return nil, usageError{fmt.Errorf("--url: %w", err)}
	}
	return c, nil
}

// print writes one incident for a person, or for a program. The line for a person is the same
// as that of replay --tell, so that the two can be compared.
func (f remoteFlags) print(w io.Writer, inc faultline.Incident) error {
	if f.JSON {
		line, err := json.Marshal(inc)
		if err == nil {
			_, err = fmt.Fprintf(w, "%s\n", line)
		}
		return err
	}
	_, err := fmt.Fprintln(w, transcript.Line(inc))
	return err
}

// refusedQuery makes a mistake of the caller out of a query that the server refused with 400,
// so that it ends with code 2 and not with 1. Other errors are returned as they are.
func refusedQuery(err error) error {
	var p *client.Problem
	if errors.As(err, &p) && p.Status == 400 {
		return usageError{p}
	}
	return err
}

// warnOfCoverage says on standard error what is not observed, so that an empty list is not mistaken
// for "all is well".
func warnOfCoverage(ctx context.Context, remote *client.Client, w world) error {
	coverage, err := remote.Coverage(ctx)
	if err != nil {
		return refusedQuery(err)
	}
	return printCoverage(coverage, w)
}

// printCoverage prints the note of a coverage on standard error, if it has one. The note says
// what is not observed; watch prints it whenever it changes.
func printCoverage(coverage faultline.Coverage, w world) (err error) {
	if coverage.Note != "" {
		_, err = fmt.Fprintf(w.stderr, "faultline: %s\n", coverage.Note)
	}
	return err
}

// incidentsCmd prints the incidents of a server once.
type incidentsCmd struct {
	remoteFlags
	Limit int `default:"20" env:"FAULTLINE_QUERY_LIMIT" help:"How many incidents to print at most, newest onset first."`
}

// Run prints incidents that a Faultline knows.
func (c incidentsCmd) Run(ctx context.Context, w world) error {
	remote, err := c.open()
	if err != nil {
		return err
	}
	if err := warnOfCoverage(ctx, remote, w); err != nil {
		return err
	}
	n := 0
	for inc, err := range remote.Incidents(ctx, c.query()) {
		if err != nil {
			return refusedQuery(err)
		}
		if n++; n > c.Limit {
			return nil
		}
		if err := c.print(w.stdout, inc); err != nil {
			return err
		}
	}
	return nil
}

// watchCmd prints changes until it is ended. It reads the event stream of the API
// (/v1/stream) and resumes by the id of the last event, which client.Watch does.
type watchCmd struct{ remoteFlags }

// Help is the longer text of --help.
func (watchCmd) Help() string {
	return `Prints what is open now, then each change as it happens, until it is ended. After a break it goes on ` +
		`where it was; if changes were lost it says so on standard error.`
}

// Run prints changes as they happen.
func (c watchCmd) Run(ctx context.Context, w world) error {
	remote, err := c.open()
	if err != nil {
		return err
	}
	err = remote.Watch(ctx, c.query(), func(change client.Watched) error {
		if change.Reset {
			_, err := fmt.Fprintln(w.stderr,
				"faultline: changes were lost; what is open now follows with the next change")
			return err
		}
		if change.Coverage != nil {
			return printCoverage(*change.Coverage, w)
		}
		return c.print(w.stdout, *change.Incident)
	})
	if errors.Is(err, context.Canceled) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return refusedQuery(err)
}
