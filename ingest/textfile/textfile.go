// Package textfile reads text as people and programs leave it in files: plain or
// compressed, with or without a byte order mark, in UTF-8 or UTF-16.
//
// What belongs here is how bytes become UTF-8 text. What the text says is the
// business of whoever reads it: replay, and the tables of an operator.
package textfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const (
	// maxLayers bounds how often a file may be compressed over again.
	maxLayers = 3
	// maxWindow bounds the memory that a file of zstd may ask for, in bytes; the
	// reference program refuses more without --long.
	maxWindow = 128 << 20
	peeked    = 4 // bytes by which a form is recognised
	bufSize   = 64 << 10
)

// Compressed reports whether the file was compressed, beside its text.
type Compressed bool

// NewReader returns the text of raw in UTF-8, without a byte order mark. Gzip
// (RFC 1952: several members one after another, and zeros after the last) and zstd
// (RFC 8878) are recognised by their first bytes, UTF-16 by its mark or by an
// opening bracket. A read fails where the compression is broken or cut off.
func NewReader(raw io.Reader) (io.Reader, Compressed, error) {
	compressed := Compressed(false)
	in := bufio.NewReaderSize(raw, bufSize)
	for range maxLayers {
		inner, err := decompress(in)
		if err != nil {
			return nil, compressed, err
		}
		if inner == nil {
			return decode(in), compressed, nil
		}
		compressed = true
		in = bufio.NewReaderSize(inner, bufSize)
	}
	return nil, compressed, fmt.Errorf("compressed more than %d times over", maxLayers)
}

// decompress returns what is compressed in a file; nil when nothing is.
func decompress(in *bufio.Reader) (io.Reader, error) {
	head, err := in.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		first, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		first.Multistream(false)
		return &members{in: in, member: first}, nil
	case isZstd(head):
		d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, err
		}
		return d, nil
	}
	return nil, nil
}

// isZstd recognises a frame of zstd, or one that its decoders skip (RFC 8878,
// sections 3.1.1 and 3.1.2).
func isZstd(head []byte) bool {
	if len(head) < peeked {
		return false
	}
	skippable := head[0]&0xf0 == 0x50 && bytes.Equal(head[1:], []byte{0x2a, 0x4d, 0x18})
	return skippable || bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd})
}

// members reads the members of a gzip file one after another. The zeros that tapes
// and block devices leave after the last are no error, as for gzip(1).
type members struct {
	in     *bufio.Reader
	member *gzip.Reader
	ended  bool
}

func (m *members) Read(p []byte) (int, error) {
	for !m.ended {
		n, err := m.member.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return n, err
		}
		if err := m.next(); err != nil {
			return 0, err
		}
	}
	return 0, io.EOF
}

// next moves on to the member that follows, or to the end.
func (m *members) next() error {
	for {
		c, err := m.in.ReadByte()
		if errors.Is(err, io.EOF) {
			m.ended = true
			return nil
		}
		if err != nil {
			return err
		}
		if c != 0 {
			break
		}
	}
	if err := m.in.UnreadByte(); err != nil {
		return err
	}
	if err := m.member.Reset(m.in); err != nil {
		return err
	}
	m.member.Multistream(false)
	return nil
}

// decode returns text in UTF-8 without its byte order mark.
func decode(in *bufio.Reader) io.Reader {
	head, _ := in.Peek(peeked) // what can't be read fails again at the first read
	mark, order := unicode.UseBOM, unicode.LittleEndian
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, _ = in.Discard(3) // they are in the buffer
		return in
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
	case bytes.HasPrefix(head, []byte{'{', 0}), bytes.HasPrefix(head, []byte{'[', 0}):
		mark = unicode.IgnoreBOM
	case bytes.HasPrefix(head, []byte{0, '{'}), bytes.HasPrefix(head, []byte{0, '['}):
		mark, order = unicode.IgnoreBOM, unicode.BigEndian
	default:
		return in
	}
	return transform.NewReader(in, unicode.UTF16(order, mark).NewDecoder())
}
