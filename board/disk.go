package board

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"faultline"
	"faultline/atomicfile"
	"faultline/board/page"
)

const (
	// A file of another version is left out: what it says can be read from the source
	// again.
	diskVersion  = 1
	stateDirMode = 0o700
	// maxDiskBytes bounds what a snapshot may unfold to when it is read.
	maxDiskBytes = 1 << 30
)

// onDisk is what a node writes down of what it knows, so that it can answer after
// a restart while the source is away.
type onDisk struct {
	Version   int                  `json:"version"`
	View      faultline.View       `json:"view"`
	Incidents []faultline.Incident `json:"incidents"`
}

// writeDisk replaces the file as one: whoever reads it finds the old or the new. It
// compresses as fast as it can: a view is written every few seconds, and disk is cheap.
func writeDisk(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), stateDirMode); err != nil {
		return err
	}
	f, err := atomicfile.Create(path)
	if err != nil {
		return err
	}
	defer f.Abandon()
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := errors.Join(write(z), z.Close()); err != nil {
		return err
	}
	return f.Commit()
}

// readDisk reads what [writeDisk] wrote. It fails with [fs.ErrNotExist] where nothing
// was written, and with an error of gzip where the file is damaged: gzip keeps a
// checksum at its end. The read is bounded, because a small damaged file may unpack to
// any size.
func readDisk(path string, read func(io.Reader) error) error {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	return read(io.LimitReader(z, maxDiskBytes))
}

// write encodes the state as JSON.
func (state onDisk) write(w io.Writer) error { return json.NewEncoder(w).Encode(state) }

// read decodes what write wrote. It fails for another version. Another version is
// another release's: its fields may mean something else, and the source is read again
// anyway.
func (state *onDisk) read(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, state); err != nil {
		return err
	}
	if state.Version != diskVersion {
		return fmt.Errorf("version %d, this release reads %d", state.Version, diskVersion)
	}
	return nil
}

// recall shows what was written down before the restart. The source is read again all
// the same. A damaged file is left out with a warning and never keeps a node from
// starting.
func (k *keeper) recall() {
	path := k.board.cfg.SnapshotFile
	if path == "" {
		return
	}
	k.board.recallMap()
	var state onDisk
	err := readDisk(path, state.read)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil {
		k.board.cfg.Log.Warn("the snapshot on disk is left out", slog.String("file", path), slog.Any("error", err))
		return
	}
	for _, inc := range state.Incidents {
		k.put(inc)
	}
	// Loaded, although the source was not read yet: an old answer that says its age is
	// better than none.
	k.view, k.loaded = state.View, true
	k.show(nil, true)
	k.board.listener.Forget()
	k.board.cfg.Log.Info("the snapshot on disk is served until the source is read",
		slog.Int("incidents", len(k.entries)), slog.Time("as_of", state.View.AsOf))
}

// writeSnapshots writes down the map, and each rendering of what is known, but for
// those that come while one is being written, and the last one when ctx ends. The last
// write, when the node stops, is what makes a restart show what readers saw last.
func (b *Board) writeSnapshots(ctx context.Context) {
	var written *page.Cache // which rendering
	failed := false
	write := func() {
		s := b.current.Load()
		if s == nil || s.Pages == written {
			return
		}
		state := onDisk{Version: diskVersion, View: s.View, Incidents: make([]faultline.Incident, len(s.Order))}
		for i, e := range s.Order {
			state.Incidents[i] = e.Incident
		}
		err := writeDisk(b.cfg.SnapshotFile, state.write)
		if err == nil {
			written = s.Pages
			b.metrics.diskWrites.Inc()
		} else {
			b.metrics.failures.WithLabelValues("disk").Inc()
			if !failed {
				b.cfg.Log.Warn("what is known can't be written down", slog.Any("error", err))
			}
		}
		failed = err != nil
	}
	sites := mapWriter{board: b}
	for ctx.Err() == nil {
		write()
		sites.write()
		wait(ctx, b.cfg.Pace.Disk)
	}
	write()
}
