package store

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Pos is a place in the log: that of one entry, as Redis names it by the
// milliseconds of its own clock and a counter. The zero value is before every entry.
type Pos struct{ ms, seq uint64 }

// ParsePos reads what [Pos.String] writes; "" is the zero value.
func ParsePos(s string) (Pos, error) {
	if s == "" {
		return Pos{}, nil
	}
	ms, seq, ok := strings.Cut(s, "-")
	var p Pos
	var err1, err2 error
	p.ms, err1 = strconv.ParseUint(ms, 10, 64)
	p.seq, err2 = strconv.ParseUint(seq, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return Pos{}, fmt.Errorf("%q is no position", s)
	}
	return p, nil
}

// Compare is negative where p comes before q, positive where it comes after, and 0
// where both are the same place.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.ms, q.ms), cmp.Compare(p.seq, q.seq))
}

// After reports whether p comes after q.
func (p Pos) After(q Pos) bool { return p.Compare(q) > 0 }

// IsZero reports whether p is before every entry.
func (p Pos) IsZero() bool { return p == Pos{} }

// Time is when the entry was written, by the clock of the Redis that took it.
func (p Pos) Time() time.Time { return time.UnixMilli(int64(p.ms)).UTC() }

// String is the position as Redis writes it, such as 1623145625000-0.
func (p Pos) String() string { return fmt.Sprintf("%d-%d", p.ms, p.seq) }

// MarshalText implements [encoding.TextMarshaler]; the zero value is empty.
func (p Pos) MarshalText() ([]byte, error) {
	if p.IsZero() {
		return nil, nil
	}
	return []byte(p.String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (p *Pos) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePos(string(text))
	return err
}
