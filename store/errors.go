package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"faultline"
)

// The conditions that callers of this package tell apart, besides
// [faultline.ErrUnavailable], [faultline.ErrNotLeader] and [faultline.ErrNotFound].
var (
	// ErrRevisionGap: the revision before this one is not stored.
	ErrRevisionGap = errors.New("the revision before it is missing")
	// ErrRevisionDiffers: this revision is stored already, with other contents.
	ErrRevisionDiffers = errors.New("the revision is stored with other contents")
	// ErrTrimmed: what follows the reader's position is no longer kept. A reader
	// of the log starts again from the checkpoint, one of changes from Incidents.
	ErrTrimmed = errors.New("the position is older than what is kept")
	// ErrRolledBack: the entry that was read last is not in the log any more, although
	// nothing so new was dropped. A replica without it has taken over.
	ErrRolledBack = errors.New("the log has lost what was read from it")
	// ErrTooLarge: the batch or checkpoint is beyond its bound.
	ErrTooLarge = errors.New("too large")
	// ErrUnreadable: what is stored is damaged, or in a form that nobody here knows.
	ErrUnreadable = errors.New("it can't be read")
	// ErrBackwards: the checkpoint's position lies before the stored one's.
	ErrBackwards = errors.New("the stored checkpoint is newer")
	// ErrOvertaken: another checkpoint was stored while this one was being written.
	ErrOvertaken = errors.New("another checkpoint was stored meanwhile")
	// ErrChunkLost: the checkpoint took so long to write that its first part has expired.
	ErrChunkLost = errors.New("writing it took so long that its first part has expired")
	// ErrHalfLog: of the log and its epoch only one is there. A part of the data was
	// deleted, or only a part was restored; a backup has both.
	ErrHalfLog = errors.New("Redis holds only a part of a log: its entries or its epoch are missing, or a restore " +
		"is not complete. To restore a backup, empty Redis first")
)

// replies maps the first word of the error replies of our scripts.
var replies = map[string]error{
	"NOTLEADER": faultline.ErrNotLeader,
	"REVGAP":    ErrRevisionGap,
	"REVDIFFER": ErrRevisionDiffers,
	"BACKWARDS": ErrBackwards,
	"FLIPPED":   ErrOvertaken,
	"CHUNKLOST": ErrChunkLost,
	"HALFLOG":   ErrHalfLog,
}

// fail wraps err with what was being done and counts it. Whatever is not a
// verdict of one of our scripts means that Redis could not do it just now.
func (s *Store) fail(op string, err error) error {
	var reply redis.Error
	if errors.As(err, &reply) {
		word, _, _ := strings.Cut(reply.Error(), " ")
		// A refusal of a script is a decision and not a fault: it is not tried again.
		if verdict, ok := replies[word]; ok {
			s.m.errors.WithLabelValues("refused").Inc()
			return fmt.Errorf("%s: %w", op, verdict)
		}
	}
	s.m.errors.WithLabelValues("unavailable").Inc()
	return fmt.Errorf("%s: %w: %w", op, faultline.ErrUnavailable, err)
}

// maxClientsText is what Redis answers when it has as many clients as it may. It has no
// word of its own.
const maxClientsText = "max number of clients"

// misconfigured reports whether Redis answered, and its answer will not change
// by waiting: a wrong password, say, or a database that does not exist.
func misconfigured(err error) bool {
	var reply redis.Error
	if !errors.As(err, &reply) || errors.Is(err, redis.Nil) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if strings.Contains(reply.Error(), maxClientsText) {
		return false
	}
	word, _, _ := strings.Cut(reply.Error(), " ")
	switch word {
	case "LOADING", "MASTERDOWN", "CLUSTERDOWN", "READONLY", "TRYAGAIN", "MISCONF", "OOM", "BUSY", "NOREPLICAS":
		return false
	}
	return true
}
