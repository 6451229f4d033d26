package textfile_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"

	"faultline/ingest/textfile"
)

const text = "{\"site\":\"bücher.de\"}\r\n{\"x\":1}\n"

func zipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func squeezed(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(z, s); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wide(order binary.AppendByteOrder, s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func TestTextIsReadInEveryForm(t *testing.T) {
	half := len(text) / 2
	for name, raw := range map[string]string{
		"plain":                   text,
		"with a mark":             "\ufeff" + text,
		"gzip":                    zipped(t, text),
		"gzip with a mark":        zipped(t, "\ufeff"+text),
		"gzip of several members": zipped(t, text[:half]) + zipped(t, "") + zipped(t, text[half:]),
		"gzip padded with zeros": zipped(t, text[:half]) + "\x00\x00\x00" + zipped(t, text[half:]) +
			strings.Repeat("\x00", 1024),
		"gzip twice over":            zipped(t, zipped(t, text)),
		"zstd":                       squeezed(t, text),
		"zstd of several frames":     squeezed(t, text[:half]) + squeezed(t, text[half:]),
		"zstd after a skipped frame": "\x5a\x2a\x4d\x18\x02\x00\x00\x00ab" + squeezed(t, text),
		"zstd of gzip":               squeezed(t, zipped(t, text)),
		"UTF-16, little end first":   wide(binary.LittleEndian, "\ufeff"+text),
		"UTF-16, big end first":      wide(binary.BigEndian, "\ufeff"+text),
		"UTF-16 without a mark":      wide(binary.LittleEndian, text),
		"UTF-16 big, no mark":        wide(binary.BigEndian, text),
		"UTF-16 in gzip":             zipped(t, wide(binary.LittleEndian, "\ufeff"+text)),
	} {
		t.Run(name, func(t *testing.T) {
			r, compressed, err := textfile.NewReader(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if string(got) != text || err != nil {
				t.Errorf("%q, %v", got, err)
			}
			want := strings.Contains(name, "gzip") || strings.Contains(name, "zstd")
			if bool(compressed) != want {
				t.Errorf("compressed: %v", compressed)
			}
		})
	}
}

func TestWhatIsBrokenIsAnError(t *testing.T) {
	long := strings.Repeat(text, 1000)
	for name, raw := range map[string]string{
		"gzip cut off":          zipped(t, long)[:100],
		"gzip with rubbish":     zipped(t, text) + "rubbish",
		"gzip's head alone":     "\x1f\x8b",
		"zstd cut off":          squeezed(t, long)[:40],
		"compressed four times": zipped(t, zipped(t, zipped(t, zipped(t, text)))),
	} {
		t.Run(name, func(t *testing.T) {
			r, _, err := textfile.NewReader(strings.NewReader(raw))
			if err == nil {
				_, err = io.ReadAll(r)
			}
			if err == nil {
				t.Error("it is read")
			}
		})
	}
	r, _, err := textfile.NewReader(strings.NewReader(""))
	if got, err2 := io.ReadAll(r); err != nil || err2 != nil || len(got) != 0 {
		t.Errorf("an empty file: %q, %v, %v", got, err, err2)
	}
}
