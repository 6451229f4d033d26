package store

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// position is a place in a stream, ms-seq as Redis writes it. The zero value is
// before everything.
type position struct{ ms, seq uint64 }

func parsePosition(s string) (position, error) {
	if s == "" {
		return position{}, nil
	}
	ms, seq, ok := strings.Cut(s, "-")
	var p position
	var err1, err2 error
	p.ms, err1 = strconv.ParseUint(ms, 10, 64)
	p.seq, err2 = strconv.ParseUint(seq, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return position{}, fmt.Errorf("%q is no position", s)
	}
	return p, nil
}

func (p position) compare(q position) int {
	return cmp.Or(cmp.Compare(p.ms, q.ms), cmp.Compare(p.seq, q.seq))
}

func (p position) String() string { return fmt.Sprintf("%d-%d", p.ms, p.seq) }
