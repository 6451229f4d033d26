package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"faultline/board"
	"faultline/dump"
	"faultline/node"
	"faultline/record"
	"faultline/store"
	"faultline/store/archive"
)

// dumpCmd writes the public data of one day, as nodes do by themselves each night. It is for
// days that no node wrote, and for publishers who want the files elsewhere.
type dumpCmd struct {
	Output  string   `short:"o" required:"" placeholder:"DIR" env:"FAULTLINE_DUMP_OUTPUT" help:"Directory to write into. The files are put into a directory in it that is named by the day."`
	Day     string   `placeholder:"DAY" env:"FAULTLINE_DUMP_DAY" help:"Day to write (UTC), such as 2026-11-29. Yesterday by default."`
	Catalog []string `sep:"," placeholder:"FILE" env:"FAULTLINE_CATALOG" help:"Catalogue of sites (JSON) that adds to or replaces entries of the built-in one, separated by commas."`
	redisFlags
	logFlags
}

// Help is the longer text of --help.
func (dumpCmd) Help() string {
	return `Writes what is public of one day as open data: the incidents of the day with their revisions, hours of ` +
		`each site, the sites with what they depend on, and what proves the revisions, as a node does by itself ` +
		`each night. ` +
		`README.txt among the files says how to load them. The list of sites is that of the catalogues, and what the ` +
		`node of the state directory has added to it. ` +
		`Incidents that were moved into files are read from the state directory, or from the nodes that run. ` +
		`Counts that fewer than five people may have made are left out. serve may run meanwhile.`
}

// AfterApply refuses flags that contradict each other, before Redis is contacted.
func (c *dumpCmd) AfterApply() error { return c.redisFlags.check() }

// Run writes the files of one day into a directory of its own, and the checksums last: whoever
// finds them can rely on all the files being there.
func (c dumpCmd) Run(ctx context.Context, w world) error {
	// Days are those of UTC everywhere, so that the files of two operators can be compared.
	day := time.Now().UTC().AddDate(0, 0, -1)
	if c.Day != "" {
		var err error
		if day, err = time.Parse(time.DateOnly, c.Day); err != nil {
			return usageError{fmt.Errorf("--day: %q is no day such as 2026-11-29", c.Day)}
		}
	}
	sites, err := c.sites()
	if err != nil {
		return err
	}
	dir := filepath.Join(c.Output, day.Format(time.DateOnly))
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // what is in it is public
		return usageError{fmt.Errorf("--output: %w", err)}
	}
	url, stop, err := storedLog(ctx, c.redisFlags, c.logger(w.stderr))
	if err != nil {
		return err
	}
	defer stop()
	st, err := store.Open(ctx, store.Config{URL: url})
	if err != nil {
		return err
	}
	m, err := c.write(ctx, w, dir, day, st, sites)
	if err = errors.Join(err, st.Close()); err != nil {
		return err
	}
	for _, f := range m.Files {
		if f.Rows > 0 {
			fmt.Fprintf(w.stdout, "%s: %d rows, %d bytes\n", filepath.Join(dir, f.Name), f.Rows, f.Bytes)
		}
	}
	return nil
}

// write writes a dump of what is in Redis and in the archive. Files of the archive that this
// machine lacks are fetched from other nodes into a scratch directory, which is removed
// again: a dump must not change what a node holds.
func (c dumpCmd) write(ctx context.Context, w world, dir string, day time.Time, st *store.Store,
	sites []dump.Site) (m dump.Manifest, err error) {
	scratch, err := os.MkdirTemp("", "faultline-dump-*")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	from, err := archive.Borrowed(ctx, filepath.Join(c.StateDir, archiveDir), scratch, st, time.Now,
		c.logger(w.stderr))
	if err != nil {
		return m, err
	}
	// Without a key it signs nothing, and proves what others have signed.
	keeper := record.NewKeeper(record.KeeperConfig{Source: st, Now: time.Now, Log: c.logger(w.stderr)})
	if err := keeper.Follow(ctx); err != nil {
		return m, fmt.Errorf("read the record: %w", err)
	}
	return dump.Write(ctx, dir, dump.Day{Day: day, From: from, Sites: sites, Record: keeper})
}

// sites are those of the catalogues, and those that a node of the state directory has added
// from what its probes observed. Without a node's snapshot the catalogues alone are used.
func (c dumpCmd) sites() ([]dump.Site, error) {
	catalog, err := loadCatalogs(c.Catalog)
	if err != nil {
		return nil, err
	}
	records, err := board.ReadMap(filepath.Join(c.StateDir, snapshotFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, usageError{fmt.Errorf("--state-dir: %w", err)}
	}
	return node.DumpedSites(catalog, records), nil
}
