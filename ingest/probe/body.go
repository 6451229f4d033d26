package probe

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/andybalholm/brotli"
)

// errChunk is a chunk whose frame makes no sense.
var errChunk = errors.New("a chunk that is none")

// maxChunkLine bounds the line in front of a chunk, in bytes. Extensions behind the
// size may make it longer than the size.
const maxChunkLine = 16 << 10

// body reads the beginning of an answer's body; whole is false if the connection ended
// with the head. An error is one of the connection before anything of the body had
// come, as then a browser shows nothing. What goes wrong later is in a.short: the page
// began and did not end. Statuses that have no body by definition (RFC 9110, 6.4.1) are
// not waited for, since servers keep such connections open.
func (w *wire) body(a *answer, whole bool) error {
	length := a.length()
	switch {
	case !whole, a.status == 204, a.status == 205, a.status == 304, a.status/100 == 1:
		return nil
	case a.chunked():
	case length == 0:
		return nil
	}
	// From here on the buffer's beginning is in use: the header lines point into it.
	w.base = w.at
	w.waitLess()
	var n int
	var err error
	if a.chunked() {
		n, err = w.readChunks(w.b.body)
	} else {
		want := len(w.b.body)
		if length >= 0 {
			want = int(min(int64(want), length))
		}
		n, err = w.readUpTo(w.b.body[:want])
		if errors.Is(err, io.EOF) && length < 0 || n == want {
			err = nil
		}
	}
	a.body = w.b.body[:n]
	var timeout net.Error
	switch {
	case err == nil:
	case errors.As(err, &timeout) && timeout.Timeout():
		if n == 0 {
			return err
		}
	default:
		a.short = true
	}
	a.decode()
	return nil
}

// waitLess brings the deadline of the connection forward to that of a body: some pages
// never end, and their first bytes are all that is needed.
func (w *wire) waitLess() {
	soon := time.Now().Add(w.b.patience)
	if w.b.deadline.IsZero() || soon.Before(w.b.deadline) {
		_ = w.conn.SetReadDeadline(soon) // a connection that can't have one fails at once anyway
	}
}

// readUpTo fills dst as far as the connection does, first from what is held already.
func (w *wire) readUpTo(dst []byte) (int, error) {
	n := 0
	for n < len(dst) {
		if w.at == w.end {
			if err := w.fill(); err != nil {
				return n, err
			}
		}
		took := copy(dst[n:], w.held())
		n, w.at = n+took, w.at+took
	}
	return n, nil
}

// readLine returns a line without its end. The slice is valid until the next read. What
// was searched already is not searched again when more arrives.
func (w *wire) readLine() ([]byte, error) {
	for seen := 0; ; {
		held := w.held()
		if lf := bytes.IndexByte(held[seen:], '\n'); lf >= 0 {
			line := held[:seen+lf]
			w.at += seen + lf + 1
			return bytes.TrimSuffix(line, []byte{'\r'}), nil
		}
		if seen = len(held); seen > maxChunkLine {
			return nil, errChunk
		}
		if err := w.fill(); err != nil {
			return nil, err
		}
	}
}

// readChunks reads chunks (RFC 9112, 7.1) until dst is full or they end. The end of the
// connection before the last chunk is io.ErrUnexpectedEOF: the page is not whole.
func (w *wire) readChunks(dst []byte) (int, error) {
	n := 0
	for n < len(dst) {
		size, err := w.chunkSize()
		if err == nil && size == 0 {
			return n, unexpected(w.trailer())
		}
		if err != nil {
			return n, unexpected(err)
		}
		want := int(min(uint64(len(dst)-n), size))
		got, err := w.readUpTo(dst[n : n+want])
		n += got
		if err != nil {
			return n, unexpected(err)
		}
		if uint64(want) < size {
			return n, nil // dst is full
		}
		line, err := w.readLine()
		if err == nil && len(line) > 0 {
			err = errChunk
		}
		if err != nil {
			return n, unexpected(err)
		}
	}
	return n, nil
}

// unexpected makes an end of input inside a body an error: there the connection ended too early.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// chunkSize reads the line in front of a chunk: hexadecimal digits, spaces, and what
// follows a semicolon, which is ignored. A sign is refused, although ParseUint's caller
// might expect one: two programs must not read one size as two.
func (w *wire) chunkSize() (uint64, error) {
	line, err := w.readLine()
	if err != nil {
		return 0, err
	}
	line, _, _ = bytes.Cut(line, []byte{';'})
	line = bytes.TrimRight(line, " ")
	if len(line) == 0 || line[0] == '+' || line[0] == '-' {
		return 0, errChunk
	}
	size, err := strconv.ParseUint(string(line), 16, 62)
	if err != nil {
		return 0, errChunk
	}
	return size, nil
}

// trailer reads the header lines that may follow the last chunk, up to their blank
// line, and drops them. They are bounded together, as a head is.
func (w *wire) trailer() error {
	for read := 0; read < maxHead; {
		line, err := w.readLine()
		if err != nil || len(line) == 0 {
			return err
		}
		read += len(line)
	}
	return errChunk
}

// maxEncodings bounds how often a body is unpacked. More than one encoding is rare, and
// each may unfold to much more than it was.
const maxEncodings = 3

// decode unpacks a body that came packed although we asked for it as it is (identity),
// so that a page that refuses us can be known by its words. A body that is not packed
// as its header says is a fault, because no browser opens it either. No more than
// maxBody bytes are unpacked, so a compression bomb gains nothing.
func (a *answer) decode() {
	if !a.header.has("Content-Encoding") || len(a.body) == 0 {
		return
	}
	names := strings.Split(strings.ToLower(strings.Join(a.header.all("Content-Encoding"), ",")), ",")
	for i := range min(len(names), maxEncodings) {
		reader := unpacker(strings.TrimSpace(names[len(names)-1-i]), a.body)
		if reader == nil {
			return // as it is
		}
		plain := make([]byte, maxBody)
		n, err := io.ReadFull(reader, plain)
		if n == 0 && isBroken(err) {
			a.encoded = true
			return
		}
		a.body = plain[:n]
	}
}

// isBroken tells what is no packed body from one that ends early, as ours does: only
// its beginning was read. A packed text that is cut off gives an error at its end as
// well, and what was unpacked before is right.
func isBroken(err error) bool {
	return err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)
}

// unpacker returns a reader that unpacks an encoding (RFC 9110, 8.4.1, and RFC 7932 for
// br); nil for one that is not known, whose body stays as it is.
func unpacker(name string, body []byte) io.Reader {
	switch name {
	case "gzip", "x-gzip":
		if len(body) >= 10 && body[0] == 0x1f && body[1] == 0x8b { // its flags may be odd
			if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
				return z
			}
			return nil
		}
		if len(body) < 10 && bytes.HasPrefix([]byte{0x1f, 0x8b, 8}, body[:min(3, len(body))]) {
			return nil
		}
		return broken{}
	case "deflate": // with the frame of RFC 1950, as it should be, or without
		if len(body) > 2 && body[0]&0x0f == 8 && (uint(body[0])<<8|uint(body[1]))%31 == 0 {
			body = body[2:]
		}
		return flate.NewReader(bytes.NewReader(body))
	case "br":
		return brotli.NewReader(bytes.NewReader(body))
	}
	return nil
}

// broken is a body that is not packed as it says: reading it fails at once.
type broken struct{}

// Read fails.
func (broken) Read([]byte) (int, error) { return 0, errGarbage }
