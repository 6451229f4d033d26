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

// statementFlags say which status pages of providers are read, and how often. What they say
// is shown beside an incident and never counts as evidence.
type statementFlags struct {
	Statements      []string      `sep:"," placeholder:"FILE" env:"FAULTLINE_STATEMENTS" help:"List of providers' status pages (JSON) that adds to or replaces entries of the built-in one, separated by commas; later ones win."`
	StatementsEvery time.Duration `default:"1m" env:"FAULTLINE_STATEMENTS_EVERY" help:"How often the leader reads each status page, 30s to 1h. 0 turns this off."`
}

// check bounds how often pages are read. Oftener than every 30 seconds would be rude to the
// pages, which are busiest during an outage.
func (f statementFlags) check() error {
	if f.StatementsEvery == 0 {
		return nil
	}
	return within("statements-every", f.StatementsEvery, 30*time.Second, time.Hour)
}

// load reads the built-in list and lays those of the files over it. The result is empty when
// --statements-every is 0, but the files are still checked.
func (f statementFlags) load() ([]statements.Source, error) {
	lists, err := readLayers("statements", f.Statements, statements.Builtin, statements.Load)
	if err != nil || f.StatementsEvery == 0 {
		return nil, err
	}
	return statements.Over(lists...), nil
}

// userAgent is the User-Agent (RFC 9110, 10.1.5) of requests to status pages and of infra
// explain. It has the version, so that owners of servers can tell us which one misbehaves.
func userAgent() string {
	version := "dev"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	return "Faultline/" + version
}

// readLayers reads the built-in table and those of the files that a flag names. They are
// returned in their order, the built-in one first: how a later one wins over an earlier one
// is up to the caller, because tables differ in what identifies an entry.
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

// readFile reads a file that a flag names, by a function that parses it. Package textfile
// unpacks it and makes UTF-8 of it, since people compress large tables, and editors on
// Windows save other encodings. Errors name the flag and the file, and end with code 2.
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
