package replica

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"faultline"
	"faultline/atomicfile"
	"faultline/store"
)

// ErrOtherLog says that Redis does not hold the log that this node knows. Until a person
// restores it, or has the node accept another log, the node answers from what it has and
// takes nothing.
var ErrOtherLog = errors.New("Redis does not hold the log that this node knows")

// knownLogDirMode: nobody but this user reads which log a node knows, as with all files of
// its state.
const knownLogDirMode = 0o700

// KnownLog is which log a node has seen, kept in a file. By it the node recognises a Redis that
// came back empty, or another one. It is safe for concurrent use.
type KnownLog struct {
	file string // "": it is remembered as long as the process lives

	mu    sync.Mutex
	epoch string // "": none was seen
}

// knownLogFile is what the file holds.
type knownLogFile struct {
	Epoch string `json:"epoch"`
}

// OpenKnownLog reads what a file says; "" is no file. A file that is missing or damaged counts
// as knowing no log: a node with a new disk must be able to start, and what it shows is
// then what Redis holds.
func OpenKnownLog(file string) (*KnownLog, error) {
	p := &KnownLog{file: file}
	if file == "" {
		return p, nil
	}
	text, err := os.ReadFile(filepath.Clean(file))
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read which log this node knows: %w", err)
	}
	var known knownLogFile
	if json.Unmarshal(text, &known) == nil {
		p.epoch = known.Epoch
	}
	return p, nil
}

// Forget has the node accept the log that it finds next, whichever that is. It is for a
// person who has decided that the history is to begin again.
func (p *KnownLog) Forget() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.epoch = ""
	if p.file == "" {
		return nil
	}
	if err := os.Remove(p.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget which log this node knows: %w", err)
	}
	return nil
}

// Open opens the log if there is none and this node knows of none, and returns its
// epoch. A log that is not the known one is [ErrOtherLog].
func (p *KnownLog) Open(ctx context.Context, st *store.Store, now time.Time) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.epoch != "" {
		if err := p.check(ctx, st); err != nil {
			return "", err
		}
	}
	// Epoch returns the one that is there, or writes a new one if there is none; two nodes
	// that start at one time get the same.
	epoch, err := st.Epoch(ctx, faultline.Millis(now))
	if err != nil || epoch == p.epoch {
		return epoch, err
	}
	p.epoch = epoch
	if p.file == "" {
		return epoch, nil
	}
	text, err := json.Marshal(knownLogFile{Epoch: epoch})
	if err == nil {
		err = os.MkdirAll(filepath.Dir(p.file), knownLogDirMode)
	}
	if err == nil {
		err = atomicfile.Write(p.file, append(text, '\n'))
	}
	if err != nil {
		return "", fmt.Errorf("remember which log this node knows: %w", err)
	}
	return epoch, nil
}

// Check fails with [ErrOtherLog] where Redis holds another log than the known one, or
// none. Whoever asks after a read knows that what was read is of the known log.
func (p *KnownLog) Check(ctx context.Context, st *store.Store) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.epoch == "" {
		return nil
	}
	return p.check(ctx, st)
}

// check compares the known epoch with that of Redis; the caller holds the lock.
func (p *KnownLog) check(ctx context.Context, st *store.Store) error {
	found, err := st.OpenLog(ctx)
	switch {
	case err != nil:
		return err
	case found == "":
		return fmt.Errorf("%w (%s): it is empty", ErrOtherLog, p.epoch)
	case found != p.epoch:
		return fmt.Errorf("%w (%s): it holds %s", ErrOtherLog, p.epoch, found)
	}
	return nil
}
