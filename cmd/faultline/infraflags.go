package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"faultline"
	"faultline/ingest/infra"
)

// infraFlags say by what infrastructure is recognised: signatures (names, headers, networks)
// and address ranges.
type infraFlags struct {
	Signatures []string `sep:"," placeholder:"FILE" env:"FAULTLINE_SIGNATURES" help:"Table of signatures by which infrastructure is recognised (JSON), which adds to or replaces entries of the built-in one, separated by commas; later ones win."`
	Ranges     string   `placeholder:"FILE" type:"path" env:"FAULTLINE_RANGES" help:"Address ranges that providers publish, as 'infra refresh' writes them; without it ranges.json in the state directory, if it exists."`
}

// loadProviders reads the built-in table of providers and lays those of the files over it: an
// entry of a file replaces the built-in one of the same slug. The sites that a provider runs
// for itself come from the catalogue, by the owner that it names for each site.
func loadProviders(files []string, catalog infra.MergedCatalog) (*faultline.Providers, error) {
	table, err := infra.BuiltinProviders()
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		own, err := readFile("providers", name, infra.ReadProviders)
		if err != nil {
			return nil, err
		}
		if table, err = table.Over(own); err != nil {
			return nil, usageError{fmt.Errorf("--providers %s: %w", name, err)}
		}
	}
	return faultline.NewProviders(table.List(catalog.Entries())), nil
}

// loadCatalogs reads the built-in catalogue and lays those of the files over it. With no
// files, and in tests, this is the built-in catalogue alone.
func loadCatalogs(files []string) (infra.MergedCatalog, error) {
	all, err := readLayers("catalog", files, infra.BuiltinCatalog, infra.Read)
	return infra.MergeCatalogs(all...), err
}

// table reads the built-in signatures and lays those of the files over them.
func (f infraFlags) table() (infra.Signatures, error) {
	layers, err := readLayers("signatures", f.Signatures, infra.BuiltinSignatures, infra.ReadSignatures)
	if err != nil {
		return infra.Signatures{}, err
	}
	table := layers[0]
	for _, own := range layers[1:] {
		table = table.Over(own)
	}
	return table, nil
}

// matcher joins the signatures, the address ranges of the state directory, and the sources
// that the caller has opened (from), into what infers components from an observation.
func (f infraFlags) matcher(from infra.Sources, stateDir string) (*infra.Matcher, error) {
	table, err := f.table()
	if err != nil {
		return nil, err
	}
	if from.Ranges, err = f.ranges(stateDir); err != nil {
		return nil, err
	}
	m, err := infra.NewMatcher(table, from)
	if err != nil {
		return nil, usageError{fmt.Errorf("--signatures: %w", err)}
	}
	return m, nil
}

// rangesFile is the file that infra refresh writes and every other command reads: the one
// that is named, or ranges.json in the state directory.
func rangesFile(named, stateDir string) string {
	if named != "" {
		return named
	}
	return filepath.Join(stateDir, "ranges.json")
}

// ranges reads the file of address ranges. It is nil if there is none, and then regions of
// clouds are inferred from names alone. A file that was named and is missing is an error.
func (f infraFlags) ranges(stateDir string) (*infra.Ranges, error) {
	name := rangesFile(f.Ranges, stateDir)
	if _, err := os.Stat(name); f.Ranges == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return readFile("ranges", name, infra.LoadRanges)
}
