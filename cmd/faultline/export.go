package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"faultline"
	"faultline/store"
)

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

func (c exportCmd) AfterApply() error { return checkRedisURL(c.RedisURL) }

func (c exportCmd) Run(ctx context.Context, w world) error {
	log := c.logger(w.stderr)
	if c.RedisURL == "" {
		if _, err := exec.LookPath("redis-server"); err != nil {
			return usageError{errors.New("--redis-url: is needed: there is no redis-server on the PATH, hence no private one that could hold a log")}
		}
	}
	back, err := openBackend(ctx, c.redisFlags, log, nil)
	if errors.Is(err, errInUse) {
		back, err = joinPrivate(c.StateDir)
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
	out := bufio.NewWriterSize(w.stdout, 1<<16)
	if err := exportLog(ctx, st, out); err != nil {
		return err
	}
	return out.Flush()
}

// exportPatience is for how long a Redis that does not answer is asked again.
const exportPatience = 5 * time.Second

// patiently does what Redis may be too busy for just now.
func patiently(ctx context.Context, do func() error) error {
	ctx, cancel := context.WithTimeout(ctx, exportPatience)
	defer cancel()
	for {
		err := do()
		if judgeWrite(err) != writeAgain || !pause(ctx, writeRetry) {
			return err
		}
	}
}

// exportLog writes every event from the start of the log to its present end.
func exportLog(ctx context.Context, st *store.Store, out *bufio.Writer) error {
	var tail store.Pos
	if err := patiently(ctx, func() (err error) { tail, err = st.LogTail(ctx); return err }); err != nil {
		return fmt.Errorf("export the log: %w", err)
	}
	reader, pos := st.Reader(store.Cursor{}), store.Pos{}
	var line []byte
	for tail.After(pos) {
		var batches []store.Batch
		err := patiently(ctx, func() (err error) { batches, err = reader.Next(ctx, 0); return err })
		if errors.Is(err, store.ErrTrimmed) && pos.IsZero() {
			return fmt.Errorf("export the log: its beginning is no longer kept: %w", err)
		}
		if err != nil {
			return fmt.Errorf("export the log: %w", err)
		}
		for _, b := range batches {
			if b.Pos.After(tail) {
				return nil
			}
			for _, ev := range b.Events {
				if line, err = faultline.AppendLine(line[:0], ev); err != nil {
					return err
				}
				if _, err := out.Write(line); err != nil {
					return err
				}
			}
		}
		next := reader.Cursor().Pos
		if next == pos {
			return errors.New("export the log: it went away meanwhile")
		}
		pos = next
	}
	return nil
}
