package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"faultline/api/token"
	"faultline/atomicfile"
	"faultline/correlate"
	"faultline/doctor"
	"faultline/ingest"
	"faultline/ingest/infra"
	"faultline/store"
	"faultline/store/archive"
	"faultline/store/redisd"
	"faultline/tlsfiles"
	"faultline/trace"
)

// doctorCmd examines a deployment from the machine of a node, with the flags that serve has
// there. This file gathers facts; what each fact means, and what to do about it, is in
// package doctor, which can be tested without a deployment.
type doctorCmd struct {
	redisFlags
	AddressDB []string `name:"address-db" sep:"," placeholder:"FILE" env:"FAULTLINE_ADDRESS_DB" help:"The address databases of serve, to say how old they are, separated by commas."`
	Ranges    string   `placeholder:"FILE" type:"path" env:"FAULTLINE_RANGES" help:"The address ranges of serve; without it ranges.json in the state directory, if it exists."`
	tlsFlags
	collectorFlags
	JSON bool `name:"json" env:"FAULTLINE_DOCTOR_JSON" help:"Print one JSON object instead of lines."`
	logFlags
}

// doctorLimit bounds the whole examination. A Redis that does not answer is a finding, and
// must not hold up the others.
const doctorLimit = 30 * time.Second

// Help is the longer text of --help.
func (doctorCmd) Help() string {
	return `Says for Redis, the log, the keys, the files and the vantages what is right, what is wrong and what ` +
		`to do about it. Run it where serve runs, with the same environment; serve may run meanwhile. It changes ` +
		`nothing but one key of Redis that lives for a minute, and a file in the state directory that is removed ` +
		`at once, to see whether writes are taken. ` +
		`Exit codes: 0 nothing is wrong; 1 something is; 2 it was asked wrongly.`
}

// AfterApply refuses flags that contradict each other, before Redis is contacted.
func (c *doctorCmd) AfterApply() error {
	// The first error alone: one mistake at a time can be mended.
	return cmp.Or(c.redisFlags.check(), c.tlsFlags.check(), c.collectorFlags.check())
}

// Run examines a deployment and prints what it found, as text or JSON. The exit code is 1
// when anything is wrong, so that doctor can be a step of a deployment.
func (c doctorCmd) Run(ctx context.Context, w world) error {
	ctx, cancel := context.WithTimeout(ctx, doctorLimit)
	defer cancel()
	now := time.Now()
	// One moment for all checks, so that two of them cannot contradict each other about
	// what is old.
	checks, published := c.examineRedis(ctx, now)
	checks = append(checks, doctor.StateDirectory(c.StateDir, tryDirectory(c.StateDir)))
	checks = append(checks, doctor.Keys(c.signingKeys(published)), doctor.AddressDatabases(c.databases(), now),
		doctor.Ranges(c.rangesFile(), now))
	checks = append(checks, doctor.Certificates(c.certificates(), now)...)
	if c.wanted() {
		checks = append(checks, doctor.Collector(c.OTLPEndpoint, c.tryCollector(ctx)))
	}
	report := doctor.NewReport(checks)
	write := report.WriteText
	if c.JSON {
		write = report.WriteJSON
	}
	if err := write(w.stdout); err != nil {
		return err
	}
	if report.Wrong > 0 {
		return exitError{exitFailed}
	}
	return nil
}

// collectorLimit bounds the attempt at the collector.
const collectorLimit = 5 * time.Second

// tryCollector sends the collector no spans.
func (c doctorCmd) tryCollector(ctx context.Context) error {
	headers, err := c.headers()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, collectorLimit)
	defer cancel()
	return trace.Try(ctx, c.OTLPEndpoint, headers)
}

// certificates are those that the flags name, each side of TLS for itself.
func (c doctorCmd) certificates() (all []doctor.Certificate) {
	for _, side := range []struct {
		setting string
		files   tlsfiles.Files
	}{
		{"--tls-cert", tlsfiles.Files{Cert: c.TLSCert, Key: c.TLSKey}},
		{"--tls-client-ca", tlsfiles.Files{CA: c.TLSClientCA}},
		{"--redis-cert", tlsfiles.Files{Cert: c.RedisCert, Key: c.RedisKey}},
		{"--redis-ca", tlsfiles.Files{CA: c.RedisCA}},
	} {
		if side.files == (tlsfiles.Files{}) {
			continue
		}
		found := doctor.Certificate{Setting: side.setting, File: cmp.Or(side.files.Cert, side.files.CA)}
		loaded, err := side.files.Load()
		if found.Err = err; err == nil {
			found.Ends = loaded.CAsEnd
			if loaded.Certificate != nil {
				found.Ends = loaded.Ends()
			}
		}
		all = append(all, found)
	}
	return all
}

// examineRedis checks Redis and what lies in it, and returns how many public keys do. Each
// step that fails becomes a check of its own that says so, and ends this part: without Redis
// nothing after it could be examined.
func (c doctorCmd) examineRedis(ctx context.Context, now time.Time) (checks []doctor.Check, published int) {
	url, err := c.existing()
	if err != nil {
		return []doctor.Check{doctor.Unreachable(err)}, 0
	}
	st, err := store.Open(ctx, store.Config{URL: url, Durable: true})
	if err != nil {
		return []doctor.Check{doctor.Unreachable(store.Reason(err))}, 0
	}
	defer st.Close()
	found, err := st.Inspect(ctx, time.Now)
	if err != nil {
		return []doctor.Check{doctor.Unreachable(store.Reason(err))}, 0
	}
	checks = append(doctor.Redis(found), doctor.Writable(store.Reason(st.TryWrite(ctx))))
	checkpoints, err := readCheckpoints(ctx, st)
	if err != nil {
		return append(checks, doctor.Unreadable("checkpoint", err)), 0
	}
	// The age is measured on the clock of Redis: a machine whose clock is wrong would
	// call a fresh checkpoint old.
	checks = append(checks, doctor.Checkpoints(checkpoints, now.Add(-found.Offset)))
	vantages, err := st.Vantages(ctx, now)
	added, err2 := st.AddedVantages(ctx)
	if err = errors.Join(err, err2); err != nil {
		return append(checks, doctor.Unreadable("vantages", err)), 0
	}
	keys, err := st.PublicKeys(ctx, now)
	if err != nil {
		return append(checks, doctor.Unreadable("public keys", err)), 0
	}
	checks = append(checks, doctor.Vantages(vantages, added, now), doctor.Archived(c.archived(ctx, st, now)))
	return checks, len(keys)
}

// archived compares the archive of the state directory with what Redis lists. A file that is
// missing here may be on another node, which is why the number of nodes that keep files is
// counted too.
func (c doctorCmd) archived(ctx context.Context, st *store.Store, now time.Time) doctor.Archive {
	found := doctor.Archive{Dir: filepath.Join(c.StateDir, archiveDir)}
	segments, err := st.Segments(ctx)
	nodes, err2 := st.Holdings(ctx, now)
	if found.Err = errors.Join(err, err2); found.Err != nil {
		return found
	}
	found.Files, found.Nodes = len(segments), len(nodes)
	for _, seg := range segments {
		found.Incidents += seg.Incidents
		// Intact compares length and checksum: damage on disk is found here and not by a
		// reader years later.
		switch err := archive.Intact(found.Dir, seg); {
		case errors.Is(err, fs.ErrNotExist):
			found.Missing++
		case err != nil:
			found.Damaged++
		}
	}
	return found
}

// existing is the Redis that holds the log. None is started: the private one is that of a
// serve that runs. Starting one would answer for a deployment that nobody runs.
func (c doctorCmd) existing() (string, error) {
	if c.RedisURL != "" {
		return c.RedisURL, nil
	}
	if _, err := os.Stat(filepath.Join(c.StateDir, "redis")); err != nil {
		return "", fmt.Errorf("--redis-url is not set, and there is no private Redis in %s", c.StateDir)
	}
	return redisd.URL(c.StateDir)
}

// readCheckpoints reads every stored checkpoint, and restores each into an engine as a node
// that starts would. That it can be read is not enough: the newest might be of a version that
// this program does not know.
func readCheckpoints(ctx context.Context, st *store.Store) ([]doctor.Checkpoint, error) {
	generations, err := st.Generations(ctx)
	if err != nil {
		return nil, err
	}
	var all []doctor.Checkpoint
	for _, g := range generations {
		cp, err := st.ReadGeneration(ctx, g)
		if err == nil {
			_, err = correlate.Restore(correlate.Config{}, cp.Whole())
		}
		all = append(all, doctor.Checkpoint{Name: g.Name, SavedAt: cp.SavedAt, Err: err})
	}
	return all, nil
}

// tryDirectory writes a file into a directory and removes it: a full disk still takes an empty one.
func tryDirectory(dir string) error {
	f, err := atomicfile.Create(filepath.Join(dir, "doctor"))
	if err != nil {
		return err
	}
	defer f.Abandon()
	if _, err := f.Write(make([]byte, os.Getpagesize())); err != nil {
		return err
	}
	return f.Sync()
}

// signingKeys counts the signing keys of the state directory beside those that nodes have
// published. It makes no key where there is none, although LoadOrCreate would: an examination
// changes nothing.
func (c doctorCmd) signingKeys(published int) doctor.SigningKeys {
	found := doctor.SigningKeys{Dir: filepath.Join(c.StateDir, "keys"), Published: published}
	files, err := filepath.Glob(filepath.Join(found.Dir, "*.pem"))
	if err != nil || len(files) == 0 {
		found.Err = err
		return found
	}
	keys, err := token.LoadOrCreate(found.Dir, "", time.Now)
	if err != nil {
		found.Err = err
		return found
	}
	found.Here = len(keys.Public())
	return found
}

// databases says of each address database when it was built. One that cannot be read is a finding
// and not an error of the command.
func (c doctorCmd) databases() (all []doctor.Database) {
	for _, file := range c.AddressDB {
		built, err := ingest.PlacesBuilt(file)
		all = append(all, doctor.Database{File: file, Built: built, Err: err})
	}
	return all
}

// rangesFile says when the address ranges of clouds were fetched. It is nil where the default
// file does not exist, because ranges are optional; a file that was named and is missing is a
// finding.
func (c doctorCmd) rangesFile() *doctor.Database {
	d := &doctor.Database{File: rangesFile(c.Ranges, c.StateDir)}
	body, err := os.ReadFile(d.File)
	if errors.Is(err, fs.ErrNotExist) && c.Ranges == "" {
		return nil
	}
	var file infra.RangeFile
	if err == nil {
		err = json.Unmarshal(body, &file)
	}
	if err == nil {
		d.Built, err = time.Parse(time.RFC3339, file.AsOf)
	}
	d.Err = err
	return d
}
