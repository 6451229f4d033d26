package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// minReplayLines is the least that is replayed: a shorter file would be over before its
// outage is. replayTarget is in events a second of CPU time on one core; maxLine bounds one
// line in bytes.
const (
	minReplayLines = 1_000_000
	// decodedLines is how much of the file the limit decodes in a round. Its rate is by the
	// line, so that it need not go through the whole file.
	decodedLines = 400_000
	// replayTarget is events a second of CPU time, on one core.
	replayTarget = 300_000
	maxLine      = 1 << 20
)

// measureReplay measures how many event lines `faultline replay` folds in a
// second of CPU time on one core, beside a pass that only reads and decodes
// the same lines with encoding/json.
func measureReplay(ctx context.Context, opt options, log io.Writer) ([]figure, error) {
	dir, err := os.MkdirTemp("", "faultline-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// The real program is measured, as a process: with flags, profile-guided optimization
	// and garbage collection as users have them.
	bin, err := buildFaultline(ctx, dir)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "traffic.ndjson")
	fmt.Fprintf(log, "replay: writing %d event lines\n", opt.Lines)
	if err := writeTraffic(file, opt); err != nil {
		return nil, fmt.Errorf("write event lines: %w", err)
	}
	r := replayRun{bin: bin, file: file, lines: opt.Lines}
	fmt.Fprintf(log, "replay: %d rounds\n", opt.Rounds)
	m, err := measure(ctx, opt.Rounds,
		mode{"faultline replay", r.fold},
		mode{"encoding/json", r.decode},
	)
	if err != nil {
		return nil, err
	}
	return []figure{r.figure(m)}, nil
}

// writeTraffic writes the lines that are replayed, so that every round reads the same bytes.
func writeTraffic(name string, opt options) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(newTraffic(opt.Seed, opt.Lines).writeTo(f), f.Close())
}

// replayRun is one file of event lines, and what its replays printed and cost.
type replayRun struct {
	bin, file string
	lines     int
	answer    []byte // of the first replay; every other must be the same
	incidents int
	maxRSS    int64
	wall      series
}

// fold replays the file once and returns lines a second of CPU time. Two replays that differ
// in a byte void the run, because then one of them is wrong.
func (r *replayRun) fold(ctx context.Context) (float64, error) {
	out, used, err := runChild(ctx, r.bin, "replay", r.file)
	if err != nil {
		return 0, err
	}
	// A line that is skipped is named on standard error by file and number. A skipped
	// line costs almost nothing, so that one is enough to make the rate untrue.
	if bytes.Contains(used.stderr, []byte(filepath.Base(r.file)+":")) {
		return 0, fmt.Errorf("void: lines were not counted: %s", used.stderr)
	}
	if r.answer == nil {
		if r.incidents, err = checkReplay(out); err != nil {
			return 0, fmt.Errorf("void: %w", err)
		}
		r.answer = out
	}
	if !bytes.Equal(out, r.answer) {
		return 0, errors.New("void: two replays of one file differ")
	}
	// The largest of all rounds, since a bound on memory must hold in each.
	r.maxRSS = max(r.maxRSS, used.maxRSS)
	r.wall = append(r.wall, used.wall.Seconds())
	// CPU time and not wall time: other work on the machine lengthens the latter alone.
	return float64(r.lines) / used.cpu.Seconds(), nil
}

// checkReplay says whether a replay did the work: it must have confirmed the
// outage that was planted. It returns the number of incidents.
func checkReplay(out []byte) (int, error) {
	incidents, found := 0, false
	for line := range bytes.Lines(out) {
		var inc struct {
			ConfirmedAt *time.Time `json:"confirmed_at"`
			Cause       *struct {
				Component string `json:"component"`
			} `json:"cause"`
		}
		if err := json.Unmarshal(line, &inc); err != nil {
			return 0, fmt.Errorf("replay printed what is no incident: %w", err)
		}
		incidents++
		// Each revision is one line, so that any of them may be the one that confirms.
		found = found || inc.ConfirmedAt != nil && inc.Cause != nil && inc.Cause.Component == trafficCulprit
	}
	if !found {
		return 0, fmt.Errorf("none of %d incidents confirms the planted outage of %s", incidents, trafficCulprit)
	}
	return incidents, nil
}

// decode is the limit: the first lines of the file through encoding/json and nothing else, in
// lines a second of CPU time.
func (r *replayRun) decode(context.Context) (float64, error) {
	decoded := 0
	cpu, err := ownCPU(func() (err error) {
		decoded, err = decodeLines(r.file, min(decodedLines, r.lines))
		return err
	})
	if err != nil {
		return 0, err
	}
	return float64(decoded) / cpu.Seconds(), nil
}

// eventLine has the members of every line that the traffic holds, so that the limit decodes
// all that a fold needs.
type eventLine struct {
	Type       string    `json:"type"`
	At         time.Time `json:"at"`
	Site       string    `json:"site"`
	Rank       int       `json:"rank"`
	Components []string  `json:"components"`
	Symptom    string    `json:"symptom"`
	Reporter   string    `json:"reporter"`
	ASN        uint32    `json:"asn"`
	Country    string    `json:"country"`
	Vantage    string    `json:"vantage"`
	Status     int       `json:"status"`
	LatencyMS  int       `json:"latency_ms"`
}

// decodeLines only decodes: the least that any replay of these lines must do.
func decodeLines(name string, limit int) (int, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	scanner := bufio.NewScanner(f)
	// A Scanner refuses a line beyond its largest buffer; without this call that is 64
	// KB.
	scanner.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for n < limit && scanner.Scan() {
		var line eventLine
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			return n, fmt.Errorf("line %d: %w", n+1, err)
		}
		n++
	}
	return n, scanner.Err()
}

// figure is events per second beside the decoding alone.
func (r *replayRun) figure(m measurement) figure {
	ours, limit := m.series[0], m.series[1]
	f := figure{
		Name: "replay.events", Value: ours.median(), Target: replayTarget, Better: higher,
		OK:    meets(ours.median(), replayTarget, higher),
		Unit:  "events a second of CPU time on one core",
		Limit: "the same lines read and decoded with encoding/json, nothing else",
		Runs:  len(ours), Spread: m.widest(),
		Detail: map[string]any{
			"lines": r.lines, "incidents": r.incidents,
			"limit_value":    limit.median(),
			"ratio_to_limit": ours.median() / limit.median(),
			"wall_seconds":   r.wall.median(),
			"max_rss_mb":     float64(r.maxRSS) / (1 << 20),
		},
	}
	if m.inconclusive {
		f.Detail["verdict"] = "inconclusive"
	}
	return f
}
