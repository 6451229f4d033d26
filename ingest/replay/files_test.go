package replay

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"faultline"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zip(t *testing.T, text string) string {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func report(site, at string) string {
	return fmt.Sprintf(`{"type":"report","at":"2021-06-08T12:00:%sZ","site":"%s","reporter":"r"}`+"\n", at, site)
}

// replay runs files and returns what the sink saw and what stderr says.
func replay(t *testing.T, stdin string, paths ...string) (events, stderr string, stats Stats, err error) {
	t.Helper()
	var got []faultline.Event
	var out bytes.Buffer
	stats, err = files(t.Context(), paths, strings.NewReader(stdin), &out, func(ev faultline.Event) error {
		got = append(got, ev)
		return nil
	})
	return show(got), out.String(), stats, err
}

func TestFilesInTheOrderGivenOnOneClock(t *testing.T) {
	dir := t.TempDir()
	paths := []string{
		write(t, dir, "b.ndjson", report("a", "00")+report("b", "00")),
		write(t, dir, "a.ndjson.gz", zip(t, report("c", "01")+report("d", "02"))),
		"-",
		write(t, dir, "gzip-by-content", zip(t, report("f", "03"))+zip(t, report("g", "04"))),
	}
	got, stderr, stats, err := replay(t, strings.TrimSuffix(report("e", "02"), "\n"), paths...)
	if err != nil || stderr != "" {
		t.Fatalf("%v, stderr %q", err, stderr)
	}
	if want := "0s a b 1s c 2s d e 3s f 4s g"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	if want := (Stats{Lines: 7, Events: 7, Ticks: 5}); stats != want {
		t.Errorf("stats %+v, want %+v", stats, want)
	}
}

func TestFilesNameMalformedLinesAndGoOn(t *testing.T) {
	dir := t.TempDir()
	first := write(t, dir, "first.ndjson", report("a", "00")+"\n  \r\nnonsense\n"+report("b", "00")+
		`{"type":"weather"}`+"\n"+`{"type":"tick","at":"2021-06-08T12:00:00Z"}`+"\n")
	second := write(t, dir, "second.ndjson.gz", zip(t, `{"type":"report"}`+"\r\n"+
		`{"type":"site","site":"c.org","components":["cdn:fastly","huh"]}`+"\n"+report("d", "00")+
		report("e", "01")+"{"))
	got, stderr, stats, err := replay(t, "oops\n", first, second, "-")
	if err != nil {
		t.Fatal(err)
	}
	if want := "0s a b site d 1s e"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	said := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	want := []string{first + ":4: is not JSON", second + ":1: has no site", second + `:2: components: "huh"`,
		second + ":5: is not JSON", "stdin:1: is not JSON"}
	if len(said) != len(want) {
		t.Fatalf("stderr:\n%s", stderr)
	}
	for i := range want {
		if !strings.HasPrefix(said[i], want[i]) {
			t.Errorf("stderr %q, want %q", said[i], want[i])
		}
	}
	if want := (Stats{Lines: 11, Events: 5, Malformed: 4, Ignored: 2, Ticks: 2}); stats != want {
		t.Errorf("stats %+v, want %+v", stats, want)
	}
}

func TestFilesWithAnEpochBringTheirOwnTicks(t *testing.T) {
	path := write(t, t.TempDir(), "log.ndjson", `{"type":"epoch","at":"2021-06-08T12:00:00Z","epoch":"e"}`+"\n"+
		report("a", "01")+`{"type":"tick","at":"2021-06-08T12:00:05Z"}`+"\n"+report("b", "04"))
	got, _, stats, err := replay(t, "", path)
	if want := "epoch a 5s b"; got != want || err != nil {
		t.Errorf("\n got %s, %v\nwant %s", got, err, want)
	}
	if want := (Stats{Lines: 4, Events: 4}); stats != want {
		t.Errorf("stats %+v, want %+v", stats, want)
	}
}

func TestFilesRefuseLinesBeyondOneMebibyte(t *testing.T) {
	pad := func(total int) string {
		line := strings.TrimSuffix(report("a", "00"), "\n")
		return line + strings.Repeat(" ", total-len(line))
	}
	dir := t.TempDir()
	path := write(t, dir, "long.ndjson", pad(maxLine)+"\n"+pad(maxLine+1)+"\n"+pad(5*maxLine)+"\n"+report("b", "00")+
		pad(maxLine+1))
	got, stderr, stats, err := replay(t, "", path)
	if want := "0s a b"; got != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	for _, line := range []string{":2: is longer than", ":3: is longer than", ":5: is longer than"} {
		if !strings.Contains(stderr, path+line) {
			t.Errorf("stderr lacks %s:\n%s", line, stderr)
		}
	}
	if want := (Stats{Lines: 5, Events: 2, Malformed: 3, Ticks: 1}); stats != want {
		t.Errorf("stats %+v, want %+v", stats, want)
	}
}

func TestFilesFailOnWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	fine := write(t, dir, "fine.ndjson", report("a", "00"))
	cut := zip(t, strings.Repeat(report("a", "00"), 1000))
	for name, path := range map[string]string{
		"missing":             filepath.Join(dir, "missing.ndjson"),
		"a directory":         dir,
		"gzip by name only":   write(t, dir, "plain.ndjson.gz", report("a", "00")),
		"gzip that is empty":  write(t, dir, "empty.ndjson.gz", ""),
		"gzip that was cut":   write(t, dir, "cut.ndjson.gz", cut[:len(cut)-20]),
		"gzip that is broken": write(t, dir, "broken.ndjson.gz", cut[:20]+"XXXXXXXX"+cut[28:]),
	} {
		if _, _, _, err := replay(t, "", fine, path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error that names %s", name, err, path)
		}
	}
	if events, _, _, err := replay(t, "", fine, filepath.Join(dir, "missing")); err == nil || events != "" {
		t.Errorf("%q was handed on before a missing file was noticed, %v", events, err)
	}
	if _, _, stats, err := replay(t, "", write(t, dir, "empty.ndjson", "")); err != nil || stats != (Stats{}) {
		t.Errorf("an empty file: %v, %+v", err, stats)
	}
}

// What Windows and spreadsheets write is read like anything else.
func TestFilesAreReadInEveryForm(t *testing.T) {
	dir := t.TempDir()
	text := strings.ReplaceAll(report("a", "00")+report("b", "01"), "\n", "\r\n")
	wide := []byte{0xff, 0xfe}
	for _, c := range text {
		wide = append(wide, byte(c), 0)
	}
	for name, raw := range map[string]string{
		"mark.ndjson": "\ufeff" + text, "wide.ndjson": string(wide), "padded.ndjson.gz": zip(t, text) + "\x00\x00",
		"marked.ndjson.gz": zip(t, "\ufeff"+text),
	} {
		got, stderr, stats, err := replay(t, "", write(t, dir, name, raw))
		if got != "0s a 1s b" || stderr != "" || stats.Events != 2 || err != nil {
			t.Errorf("%s: %q, stderr %q, %+v, %v", name, got, stderr, stats, err)
		}
	}
}

// Junk is named a hundred times and then counted; a file of nothing else is not
// read to its end.
func TestJunkEndsInACount(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "junk.ndjson", strings.Repeat("junk\n", 5_000)+report("a", "00"))
	got, stderr, stats, err := replay(t, "", path)
	lines := strings.Count(stderr, "\n")
	if got != "0s a" || stats.Malformed != 5_000 || lines != maxNamed+1 || err != nil {
		t.Errorf("%q, %+v, %d lines, %v", got, stats, lines, err)
	}
	if !strings.HasSuffix(stderr, "4900 further complaints are not shown\n") {
		t.Errorf("%q", stderr[len(stderr)-80:])
	}
	endless := readerFunc(func(p []byte) (int, error) { return copy(p, "junk\n"), nil })
	_, err = files(t.Context(), []string{"-"}, endless, io.Discard, func(faultline.Event) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "none of its first 100000 lines is an event line") {
		t.Errorf("endless junk: %v", err)
	}
}

// The numbers that the API refuses are refused here.
func TestNumbersOutOfRangeAreNamed(t *testing.T) {
	line := func(kind, rest string) string {
		return `{"type":"` + kind + `","at":"2021-06-08T12:00:00Z","site":"a.net",` + rest + "}\n"
	}
	for want, text := range map[string]string{
		"latency_ms: is not within 0 to 600000": line("probe", `"vantage":"v","symptom":"ok","latency_ms":-5`),
		"latency_ms: is not within 0 to 60000": line("probe",
			`"vantage":"v","symptom":"ok","latency_ms":1000000000000`),
		"status: is not an HTTP status":       line("probe", `"vantage":"v","symptom":"ok","status":99999`),
		"rank: -3 is not within":              line("site", `"rank":-3`),
		"shares: -0.5 of cdn:x is not within": line("site", `"components":["cdn:x"],"shares":{"cdn:x":-0.5}`),
	} {
		if _, stderr, _, err := replay(t, text, "-"); err != nil || !strings.Contains(stderr, want) {
			t.Errorf("%s: %q, %v", text, stderr, err)
		}
	}
}

func TestFilesEndWithTheContext(t *testing.T) {
	path := write(t, t.TempDir(), "a.ndjson", strings.Repeat("x\n", 2*checkEvery))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stats, err := Files(ctx, []string{path}, io.Discard, func(faultline.Event) error { return nil })
	if !errors.Is(err, context.Canceled) || stats.Lines >= 2*checkEvery {
		t.Errorf("%v after %d lines", err, stats.Lines)
	}
}

func TestFilesEndWithTheContextInAGap(t *testing.T) {
	path := write(t, t.TempDir(), "a.ndjson", report("a", "00")+report("b", "00")+report("c", "00")+
		strings.Repeat(`{"type":"report","at":"2022-06-08T12:00:00Z","site":"x","reporter":"r"}`+"\n", 3))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := 0
	_, err := Files(ctx, []string{path}, io.Discard, func(faultline.Event) error {
		if seen++; seen == 100 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || seen > 100+checkEvery {
		t.Errorf("%v after %d events", err, seen)
	}
}

func TestFilesNameTheLineWhereTheSinkFailed(t *testing.T) {
	full := errors.New("full")
	path := write(t, t.TempDir(), "a.ndjson", report("a", "00")+report("b", "00")+report("c", "00"))
	_, err := Files(t.Context(), []string{path}, io.Discard, func(faultline.Event) error { return full })
	if !errors.Is(err, full) || !strings.Contains(err.Error(), path+":3") {
		t.Errorf("got %v", err)
	}
}

func TestFilesKeepMemoryFlat(t *testing.T) {
	lines := func(n int) io.Reader {
		i := 0
		return readerFunc(func(p []byte) (int, error) {
			if i == n {
				return 0, io.EOF
			}
			i++
			return copy(p, fmt.Sprintf(`{"type":"report","at":"2021-06-08T12:00:00Z","site":"s%d.org","reporter":"%d"}`+
				"\n", i, i)), nil
		})
	}
	heap := func(n int) uint64 {
		var m runtime.MemStats
		var most uint64
		seen := 0
		_, err := files(t.Context(), []string{"-"}, lines(n), io.Discard, func(faultline.Event) error {
			if seen++; seen%100_000 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return most
	}
	short, long := heap(200_000), heap(800_000)
	if long > 2*short {
		t.Errorf("%d bytes for four times the lines, %d before", long, short)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
