package store

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline/store/storetest"
)

// forTests is what the tests of this package do to Redis beyond what the program does:
// they empty it, damage it and look at it.
const forTests = " +flushall +scan +xdel +type +setrange +strlen +append +restore +dump +keys +pexpireat"

// guarded runs a Redis with the users of deploy/redis/users.acl, and returns the address
// of one of them. With more, the user of nodes has further rights.
func guarded(t *testing.T, more string) func(user string) string {
	t.Helper()
	text, err := os.ReadFile("../deploy/redis/users.acl")
	ok(t, err)
	var users strings.Builder
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "user faultline ") {
			line += more
		}
		users.WriteString(line + "\n")
	}
	users.WriteString("user admin on nopass ~* +@all\n")
	file := filepath.Join(t.TempDir(), "users.acl")
	ok(t, os.WriteFile(file, []byte(users.String()), 0o600))
	url := storetest.StartGuarded(t, file)
	passwords := map[string]string{"faultline": "CHANGE-ME-1", "backup": "CHANGE-ME-2", "doctor": "CHANGE-ME-3",
		"restore": "CHANGE-ME-4", "admin": "x"}
	return func(user string) string { return url(user, passwords[user]) }
}

// connecting are commands that a client may send when it connects, as its address says.
var connecting = []string{"hello", "auth", "select", "client|setname", "discard", "command", "cluster|slots",
	"cluster|shards", "cluster|nodes"}

// The rights of a node suffice for all that the store does, and it uses each of them.
func TestRightsOfANodeSuffice(t *testing.T) {
	url := guarded(t, forTests)
	b := backend{url: url("faultline"), advance: func(time.Duration) {}}
	for _, c := range conformance {
		t.Run(c.name, func(t *testing.T) { c.run(t, b.open(t)) })
	}
	stats, err := do(t, url("admin"), "INFO commandstats").Text()
	ok(t, err)
	text, err := os.ReadFile("../deploy/redis/users.acl")
	ok(t, err)
	_, rights, _ := strings.Cut(string(text), "user faultline ")
	rights, _, _ = strings.Cut(rights, "\n")
	for _, right := range strings.Fields(rights) {
		command, isRight := strings.CutPrefix(right, "+")
		if isRight && !slices.Contains(connecting, command) && !strings.Contains(stats, "cmdstat_"+command+":") {
			t.Errorf("a node may run %s and does not", command)
		}
	}
}

// Each role's rights suffice for its task, and for nothing that could empty or end Redis,
// or read what is not ours.
func TestRightsAreTheLeast(t *testing.T) {
	ctx := t.Context()
	url := guarded(t, "")
	node, err := Open(ctx, Config{URL: url("faultline") + patient, Durable: true})
	ok(t, err)
	defer node.Close()
	now := time.Now()
	_, err = node.Epoch(ctx, now)
	ok(t, err)
	_, _, err = node.Acquire(ctx, "a", time.Hour, now)
	ok(t, err)
	for range 3 {
		ok(t, node.TryWrite(ctx))
	}
	var file, since bytes.Buffer
	ok(t, Backup(ctx, url("backup"), nil, &file))
	ok(t, node.Revoke(ctx, "t1", now.AddDate(1, 0, 0), now))
	ok(t, BackupSince(ctx, url("backup"), nil, bytes.NewReader(file.Bytes()), &since))
	asker, err := Open(ctx, Config{URL: url("backup") + patient, Durable: true})
	ok(t, err)
	defer asker.Close()
	ok(t, asker.WantSegments(ctx, []string{"a"}, now)) // of the archive, which nodes have
	ok(t, node.Lend(ctx, "a", []byte("abc")))
	_, err = asker.Borrow(ctx, Segment{Name: "a", Bytes: 3})
	ok(t, err)
	other := guarded(t, "")
	ok(t, Restore(ctx, other("restore"), &file, &since))

	examiner, err := Open(ctx, Config{URL: url("doctor") + patient, Durable: true})
	ok(t, err)
	defer examiner.Close()
	found, err := examiner.Inspect(ctx, time.Now)
	ok(t, err)
	ok(t, examiner.TryWrite(ctx))
	_, err = examiner.Generations(ctx)
	ok(t, err)
	if found.Unlocked || !found.ExcessKnown || len(found.Excess) > 0 || found.User != "doctor" || !found.Leads ||
		found.Epoch == "" || found.Settings["appendfsync"] != "always" {
		t.Errorf("%+v", found)
	}
	for _, user := range []string{"faultline", "backup", "doctor", "restore"} {
		for _, command := range []string{"FLUSHALL", "SHUTDOWN NOSAVE", "CONFIG SET dir /", "KEYS *", "GET other",
			"REPLICAOF NO ONE", "ACL SETUSER x", "SET other x", "EVAL return(redis.call('flushall')) 0",
			"SCRIPT FLUSH", "CLIENT KILL TYPE normal"} {
			refusedBy(t, url(user), user, command)
		}
	}
	refusedBy(t, url("backup"), "backup", "SET "+keyEpoch+" x")
	refusedBy(t, url("doctor"), "doctor", "SET "+keyEpoch+" x")
	bare, _, _ := strings.Cut(url(""), "//")
	_, socket, _ := strings.Cut(url(""), "@")
	refusedBy(t, bare+"//"+socket, "nobody", "PING")
}

// do runs one command at an address.
func do(t *testing.T, url, command string) *redis.Cmd {
	t.Helper()
	o, err := redis.ParseURL(url)
	ok(t, err)
	c := redis.NewClient(o)
	defer c.Close()
	var args []any
	for _, word := range strings.Fields(command) {
		args = append(args, word)
	}
	return c.Do(t.Context(), args...)
}

func refusedBy(t *testing.T, url, user, command string) {
	t.Helper()
	err := do(t, url, command).Err()
	if err == nil || !strings.Contains(err.Error(), "NOPERM") && !strings.Contains(err.Error(), "NOAUTH") &&
		!strings.Contains(err.Error(), "ACL failure") && !strings.Contains(err.Error(), "no permissions") &&
		!strings.Contains(err.Error(), "can't run this command") {
		t.Errorf("%s may %s: %v", user, command, err)
	}
}
