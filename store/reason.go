package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
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

// maxAnswer bounds what is repeated of an answer that is not known here, in bytes.
const maxAnswer = 120

// Reason says in plain words why Redis could not do something; nil for nil.
func Reason(err error) error {
	if err == nil {
		return nil
	}
	for _, verdict := range replies {
		if errors.Is(err, verdict) {
			return verdict
		}
	}
	if text, known := reasons[reply(err)]; known {
		return errors.New(text)
	}
	var answer redis.Error
	if errors.As(err, &answer) && !errors.Is(err, redis.Nil) {
		text := answer.Error()
		if strings.Contains(text, maxClientsText) {
			return errors.New("it has as many clients as it may (maxclients)")
		}
		return fmt.Errorf("it answers %.*q", maxAnswer, text)
	}
	return unreachedReason(err)
}

// unreachedReason says why no answer of a Redis came back.
func unreachedReason(err error) error {
	var (
		network     *net.OpError
		certificate *tls.CertificateVerificationError
		noTLS       tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &certificate):
		return fmt.Errorf("its certificate is not trusted: %w", certificate.Err)
	case errors.As(err, &noTLS):
		return errors.New("it does not speak TLS, which rediss:// asks for")
	case errors.As(err, &network) && !network.Timeout() && network.Op == "dial":
		return errors.New("there is no connection to it")
	case errors.Is(err, io.EOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET):
		return errors.New("it closes the connection without an answer; " +
			"it may have as many clients as it takes (maxclients)")
	case strings.Contains(err.Error(), "redis: can't parse"):
		return errors.New("what answers there is no Redis")
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
