package main

import (
	"bufio"
	"context"
	"errors"
	"os/exec"

	"faultline"
	"faultline/replica"
	"faultline/store"
	"faultline/store/redisd"
)

// exportCmd prints the log as event lines, from which replay computes the same incidents. It
// is for finding out why a deployment published what it did: the lines can be replayed on
// another machine, with another version.
type exportCmd struct {
	redisFlags
	logFlags
}

// Help is the longer text of --help.
func (exportCmd) Help() string {
	return `Prints what the log holds just now, one event a line (NDJSON), the line that names the log first, ` +
		`and may be run while serve does. The ticks are among the lines, so that replay folds them as serve has. ` +
		`A log that is older than an hour has lost its beginning and can't be exported whole.`
}

// AfterApply refuses flags that contradict each other, before Redis is contacted.
func (c *exportCmd) AfterApply() error { return c.redisFlags.check() }

// Run reads from the private Redis of a serve that runs, or starts one on its files if none does.
func (c exportCmd) Run(ctx context.Context, w world) error {
	log := c.logger(w.stderr)
	if c.RedisURL == "" {
		if _, err := exec.LookPath("redis-server"); err != nil {
			return usageError{
				errors.New(
					"--redis-url: is needed: there is no redis-server on the PATH, hence no private one that could " +
						"hold a log")}
		}
	}
	back, err := openBackend(ctx, c.redisFlags, redisd.Loaded, log, nil)
	if errors.Is(err, redisd.ErrInUse) { // a running serve has it, and may go on with it
		back = &backend{durable: true, stop: func() {}}
		back.url, err = redisd.URL(c.StateDir)
	}
	if err != nil {
		return err
	}
	defer back.stop()
	st, err := store.Open(ctx, store.Config{URL: back.url, Durable: back.durable})
	if err != nil {
		return err
	}
	defer st.Close()
	// 64 KiB a write: a log has millions of lines of some hundred bytes.
	out := bufio.NewWriterSize(w.stdout, 1<<16)
	if err := replica.Export(ctx, st, printTo(out)); err != nil {
		return err
	}
	return out.Flush()
}

// printTo returns a function that writes each event as a line. It reuses one buffer, because
// a line is made for each of millions of events; the function must not be called by two
// goroutines.
func printTo(out *bufio.Writer) func(faultline.Event) error {
	var line []byte
	return func(ev faultline.Event) (err error) {
		if line, err = faultline.AppendLine(line[:0], ev); err != nil {
			return err
		}
		_, err = out.Write(line)
		return err
	}
}
