package correlate

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// The rows of a checkpoint are written field by field, as varints: a million sites
// that nothing is reported of take some 50 bytes each and a fraction of a second.

// errMalformed is what reading ends with that comes to the end too early, or to
// what can't be.
var errMalformed = errors.New("malformed rows")

func appendInt(b []byte, v int64) []byte { return binary.AppendVarint(b, v) }

func appendUint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

// appendFloat writes a number so that those with few significant digits, such as 0
// and 1, are short.
func appendFloat(b []byte, v float64) []byte {
	return binary.AppendUvarint(b, bits.ReverseBytes64(math.Float64bits(v)))
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reading takes apart what the functions above wrote. After an error everything
// that it returns is zero.
type reading struct {
	rest []byte
	err  error
}

func (r *reading) fail() {
	r.err, r.rest = errMalformed, nil
}

func (r *reading) int() int64 {
	v, n := binary.Varint(r.rest)
	return taken(r, v, n)
}

func (r *reading) uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	return taken(r, v, n)
}

func taken[T int64 | uint64](r *reading, v T, n int) T {
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reading) uint32() uint32 {
	v := r.uint()
	if v > math.MaxUint32 {
		r.fail()
		return 0
	}
	return uint32(v)
}

func (r *reading) float() float64 { return math.Float64frombits(bits.ReverseBytes64(r.uint())) }

func (r *reading) bool() bool { return r.uint() != 0 }

func (r *reading) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reading) text() string { return string(r.bytes(r.uint())) }

// count reads how many of something follow, each of which takes a byte at least.
func (r *reading) count() int {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return int(n)
}
