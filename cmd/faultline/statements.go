package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"faultline/ingest/statements"
	"faultline/replica"

	"github.com/prometheus/client_golang/prometheus"
)

// statementFlags say which status pages are read.
type statementFlags struct {
	Statements      []string      `sep:"," placeholder:"FILE" env:"FAULTLINE_STATEMENTS" help:"List of providers' status pages (JSON) that is laid over the built-in one, page by page; several with commas, the later ones on top."`
	StatementsEvery time.Duration `default:"1m" env:"FAULTLINE_STATEMENTS_EVERY" help:"How often the leader asks a status page what its provider says, 30s to 1h; 0 asks none."`
}

// check refuses what would be rude to the pages.
func (f statementFlags) check() error {
	if f.StatementsEvery == 0 {
		return nil
	}
	return within("statements-every", f.StatementsEvery, 30*time.Second, time.Hour)
}

// load reads the built-in list and lays those of the files over it; none when
// nobody is to be asked.
func (f statementFlags) load() ([]statements.Source, error) {
	builtin, err := statements.Builtin()
	if err != nil {
		return nil, err
	}
	lists := [][]statements.Source{builtin}
	for _, name := range f.Statements {
		list, err := readFile("statements", name, statements.Load)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	if f.StatementsEvery == 0 {
		return nil, nil
	}
	return statements.Over(lists...), nil
}

// statementsDuty asks the pages for as long as this node leads, and puts what
// providers say of themselves into the log.
func (f statementFlags) statementsDuty(sources []statements.Source, log *slog.Logger, reg prometheus.Registerer) replica.Duty {
	metrics := statements.NewMetrics(reg)
	return replica.Duty{Name: "statements", Run: func(ctx context.Context, t *replica.Term) error {
		if len(sources) == 0 {
			return nil
		}
		return statements.NewPoller(statements.Config{Sources: sources, Every: f.StatementsEvery, Agent: userAgent(),
			Now: time.Now, Log: log, Metrics: metrics, Append: t.Append}).Run(ctx)
	}}
}

// userAgent is how we call ourselves to others' servers.
func userAgent() string {
	version := "dev"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	return "Faultline/" + version
}

// readFile reads a file that a flag names.
func readFile[T any](flag, name string, read func(io.Reader) (T, error)) (v T, err error) {
	f, err := os.Open(name)
	if err != nil {
		return v, usageError{fmt.Errorf("--%s: %w", flag, err)}
	}
	defer f.Close()
	if v, err = read(f); err != nil {
		return v, usageError{fmt.Errorf("--%s: %s: %w", flag, name, err)}
	}
	return v, nil
}
