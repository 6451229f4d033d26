package storetest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Pair is a Redis with a replica, and the way that clients go to them.
type Pair struct {
	URL string // by the way
	Way *Way

	t             testing.TB
	dir           string
	first, second string // paths of sockets
}

// StartPair runs a Redis and a replica of it. Clients go to the first until
// [Pair.FailOver].
func StartPair(t testing.TB) *Pair {
	t.Helper()
	p := &Pair{t: t, dir: tempDir(t)}
	p.first = filepath.Join(p.dir, "first.sock")
	port := freePort(t)
	launch(t, p.dir, "unix", p.first, append([]string{"--bind", "127.0.0.1", "--port", port,
		"--repl-diskless-sync-delay", "0", "--unixsocket", p.first, "--dir", p.dir}, durable...)...)
	other := tempDir(t)
	p.second = filepath.Join(other, "second.sock")
	launch(t, other, "unix", p.second, append([]string{"--port", "0", "--unixsocket", p.second,
		"--replicaof", "127.0.0.1 " + port, "--dir", other}, durable...)...)
	p.Way, p.URL = Between(t, "unix://"+p.first)
	p.synced()
	return p
}

// synced waits until the replica has all that was written until now.
func (p *Pair) synced() {
	p.t.Helper()
	until(p.t, p.dir, "the replica has all", func() bool {
		conn, err := net.DialTimeout("unix", p.first, askTimeout)
		if err != nil {
			return false
		}
		defer conn.Close()
		if conn.SetDeadline(time.Now().Add(readyWithin)) != nil {
			return false
		}
		// A wait is for what its own connection has written.
		if _, err := io.WriteString(conn, "SET storetest:mark 1\r\nDEL storetest:mark\r\nWAIT 1 5000\r\n"); err != nil {
			return false
		}
		answers := bufio.NewScanner(conn)
		for range 3 {
			if !answers.Scan() {
				return false
			}
		}
		return answers.Text() == ":1"
	})
}

// Part ends the replication once the replica has all that was written until now: what is
// written from here on it will lack.
func (p *Pair) Part() {
	p.t.Helper()
	p.synced()
	if got := ask(p.t, "unix", p.second, "REPLICAOF NO ONE"); got != "+OK" {
		p.t.Fatalf("the replica answers %q", got)
	}
}

// FailOver leads clients to the replica, and ends the first server.
func (p *Pair) FailOver() {
	p.t.Helper()
	p.Way.Turn("unix://" + p.second)
	if got := ask(p.t, "unix", p.first, "SHUTDOWN NOSAVE"); strings.HasPrefix(got, "-") {
		p.t.Fatalf("the first server answers %q", got)
	}
}

// String names the two servers.
func (p *Pair) String() string { return fmt.Sprintf("%s, then %s", p.first, p.second) }
