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

// appendInt appends a number of variable length that may be below 0.
func appendInt(b []byte, v int64) []byte { return binary.AppendVarint(b, v) }

// appendUint appends a number of variable length.
func appendUint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

// appendFloat writes a number so that those with few significant digits, such as 0
// and 1, are short.
func appendFloat(b []byte, v float64) []byte {
	return binary.AppendUvarint(b, bits.ReverseBytes64(math.Float64bits(v)))
}

// appendBool appends one byte.
func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendText appends a string behind its length.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reading takes apart what the functions above wrote. After an error everything
// that it returns is zero.
type reading struct {
	rest []byte
	err  error
}

// fail ends a reading: everything read from then on is zero. Whoever reads checks err once
// at the end.
func (r *reading) fail() {
	r.err, r.rest = errMalformed, nil
}

// int reads what appendInt wrote.
func (r *reading) int() int64 {
	v, n := binary.Varint(r.rest)
	return taken(r, v, n)
}

// uint reads what appendUint wrote.
func (r *reading) uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	return taken(r, v, n)
}

// taken moves behind a number of n bytes; n is not above 0 where there was none.
func taken[T int64 | uint64](r *reading, v T, n int) T {
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// uint32 is uint for what must fit into 32 bits.
func (r *reading) uint32() uint32 {
	v := r.uint()
	if v > math.MaxUint32 {
		r.fail()
		return 0
	}
	return uint32(v)
}

// float reads a number whose bytes were reversed: those of round numbers end in zeros,
// which then take no room.
func (r *reading) float() float64 { return math.Float64frombits(bits.ReverseBytes64(r.uint())) }

// bool reads what appendBool wrote.
func (r *reading) bool() bool { return r.uint() != 0 }

// bytes reads n bytes, nil if there are fewer.
func (r *reading) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.fail()
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// text reads what appendText wrote.
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
