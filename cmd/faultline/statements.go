package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"faultline/ingest/statements"
	"faultline/ingest/textfile"
)

// statementFlags say which status pages are read.
type statementFlags struct {
	Statements      []string      `sep:"," placeholder:"FILE" env:"FAULTLINE_STATEMENTS" help:"List of providers' status pages (JSON) that adds to or replaces entries of the built-in one, separated by commas; later ones win."`
	StatementsEvery time.Duration `default:"1m" env:"FAULTLINE_STATEMENTS_EVERY" help:"How often the leader reads each status page, 30s to 1h. 0 turns this off."`
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
	lists, err := readLayers("statements", f.Statements, statements.Builtin, statements.Load)
	if err != nil || f.StatementsEvery == 0 {
		return nil, err
	}
	return statements.Over(lists...), nil
}

// userAgent is how we call ourselves to others' servers.
func userAgent() string {
	version := "dev"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	return "Faultline/" + version
}

// readLayers reads the built-in table and those of the files that a flag names, which
// are laid over it in their order.
func readLayers[T any](flag string, files []string, builtin func() (T, error), read func(io.Reader) (T, error)) ([]T,
	error) {
	first, err := builtin()
	if err != nil {
		return nil, err
	}
	all := []T{first}
	for _, name := range files {
		own, err := readFile(flag, name, read)
		if err != nil {
			return nil, err
		}
		all = append(all, own)
	}
	return all, nil
}

// readFile reads a file that a flag names.
func readFile[T any](flag, name string, read func(io.Reader) (T, error)) (v T, err error) {
	f, err := os.Open(name)
	if err != nil {
		return v, usageError{fmt.Errorf("--%s: %w", flag, err)}
	}
	defer f.Close()
	text, _, err := textfile.NewReader(f)
	if err == nil {
		v, err = read(text)
	}
	if err != nil {
		return v, usageError{fmt.Errorf("--%s: %s: %w", flag, name, err)}
	}
	return v, nil
}
