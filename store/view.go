package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"faultline"
	"faultline/trace"
)

// SaveView replaces the view that readers hold. at is how far into the log it was made.
func (s *Store) SaveView(ctx context.Context, l Lease, v faultline.View, at Pos) error {
	const op = "save the view"
	packed, err := pack(v)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := s.fenced(ctx, s.scripts.view, l, []string{keyView}, packed, at.String(),
		trace.Carried(ctx)).Err(); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// View returns the view and its version. If the version is the known one, or
// there is no view, the view is zero and the version the known one. Versions
// start at 1 and say no more than whether something changed: after a failover
// they may be lower than before.
func (s *Store) View(ctx context.Context, known int64) (faultline.View, int64, error) {
	// Only the version is read at first: most reads find the one that they know, and the
	// view is large.
	const op = "read the view"
	var v faultline.View
	fields, err := s.reads.HMGet(ctx, keyView, "v").Result()
	if err != nil {
		return v, known, s.fail(op, err)
	}
	text, _ := fields[0].(string)
	if text == "" || text == strconv.FormatInt(known, 10) {
		return v, known, nil
	}
	// Version and contents are read again together: they belong together.
	if fields, err = s.reads.HMGet(ctx, keyView, "v", "d", "t").Result(); err != nil {
		return v, known, s.fail(op, err)
	}
	text, _ = fields[0].(string)
	packed, _ := fields[1].(string)
	version, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return v, known, fmt.Errorf("%s: version: %w", op, err)
	}
	if err := unpack([]byte(packed), &v); err != nil {
		return faultline.View{}, known, fmt.Errorf("%s: %w", op, err)
	}
	led, _ := fields[2].(string)
	if of, spans, _ := strings.Cut(led, " "); of == text { // else those of an earlier view
		v.Trace = spans
	}
	return v, version, nil
}

// ViewPos is the position of the log that the newest view was made at; the zero value if
// that is not known.
func (s *Store) ViewPos(ctx context.Context) (Pos, error) {
	const op = "read the position of the view"
	fields, err := s.reads.HMGet(ctx, keyView, "v", "at").Result()
	if err != nil {
		return Pos{}, s.fail(op, err)
	}
	version, _ := fields[0].(string)
	at, _ := fields[1].(string)
	of, text, _ := strings.Cut(at, " ")
	pos, err := ParsePos(text)
	if err != nil || of != version { // a release that notes none wrote the view
		return Pos{}, nil //nolint:nilerr // not known
	}
	return pos, nil
}
