package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A round of one mode lasts readRound. The targets are ratios to servers that do nothing but
// write the same bytes, or compress them for each request.
const (
	readRound       = time.Second // of one mode
	readConnections = 32
	// The limits of the figures.
	readTarget       = 1.30 // of a bare gin handler, per CPU second
	compressedTarget = 0.20 // of the CPU of compressing for each request
)

// readCase is one kind of read, ours beside a handler that does nothing but write
// the same bytes.
type readCase struct {
	name, path string
	header     http.Header
	status     int
}

// readCases are the list and one incident, and each of them where the reader has the answer
// already (If-None-Match, answered 304): browsers and programs that poll mostly ask that way.
func readCases(etags map[string]string) []readCase {
	gz := http.Header{"Accept-Encoding": {"gzip"}}
	held := func(path string) http.Header {
		return http.Header{"Accept-Encoding": {"gzip"}, "If-None-Match": {etags[path]}}
	}
	return []readCase{
		{"list", readListPath, gz, http.StatusOK},
		{"incident", readIncidentPath, gz, http.StatusOK},
		{"list-304", readListPath, held(readListPath), http.StatusNotModified},
		{"incident-304", readIncidentPath, held(readIncidentPath), http.StatusNotModified},
	}
}

// measureRead measures reads a CPU second of the API, all that serve has on,
// beside gin alone writing the same bytes, and what a compressed answer costs
// beside compressing it for each request.
func measureRead(ctx context.Context, opt options, log io.Writer) ([]figure, error) {
	ours, err := startReader(ctx, readerOurs)
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	bare, err := startReader(ctx, readerBare)
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	etags, err := ours.etags(ctx)
	if err != nil {
		return nil, err
	}
	var out []figure
	for _, c := range readCases(etags) {
		fmt.Fprintf(log, "read: %s, %d rounds\n", c.name, opt.Rounds)
		m, err := measure(ctx, opt.Rounds,
			mode{"api", func(ctx context.Context) (float64, error) { return ours.perCPUSecond(ctx, c) }},
			mode{"bare gin", func(ctx context.Context) (float64, error) { return bare.perCPUSecond(ctx, c) }})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		out = append(out, ratioFigure("read."+c.name, m, readTarget, higher, "ratio of requests a CPU second",
			"gin alone, writing the same bytes, on the same machine"))
	}
	compressed, err := measureCompressed(ctx, opt, log, ours, bare)
	return append(out, compressed), err
}

// measureCompressed compares a 19 KB answer that was compressed once, when it changed, with
// one that is compressed for each request.
func measureCompressed(ctx context.Context, opt options, log io.Writer, ours, bare *reader) (figure, error) {
	fmt.Fprintf(log, "read: compressed, %d rounds\n", opt.Rounds)
	once := readCase{"compressed", readListPath, http.Header{"Accept-Encoding": {"gzip"}}, http.StatusOK}
	each := once
	each.path = "/each" + readListPath
	cpu := func(r *reader, c readCase) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			n, err := r.perCPUSecond(ctx, c)
			return 1e6 / n, err
		}
	}
	m, err := measure(ctx, opt.Rounds, mode{"made once", cpu(ours, once)}, mode{"made each time", cpu(bare, each)})
	if err != nil {
		return figure{}, fmt.Errorf("compressed: %w", err)
	}
	return ratioFigure("read.compressed", m, compressedTarget, lower, "ratio of CPU a request",
		"gin alone, compress/gzip for each request"), nil
}

// ratioFigure makes a figure of the first mode divided by the second.
func ratioFigure(name string, m measurement, target float64, better, unit, limit string) figure {
	value := m.series[0].median() / m.series[1].median()
	f := figure{Name: name, Value: value, Target: target, Better: better, OK: meets(value, target, better), Unit: unit,
		Limit: limit,
		Runs:  len(m.series[0]), Spread: m.widest(),
		Detail: map[string]any{"ours": m.series[0].median(), "limit": m.series[1].median()}}
	if m.inconclusive {
		f.Detail["verdict"] = "inconclusive"
	}
	return f
}
