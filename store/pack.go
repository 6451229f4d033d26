package store

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// maxUnpacked bounds what a compressed value may unfold to, in bytes: a value that is
// damaged, or planted, must not fill the memory of every node that reads it.
const maxUnpacked = 64 << 20

// deflaters are kept, since one is over half a megabyte.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic(err) // only for a level that does not exist
	}
	return w
}}

// deflate compresses JSON, to a sixth or less for incidents.
func deflate(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&out)
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return out.Bytes(), nil
}

// pack makes compressed JSON of v.
func pack(v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return deflate(plain)
}

// inflate is the inverse of deflate.
func inflate(packed []byte) ([]byte, error) { return inflateUpTo(packed, maxUnpacked) }

// inflateUpTo is inflate for what has at most so many bytes; what has more comes back cut off.
func inflateUpTo(packed []byte, most int64) ([]byte, error) {
	plain, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), most))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return plain, nil
}

// unpack is the inverse of pack.
func unpack(packed []byte, v any) error {
	plain, err := inflate(packed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}
