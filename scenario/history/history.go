package history

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"faultline"
	"faultline/scenario"
)

//go:embed recorded
var recorded embed.FS

// Bounds of one recording, so that a damaged file can't take the memory of a node.
const (
	maxRecording = 64 << 20 // bytes, unpacked
	maxRevisions = 10_000
)

// Replay is one outage of the past and all that Faultline said while it was played, in
// the order in which it was said and in the form of lists and of the stream.
type Replay struct {
	Spec      scenario.Spec
	Score     Score
	Revisions []faultline.Incident
}

// Names lists the outages that there are recordings of, the oldest first.
func Names() []string {
	entries, err := recorded.ReadDir("recorded")
	if err != nil { // embedded: it is there, or the build fails
		panic(err)
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), suffix); ok {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(day(a), day(b)) })
	return names
}

// suffix ends the name of a recording's file.
const suffix = ".ndjson.gz"

// day is the date at the end of a replay's name.
func day(name string) string { return name[max(0, len(name)-len(time.DateOnly)):] }

// Open returns the replay of that name. For any other the error wraps
// [faultline.ErrNotFound]. It unpacks some megabytes: whoever asks often keeps what it
// makes of them.
func Open(name string) (Replay, error) {
	if !slices.Contains(Names(), name) {
		return Replay{}, fmt.Errorf("replay %q: %w", name, faultline.ErrNotFound)
	}
	spec, err := scenario.Builtin(name)
	if err != nil {
		return Replay{}, err
	}
	packed, err := recorded.ReadFile("recorded/" + name + suffix)
	if err != nil {
		return Replay{}, fmt.Errorf("replay %q: %w", name, err)
	}
	score, revisions, err := Unpack(packed)
	if err != nil {
		return Replay{}, fmt.Errorf("replay %q: %w", name, err)
	}
	return Replay{Spec: spec, Score: score, Revisions: revisions}, nil
}

// Unpack reads a recording: gzip, its score in the first line and one revision in each
// of the others.
func Unpack(packed []byte) (score Score, revisions []faultline.Incident, err error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return score, nil, fmt.Errorf("unpack: %w", err)
	}
	lines := bufio.NewReader(io.LimitReader(z, maxRecording))
	var into any = &score
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return score, revisions, nil
		}
		if err != nil {
			return score, nil, fmt.Errorf("unpack: %w", err)
		}
		if err := json.Unmarshal(line, into); err != nil {
			return score, nil, fmt.Errorf("unpack line %d: %w", len(revisions)+1, err)
		}
		if len(revisions) == maxRevisions {
			return score, nil, fmt.Errorf("unpack: more than %d revisions", maxRevisions)
		}
		if inc, ok := into.(*faultline.Incident); ok {
			revisions = append(revisions, *inc)
		}
		into = new(faultline.Incident)
	}
}

// Pack writes a recording of whole revisions. The same ones give the same bytes.
func Pack(score Score, revisions []faultline.Incident) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	lines := []any{score}
	for _, inc := range revisions {
		lines = append(lines, inc.Listed())
	}
	for i, one := range lines {
		line, err := json.Marshal(one, json.Deterministic(true))
		if err != nil {
			return nil, fmt.Errorf("pack line %d: %w", i, err)
		}
		if _, err := z.Write(append(line, '\n')); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
