package replay

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"faultline"
	"faultline/ingest/textfile"
)

const (
	// maxLine bounds a line in bytes, without its newline.
	maxLine = 1 << 20
	// checkEvery is after how many lines or events the context is looked at.
	checkEvery = 1024
	stdinName  = "stdin"
	// maxNamed bounds the lines of one run that are named on stderr; the others are
	// counted there at the end.
	maxNamed = 100
	// maxJunk is how many lines a file may begin with of which none is an event
	// line: beyond it something else is in the file.
	maxJunk = 100_000
)

// Stats counts what became of the lines.
type Stats struct {
	Lines     int64 // read, empty ones not counted
	Events    int64 // handed on
	Malformed int64 // named and skipped
	Ignored   int64 // of an unknown type; ticks and epochs that are not the clock's
	Ticks     int64 // that the clock added
}

// Files reads event lines from the files in the order given, on one [Clock]
// across all, and hands them to sink. A name of "-" is standard input; what
// package textfile reads is recognised by content. A malformed line is counted,
// named on stderr as file:line: why, and skipped, and so is what is left out of a
// good one; of very many only the first are named, and the others counted. Lines of
// unknown types are ignored. A file that begins with 100,000 lines of which none is
// an event line is not read on. Memory stays flat.
//
// The error is that of a file that cannot be read, of the sink, or of ctx.
func Files(ctx context.Context, paths []string, stderr io.Writer, sink Sink) (Stats, error) {
	return files(ctx, paths, os.Stdin, stderr, sink)
}

// files reads all lines of some files into sink, with ticks between them, and returns what
// was counted. Complaints about lines go to stderr, up to a bound: a file of another kind
// would fill the screen.
func files(ctx context.Context, paths []string, stdin io.Reader, stderr io.Writer, sink Sink) (Stats, error) {
	r := &reader{stderr: stderr, decoder: newDecoder(), lines: bufio.NewReaderSize(nil, maxLine+1)}
	r.clock = NewClock(func(ev faultline.Event) error {
		if r.stats.Events++; r.stats.Events%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err() // a gap may bring many ticks between two lines
		}
		return sink(ev)
	})
	err := r.all(ctx, paths, stdin)
	if r.unnamed > 0 {
		fmt.Fprintf(stderr, "%d further complaints are not shown\n", r.unnamed)
	}
	r.stats.Ticks = r.clock.ticks
	r.stats.Ignored += r.clock.ignored
	r.stats.Events -= r.clock.ticks
	return r.stats, err
}

// reader reads one file after another; the clock and the counts go on from file to file.
type reader struct {
	stderr  io.Writer
	clock   *Clock
	decoder *decoder
	lines   *bufio.Reader
	stats   Stats

	named, unnamed int // complaints on stderr, and those left out
	junk           int // lines since the file began, while none was an event line
}

// all reads the files in the order given. A name that is wrong is refused before the first
// line is read, which may be hours before its turn.
func (r *reader) all(ctx context.Context, paths []string, stdin io.Reader) error {
	for _, path := range paths { // said before the first of hours of lines, not after
		if path == "-" {
			continue
		}
		if info, err := os.Stat(path); err != nil {
			return fmt.Errorf("read event lines: %w", err)
		} else if info.IsDir() {
			return fmt.Errorf("read event lines: %s is a directory", path)
		}
	}
	for _, path := range paths {
		if err := r.path(ctx, path, stdin); err != nil {
			return err
		}
	}
	return r.clock.End()
}

// path reads one file, or standard input for "-".
func (r *reader) path(ctx context.Context, path string, stdin io.Reader) error {
	if path == "-" {
		return r.file(ctx, stdinName, stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read event lines: %w", err)
	}
	defer f.Close()
	return r.file(ctx, path, f)
}

// file reads the lines of one file, compressed or not. A file that looks like anything but
// event lines is given up after a while.
func (r *reader) file(ctx context.Context, name string, raw io.Reader) error {
	text, compressed, err := textfile.NewReader(raw)
	if err == nil && !bool(compressed) && hasCompressedName(name) {
		err = errors.New("its name says that it is compressed, and it is not")
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	r.lines.Reset(text)
	r.junk = 0
	for number := 1; ; number++ {
		if number%checkEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := r.lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			r.stats.Lines++
			r.malformed(name, number, fmt.Errorf("is longer than %d bytes", maxLine))
			if err = r.rest(); err == nil && r.junk < maxJunk {
				continue
			}
		case err == nil || errors.Is(err, io.EOF):
			if err := r.line(name, number, bytes.TrimRight(line, "\r\n")); err != nil {
				return err
			}
		}
		if r.junk >= maxJunk {
			return fmt.Errorf("read %s: none of its first %d lines is an event line", name, maxJunk)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
	}
}

// hasCompressedName reports whether a file's name says that it is compressed.
func hasCompressedName(name string) bool {
	return strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".zst")
}

// rest moves past the end of an overlong line.
func (r *reader) rest() error {
	for {
		if _, err := r.lines.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// line reads one line. One that is malformed is named, counted and passed over; the file
// goes on.
func (r *reader) line(name string, number int, line []byte) error {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	r.stats.Lines++
	ev, err := r.decoder.decode(line)
	if err != nil && !errors.Is(err, errIgnored) {
		r.malformed(name, number, err)
		return nil
	}
	r.junk = noJunk
	if err != nil {
		r.stats.Ignored++
		return nil //nolint:nilerr // it is counted
	}
	for _, what := range r.decoder.dropped {
		r.complain(name, number, what)
	}
	if err := r.clock.Event(ev); err != nil {
		return fmt.Errorf("%s:%d: %w", name, number, err)
	}
	return nil
}

// noJunk is the count of a file in which an event line was found.
const noJunk = -1 << 62

// malformed counts a line that can't be read, and names it.
func (r *reader) malformed(name string, number int, err error) {
	r.stats.Malformed++
	r.junk++
	r.complain(name, number, err.Error())
}

// complain names a line on stderr, unless very many were named already.
func (r *reader) complain(name string, number int, what string) {
	if r.named >= maxNamed {
		r.unnamed++
		return
	}
	r.named++
	fmt.Fprintf(r.stderr, "%s:%d: %s\n", name, number, what)
}
