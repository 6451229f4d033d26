package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Inspection is what the Redis of the log says of itself, for an operator who wants to
// know whether it is fit for its task. Of a cluster it is the server that holds our keys.
type Inspection struct {
	Info     map[string]string // the fields of INFO
	Settings map[string]string // of CONFIG GET; empty where our user may not ask
	User     string            // that we are; empty where our user may not ask
	Local    bool              // it is reached by a socket or a loopback address alone
	// Unlocked says that Redis answers clients that give neither user nor password.
	Unlocked bool
	// Excess are commands that our user may run and that no part of Faultline needs.
	Excess []string
	// ExcessKnown is false where our user may not ask which commands it may run.
	ExcessKnown bool
	RoundTrip   time.Duration // of the fastest answer
	Offset      time.Duration // of this machine's clock: above 0 it is ahead of Redis'
	Epoch       string        // of the log; empty: there is none
	Entries     bool          // there are entries of a log
	Leads       bool          // some node holds the lease
	Restoring   bool          // a restore has begun and is not complete
}

// inspectedSettings are what CONFIG GET is asked for.
var inspectedSettings = []string{"appendonly", "appendfsync", "maxmemory", "maxmemory-policy", "save",
	"min-replicas-to-write"}

// neverNeeded are commands that could end or empty a Redis, or open it to others.
var neverNeeded = []string{"flushall", "flushdb", "shutdown", "debug", "replicaof", "keys"}

// clockQuestions is how often Redis is asked what time it is: the fastest answer counts.
const clockQuestions = 5

// Inspect asks Redis about itself. It writes nothing.
func (s *Store) Inspect(ctx context.Context, wall func() time.Time) (Inspection, error) {
	const op = "inspect Redis"
	c, err := s.oneServer(ctx)
	if err != nil {
		return Inspection{}, s.fail(op, err)
	}
	info, err := c.Info(ctx, "everything").Result()
	if err != nil {
		return Inspection{}, s.fail(op, err)
	}
	in := Inspection{Info: infoFields(info), Settings: map[string]string{}, Local: isLocalAddr(c.Options())}
	if in.RoundTrip, in.Offset, err = clockOffset(ctx, c, wall); err != nil {
		return Inspection{}, s.fail(op, err)
	}
	if in.Epoch, err = c.Get(ctx, keyEpoch).Result(); err != nil && !errors.Is(err, redis.Nil) {
		return Inspection{}, s.fail(op, err)
	}
	// Together these say whether a Redis without an epoch is new or has lost it.
	leads, err := c.Exists(ctx, keyLease).Result()
	if err != nil {
		return Inspection{}, s.fail(op, err)
	}
	entries, err := c.Exists(ctx, keyLog).Result()
	if err != nil {
		return Inspection{}, s.fail(op, err)
	}
	restoring, err := c.Exists(ctx, keyRestoring).Result()
	if err != nil {
		return Inspection{}, s.fail(op, err)
	}
	in.Leads, in.Entries, in.Restoring = leads > 0, entries > 0, restoring > 0
	// From here on errors are no failure: an operator who gave us few rights has done
	// well.
	// What our user may not ask stays unknown.
	for _, name := range inspectedSettings {
		if got, err := c.ConfigGet(ctx, name).Result(); err == nil {
			in.Settings[name] = got[name]
		}
	}
	in.User, _ = c.Do(ctx, "ACL", "WHOAMI").Text()
	in.Excess, in.ExcessKnown = excess(ctx, c, in.User)
	in.Unlocked = unlocked(ctx, c.Options())
	return in, nil
}

// oneServer is a client of the server that holds our keys. A cluster's client would spread
// questions such as INFO over any of its servers. It waits for as long as the context
// allows.
func (s *Store) oneServer(ctx context.Context) (*redis.Client, error) {
	switch c := s.reads.(type) {
	case *redis.ClusterClient:
		return c.MasterForKey(ctx, keyLog)
	case *redis.Client:
		return c, nil
	}
	return nil, fmt.Errorf("a client of an unknown kind: %T", s.reads)
}

// infoFields reads the lines of INFO, which are name:value; headings and empty lines are
// left out.
func infoFields(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}

// isLocalAddr reports whether nobody on another machine can use the address.
func isLocalAddr(o *redis.Options) bool {
	if o.Network == "unix" || strings.HasPrefix(o.Addr, "/") {
		return true
	}
	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// clockOffset is how far the machine's clock is ahead of Redis', as the fastest of some
// answers has it: it is right to half of what that took.
func clockOffset(ctx context.Context, c *redis.Client, wall func() time.Time) (took, offset time.Duration, err error) {
	for i := range clockQuestions {
		before := wall()
		theirs, err := c.Time(ctx).Result()
		if err != nil {
			return 0, 0, err
		}
		after := wall()
		if n := after.Sub(before); i == 0 || n < took {
			// Redis is taken to have answered half way. The error is half of the round trip
			// at most, so that the fastest answer is the most exact one.
			took, offset = n, before.Add(n/2).Sub(theirs)
		}
	}
	return took, offset, nil
}

// excess asks which of the commands that nobody needs a user may run (ACL DRYRUN, of
// Redis 7.0); known is false where it can't be asked.
func excess(ctx context.Context, c *redis.Client, user string) (may []string, known bool) {
	if user == "" {
		return nil, false
	}
	for _, command := range neverNeeded {
		// DRYRUN checks the number of arguments too, so that a command gets as many as it
		// needs. Nothing is executed.
		args := []any{"ACL", "DRYRUN", user, command}
		if command == "keys" || command == "debug" {
			args = append(args, "*")
		}
		if command == "replicaof" {
			args = append(args, "no", "one")
		}
		answer, err := c.Do(ctx, args...).Text()
		if err != nil {
			return nil, false
		}
		if answer == "OK" {
			may = append(may, command)
		}
	}
	return may, true
}

// unlocked tries to use Redis without a user or password, with a client of its own: whether
// a server is open to all can't be seen from inside a session that has logged in.
func unlocked(ctx context.Context, o *redis.Options) bool {
	bare := redis.UniversalOptions{Addrs: []string{o.Addr}, TLSConfig: o.TLSConfig, DB: 0, PoolSize: 1}
	c := newClient(bare)
	open := c.Ping(ctx).Err() == nil
	_ = c.Close() // it was opened for this question
	return open
}
