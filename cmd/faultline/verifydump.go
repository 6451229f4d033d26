package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"faultline/dump"
)

// dumpIn is the directory of a day of open data, if a name is that of one or of a file in it.
func dumpIn(name string) (string, bool) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return name, true
	}
	dir, file := filepath.Split(name)
	dir = filepath.Clean(dir)
	if slices.Contains(dump.OwnFiles, file) {
		return dir, true
	}
	m, err := dump.ReadManifest(dir)
	return dir, err == nil && slices.ContainsFunc(m.Files, func(f dump.File) bool { return f.Name == file })
}

// dump verifies a day of open data.
func (c verifyCmd) dump(w world, dir string) error {
	if c.Then != "" || c.Proof != "" {
		return usageError{errors.New("--then, --proof: a day of open data has all that it needs beside it")}
	}
	r, err := dump.Verify(dir, c.Key)
	if err != nil {
		return usageError{err}
	}
	for _, fault := range r.Faults {
		fmt.Fprintf(w.stdout, "DIFFERS: %s\n", fault)
	}
	if r.More > 0 {
		fmt.Fprintf(w.stdout, "… and %d more\n", r.More)
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(w.stdout, "Not there, and not compared: %s\n", strings.Join(r.Missing, ", "))
	}
	signed := "no signed record"
	if r.Origin != "" {
		signed = fmt.Sprintf("the head of %d entries of %s", r.Size, r.Origin)
	}
	own := ""
	if c.Key == "" && r.Key != "" {
		own = "; the key is the manifest's own: " + r.Key
	}
	fmt.Fprintf(w.stdout,
		"%s: %d files, %d revisions, the hashes of %d and the lines of %d proven by %s: %d faults%s\n",
		r.Day, r.Files, r.Revisions, r.Proven, r.Lines, signed, len(r.Faults)+r.More, own)
	if len(r.Faults) > 0 {
		return exitError{exitFailing}
	}
	return nil
}
