package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"faultline/atomicfile"
	"faultline/store"
	"faultline/store/archive"
	"faultline/store/redisd"
)

// backupCmd writes a backup. It may run while nodes run, because it only reads. The format
// and its guarantees are those of store.Backup.
type backupCmd struct {
	Output string `short:"o" default:"-" placeholder:"FILE" env:"FAULTLINE_BACKUP_OUTPUT" help:"File to write to; - is standard output. An existing file is replaced only once the backup is complete."`
	Since  string `placeholder:"FILE" env:"FAULTLINE_BACKUP_SINCE" help:"A full backup made earlier. Only what has changed since then is written, and restore needs both files."`
	redisFlags
	logFlags
}

// Help is the longer text of --help.
func (backupCmd) Help() string {
	return `Writes everything that Redis keeps for Faultline, from any machine that reaches it and while nodes run: ` +
		`the state of the fold, the log, all incidents with their revisions, charts, webhooks and revoked tokens. ` +
		`Incidents that were moved into files are read from the state directory, or from the nodes that run. ` +
		`The keys of pseudonyms are left out, and so are the keys that tokens are signed with: those lie in the ` +
		`state directory.`
}

// AfterApply refuses flags that contradict each other, before Redis is contacted.
func (c *backupCmd) AfterApply() error { return c.redisFlags.check() }

// Run writes to standard output, or to a file that replaces the old one only when it is complete: a
// backup that was interrupted must not destroy the last good one.
func (c backupCmd) Run(ctx context.Context, w world) error {
	url, stop, err := storedLog(ctx, c.redisFlags, c.logger(w.stderr))
	if err != nil {
		return err
	}
	defer stop()
	if c.Output == "-" {
		return c.write(ctx, url, w.stdout)
	}
	f, err := atomicfile.Create(c.Output)
	if err != nil {
		return usageError{fmt.Errorf("--output: %w", err)}
	}
	// After Commit this does nothing.
	defer f.Abandon()
	if err := c.write(ctx, url, f); err != nil {
		return err
	}
	return f.Commit()
}

// write writes the whole, or what has changed since a backup.
func (c backupCmd) write(ctx context.Context, url string, to io.Writer) error {
	st, err := store.Open(ctx, store.Config{URL: url, Durable: true})
	if err != nil {
		return err
	}
	defer st.Close()
	// Incidents of long ago are no longer in Redis. They are read from this machine's files,
	// or from a node that has them, so that a backup is whole wherever it is made.
	archived := archive.Reader(filepath.Join(c.StateDir, archiveDir), st, time.Now)
	if c.Since == "" {
		return store.Backup(ctx, url, archived, to)
	}
	since, err := os.Open(c.Since)
	if err != nil {
		return usageError{fmt.Errorf("--since: %w", err)}
	}
	defer since.Close()
	return store.BackupSince(ctx, url, archived, since, to)
}

// restoreCmd reads a backup into a Redis that holds nothing of Faultline. It is the way back
// after Redis came up empty; docs/runbook.md says when to use it.
type restoreCmd struct {
	File string `arg:"" help:"File that backup has written; - is standard input."`
	Then string `placeholder:"FILE" env:"FAULTLINE_RESTORE_THEN" help:"A file that backup --since has made from FILE; it is read after it."`
	redisFlags
	logFlags
}

// Help is the longer text of --help.
func (restoreCmd) Help() string {
	return `Reads a backup into a Redis that holds nothing of Faultline. No serve may run on it meanwhile. ` +
		`The incidents, their revisions and the answers are those of the backup, to the byte.`
}

// AfterApply refuses flags that contradict each other, before Redis is contacted.
func (c *restoreCmd) AfterApply() error { return c.redisFlags.check() }

// Run restores a full backup, and with --then what has changed since. A Redis that holds a log
// already is refused by the store, because two histories could not be told apart again.
func (c restoreCmd) Run(ctx context.Context, w world) error {
	in := io.Reader(os.Stdin)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return usageError{err}
		}
		defer f.Close()
		in = f
	}
	url, stop, err := storedLog(ctx, c.redisFlags, c.logger(w.stderr))
	if err != nil {
		return err
	}
	defer stop()
	if c.Then == "" {
		return store.Restore(ctx, url, in)
	}
	then, err := os.Open(c.Then)
	if err != nil {
		return usageError{fmt.Errorf("--then: %w", err)}
	}
	defer then.Close()
	return store.Restore(ctx, url, in, then)
}

// storedLog is the Redis that holds the log, or is to hold it: the one that is named, or the
// private one of the state directory, which is started unless a serve runs it. The private
// server is given the time that loading its files takes (redisd.Loaded): an operator who
// makes a backup would rather wait than be refused. stop ends only a server that this command
// started, never the one of a running serve.
func storedLog(ctx context.Context, f redisFlags, log *slog.Logger) (url string, stop func(), err error) {
	if f.RedisURL == "" {
		if _, err := exec.LookPath("redis-server"); err != nil {
			return "", nil,
				usageError{
					errors.New("--redis-url: is needed: there is no redis-server on the PATH, hence no private one")}
		}
	}
	back, err := openBackend(ctx, f, redisd.Loaded, log, nil)
	// A running serve holds the lock of the directory, and its Redis can be used beside
	// it.
	if errors.Is(err, redisd.ErrInUse) {
		url, err = redisd.URL(f.StateDir)
		return url, func() {}, err
	}
	if err != nil {
		return "", nil, err
	}
	return back.url, back.stop, nil
}
