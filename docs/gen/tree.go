package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"

	"faultline/record"
)

// signedExamplesKey signs the record of the examples. It is a public one: its seed is zeros.
const signedExamplesKey = "PRIVATE+KEY+faultline.example/record+ad5d4405+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// recordOf is the record of what the drill concluded.
type recordOf struct {
	entries [][]byte
	head    []byte
	key     string
	days    map[string][]byte
}

// tree follows the record of what the drill concluded, up to its moment.
func (d *drill) tree() (*record.Keeper, error) {
	dir, err := os.MkdirTemp("", "record-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "key")
	if err := os.WriteFile(file, []byte(signedExamplesKey), 0o600); err != nil {
		return nil, err
	}
	key, err := record.OpenKey(file, "", false)
	if err != nil {
		return nil, err
	}
	source := &recordOf{days: map[string][]byte{}}
	for _, c := range d.source.changes {
		inc, err := d.source.Incident(context.Background(), c.Incident.ID, c.Incident.Revision)
		if err != nil {
			return nil, err
		}
		e := record.Entry{Incident: inc.ID, Revision: inc.Revision, SHA256: inc.Hash}
		inc.Hash = ""
		stored, err := json.Marshal(inc)
		if err != nil {
			return nil, err
		}
		e.Stored = record.Hex(sha256.Sum256(stored))
		source.entries = append(source.entries, []byte(e.Head()+record.Tail))
	}
	k := record.NewKeeper(record.KeeperConfig{Source: source, Key: key, Now: d.now,
		Log: slog.New(slog.DiscardHandler)})
	return k, k.Follow(context.Background())
}

func (s *recordOf) RecordSize(context.Context) (int64, error) { return int64(len(s.entries)), nil }

func (s *recordOf) RecordEntries(_ context.Context, bundle int64) ([][]byte, error) {
	n := int64(len(s.entries))
	from := min(n, bundle*record.TileWidth)
	return s.entries[from:min(n, from+record.TileWidth)], nil
}

func (s *recordOf) RecordHead(context.Context) ([]byte, error) { return s.head, nil }

func (s *recordOf) RecordHeads(context.Context) (map[string][]byte, error) { return s.days, nil }

func (s *recordOf) SaveRecordHead(_ context.Context, _ int64, head []byte, day string) error {
	s.head, s.days[day] = head, head
	return nil
}

func (s *recordOf) RecordKey(_ context.Context, verifier string) (string, error) {
	if s.key == "" {
		s.key = verifier
	}
	return s.key, nil
}
