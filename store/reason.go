package store

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// reasons are what a person can do something about, by the first word of Redis' answer.
var reasons = map[string]string{
	"WRONGPASS":   "the user or password is wrong",
	"NOAUTH":      "it wants a password and none was given",
	"NOPERM":      "its access rules (ACL) forbid it to this user",
	"READONLY":    "it is a read-only replica",
	"OOM":         "its memory is full (maxmemory)",
	"MISCONF":     "it can't write to its disk (MISCONF)",
	"LOADING":     "it is loading its data",
	"NOREPLICAS":  "it has too few replicas (min-replicas-to-write)",
	"CLUSTERDOWN": "a part of the cluster has no server",
	"MASTERDOWN":  "it is a replica that has lost its master",
	"BUSY":        "a script keeps it busy",
}

// unwritable are the answers of a Redis that may be read and not be written to.
var unwritable = []string{"READONLY", "OOM", "MISCONF", "NOREPLICAS", "NOPERM"}

// reply is the first word of the error that Redis answered with, "" if it did not
// answer.
func reply(err error) string {
	var e redis.Error
	if !errors.As(err, &e) || errors.Is(err, redis.Nil) {
		return ""
	}
	// The error of a script has the command's behind its own words.
	words := strings.FieldsFunc(e.Error(), func(r rune) bool { return r == ' ' || r == ':' || r == '-' })
	for _, word := range words {
		if _, known := reasons[word]; known {
			return word
		}
	}
	word, _, _ := strings.Cut(e.Error(), " ")
	return word
}

// Reason says in plain words why Redis could not do something; nil for nil.
func Reason(err error) error {
	if err == nil {
		return nil
	}
	word := reply(err)
	var unreachable *net.OpError
	switch text, known := reasons[word]; {
	case known:
		return errors.New(text)
	case word != "":
		return errors.New("it answers " + word)
	case errors.As(err, &unreachable) && !unreachable.Timeout() && unreachable.Op == "dial":
		return errors.New("there is no connection to it")
	}
	return errors.New("it does not answer in time")
}

// Refusal is the reason of a Redis that can be read and refuses writes; nil for any
// other.
// Such a Redis still serves readers, so that only what writes needs to stop.
func Refusal(err error) error {
	word := reply(err)
	for _, w := range unwritable {
		if word == w {
			return Reason(err)
		}
	}
	return nil
}

// triedTTL is how long the key lives that [Store.TryWrite] writes.
const triedTTL = time.Minute

// TryWrite writes a key that nobody reads, to find out whether Redis takes writes.
func (s *Store) TryWrite(ctx context.Context) error {
	if err := s.writes.Set(ctx, keyTried, "", triedTTL).Err(); err != nil {
		return s.fail("try to write", err)
	}
	return nil
}
