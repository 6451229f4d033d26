package board

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"path/filepath"
	"time"

	"faultline"
)

// Map is what is known of sites, which is written down beside the rest.
type Map interface {
	// Version grows with every change; 0 is a map that is not worth writing down yet.
	Version() int
	// Records are all of what the log says.
	Records() iter.Seq[faultline.SiteRecord]
	// Recall takes a record of before the restart, until the log is read.
	Recall(faultline.SiteRecord)
}

const (
	// mapName is the map's file, beside the snapshot: event lines, as the catalogue
	// and the log have them.
	mapName = "map.ndjson.gz"
	// Between two writes of the map pass mapPause, and mapShare times what one took.
	mapPause = time.Minute
	mapShare = 50
)

// mapFile is where the list of sites is written, beside the snapshot.
func (b *Board) mapFile() string { return mapBeside(b.cfg.SnapshotFile) }

// mapBeside is the file of the map for a snapshot's file. Both are in one directory, so
// that one setting moves both.
func mapBeside(snapshot string) string { return filepath.Join(filepath.Dir(snapshot), mapName) }

// ReadMap reads the list of sites that a node has written down beside its snapshot. It
// is for commands that have the files of a node and no connection to it. What could be
// read is returned even with an error.
func ReadMap(snapshot string) (records []faultline.SiteRecord, err error) {
	err = readMap(mapBeside(snapshot), func(r faultline.SiteRecord) { records = append(records, r) })
	return records, err
}

// readMap hands on each record of a list on disk. A damaged one is read up to the damage.
func readMap(file string, each func(faultline.SiteRecord)) error {
	return readDisk(file, func(r io.Reader) error {
		lines := json.NewDecoder(r)
		for {
			var record faultline.SiteRecord
			if err := lines.Decode(&record); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			each(record)
		}
	})
}

// recallMap hands the map back that was written down before the restart. A
// damaged one is named, and what of it could be read is kept: each line stands
// for itself.
func (b *Board) recallMap() {
	if b.cfg.Map == nil {
		return
	}
	sites := 0
	err := readMap(b.mapFile(), func(record faultline.SiteRecord) {
		b.cfg.Map.Recall(record)
		sites++
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		b.cfg.Log.Warn(
			"the list of sites on disk is damaged",
			slog.String("file", b.mapFile()),
			slog.Int("sites", sites),
			slog.Any("error", err),
		)
	default:
		b.cfg.Log.Info("the list of sites on disk is used until the log is read", slog.Int("sites", sites))
	}
}

// mapWriter writes the map down when it has changed, and seldom if it is large. A map
// of a million sites takes seconds to write; at one part in fifty of the time it costs
// a node two percent of one processor.
type mapWriter struct {
	board   *Board
	version int // that was written
	next    time.Time
	failed  bool
}

// write writes the list of sites if it has changed, and not more often than its size
// allows: it may have a million lines.
func (m *mapWriter) write() {
	b := m.board
	if b.cfg.Map == nil {
		return
	}
	began, version := b.cfg.Now(), b.cfg.Map.Version()
	if version == 0 || version == m.version || began.Before(m.next) {
		return
	}
	err := writeDisk(b.mapFile(), func(w io.Writer) error {
		out := bufio.NewWriter(w)
		var line []byte
		var err error
		for record := range b.cfg.Map.Records() {
			if line, err = faultline.AppendLine(line[:0], record); err != nil {
				return err
			}
			if _, err = out.Write(line); err != nil {
				return err
			}
		}
		return out.Flush()
	})
	ended := b.cfg.Now()
	m.next = ended.Add(max(mapPause, mapShare*ended.Sub(began)))
	if err == nil {
		m.version = version
		b.metrics.diskWrites.Inc()
	} else {
		b.metrics.failures.WithLabelValues("map").Inc()
		if !m.failed {
			b.cfg.Log.Warn("the list of sites can't be written to disk", slog.Any("error", err))
		}
	}
	m.failed = err != nil
}
