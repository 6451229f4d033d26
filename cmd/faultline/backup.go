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

	"faultline/store"
	"faultline/store/redisd"
)

type backupCmd struct {
	Output string `short:"o" default:"-" placeholder:"FILE" env:"FAULTLINE_BACKUP_OUTPUT" help:"File to write to; - is standard output. A file is replaced once the backup is whole."`
	redisFlags
	logFlags
}

// Help is the longer text of --help.
func (backupCmd) Help() string {
	return `Writes everything that Redis keeps for Faultline, from any machine that reaches it and while nodes run: ` +
		`the state of the fold, the log, all incidents with their revisions, charts, webhooks and revoked tokens. ` +
		`The keys of pseudonyms are left out, and so are the keys that tokens are signed with: those lie in the ` +
		`state directory.`
}

func (c *backupCmd) AfterApply() error { return c.redisFlags.check() }

func (c backupCmd) Run(ctx context.Context, w world) error {
	url, stop, err := storedLog(ctx, c.redisFlags, c.logger(w.stderr))
	if err != nil {
		return err
	}
	defer stop()
	if c.Output == "-" {
		return store.Backup(ctx, url, w.stdout)
	}
	f, err := os.CreateTemp(filepath.Dir(c.Output), ".backup-*") // mode 0600
	if err != nil {
		return usageError{fmt.Errorf("--output: %w", err)}
	}
	if err = errors.Join(store.Backup(ctx, url, f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), c.Output)
}

type restoreCmd struct {
	File string `arg:"" help:"File that backup has written; - is standard input."`
	redisFlags
	logFlags
}

// Help is the longer text of --help.
func (restoreCmd) Help() string {
	return `Reads a backup into a Redis that holds nothing of Faultline. No serve may run on it meanwhile. ` +
		`The incidents, their revisions and the answers are those of the backup, to the byte.`
}

func (c *restoreCmd) AfterApply() error { return c.redisFlags.check() }

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
	return store.Restore(ctx, url, in)
}

// storedLog is the Redis that holds the log, or is to hold it: the one that is named, or
// the private one of the state directory, which is started unless a serve runs it.
func storedLog(ctx context.Context, f redisFlags, log *slog.Logger) (url string, stop func(), err error) {
	if f.RedisURL == "" {
		if _, err := exec.LookPath("redis-server"); err != nil {
			return "", nil,
				usageError{
					errors.New("--redis-url: is needed: there is no redis-server on the PATH, hence no private one")}
		}
	}
	back, err := openBackend(ctx, f, redisd.Loaded, log, nil)
	if errors.Is(err, redisd.ErrInUse) {
		url, err = redisd.URL(f.StateDir)
		return url, func() {}, err
	}
	if err != nil {
		return "", nil, err
	}
	return back.url, back.stop, nil
}
