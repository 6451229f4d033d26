package storetest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	// readyWithin is how long a server may take until it answers.
	readyWithin = 10 * time.Second
	// askEvery is the pause between two questions whether it does.
	askEvery = 10 * time.Millisecond
	// removePatience is how long what a server wrote may resist.
	removePatience = 5 * time.Second
	// askTimeout bounds one question.
	askTimeout = time.Second
)

// guard runs a command and kills it when standard input ends: so the server goes
// with the test process however that dies.
const guard = `"$@" & server=$!; read -r _; kill -9 $server; wait $server`

// durable are the settings under which an acknowledged write is on disk.
var durable = []string{"--appendonly", "yes", "--appendfsync", "always", "--save", ""}

// Start runs a durable redis-server with a Unix socket in a directory of its own
// and returns its URL. A machine without redis-server fails the test.
func Start(t testing.TB) string {
	t.Helper()
	dir := tempDir(t)
	socket := filepath.Join(dir, "redis.sock")
	args := append([]string{"--port", "0", "--unixsocket", socket, "--dir", dir}, durable...)
	launch(t, dir, "unix", socket, args...)
	return "unix://" + socket
}

// StartGuarded is Start with the users of an ACL file, and returns what asks for the
// address of one of them.
func StartGuarded(t testing.TB, aclFile string) func(user, password string) string {
	t.Helper()
	dir := tempDir(t)
	socket := filepath.Join(dir, "redis.sock")
	args := append([]string{"--port", "0", "--unixsocket", socket, "--dir", dir, "--aclfile", aclFile}, durable...)
	launch(t, dir, "unix", socket, args...)
	return func(user, password string) string { return "unix://" + user + ":" + password + "@" + socket }
}

// StartCluster runs a cluster of one server, which serves all slots, and returns
// its URL.
func StartCluster(t testing.TB) string {
	t.Helper()
	dir, port, bus := tempDir(t), freePort(t), freePort(t)
	addr := "127.0.0.1:" + port
	launch(t, dir, "tcp", addr, append([]string{"--bind", "127.0.0.1", "--port", port, "--cluster-port", bus,
		"--cluster-enabled", "yes", "--dir", dir}, durable...)...)
	if got := ask(t, "tcp", addr, "CLUSTER ADDSLOTSRANGE 0 16383"); got != "+OK" {
		t.Fatalf("cluster: add slots: %s", got)
	}
	until(t, dir, "cluster serves", func() bool {
		return strings.HasPrefix(ask(t, "tcp", addr, "EXISTS x"), ":")
	})
	return "redis+cluster://" + addr
}

// StartSentinel runs a server and a sentinel that watches it under the name
// "main", and returns the URL that goes by the sentinel.
func StartSentinel(t testing.TB) string {
	t.Helper()
	dir, port := tempDir(t), freePort(t)
	launch(
		t,
		dir,
		"tcp",
		"127.0.0.1:"+port,
		append([]string{"--bind", "127.0.0.1", "--port", port, "--dir", dir}, durable...)...)
	dir, watch := tempDir(t), freePort(t)
	conf := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nsentinel monitor main 127.0.0.1 %s 1\n", watch, dir, port)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	launch(t, dir, "tcp", "127.0.0.1:"+watch, conf, "--sentinel")
	return "redis+sentinel://127.0.0.1:" + watch + "/main"
}

// tempDir is shorter than t.TempDir: the path of a socket has some 100 bytes.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "faultline")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A server's child that rewrites a file outlives it for a moment.
		err := os.RemoveAll(dir)
		for until := time.Now().Add(removePatience); err != nil && time.Now().Before(until); err = os.RemoveAll(dir) {
		}
		if err != nil {
			t.Error(err)
		}
	})
	return dir
}

// freePort is a port that nobody listened on a moment ago.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// launch runs a redis-server, waits until it answers, and ends it with the test.
func launch(t testing.TB, dir, network, addr string, args ...string) {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf(
			"these tests run a real redis-server, and there is none on the PATH: install it (apt install "+
				"redis-server, brew install redis): %v",
			err,
		)
	}
	args = append(args, "--logfile", filepath.Join(dir, "log"))
	cmd := exec.Command("sh", append([]string{"-c", guard, "sh", binary}, args...)...)
	leash, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start redis-server: %v", err)
	}
	t.Cleanup(func() {
		leash.Close()
		cmd.Wait() // it was killed: its status says only that
	})
	until(t, dir, "redis-server answers", func() bool {
		answer := ask(t, network, addr, "PING")
		return answer == "+PONG" || strings.HasPrefix(answer, "-NOAUTH")
	})
}

// until asks a process of its own again and again, because there is nothing to wait on.
// It fails the test with the server's output when that takes too long.
func until(t testing.TB, dir, what string, ready func() bool) {
	t.Helper()
	deadline := time.After(readyWithin)
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-deadline:
			log, err := os.ReadFile(filepath.Join(dir, "log"))
			t.Fatalf("waited %s in vain until %s; its log (%v):\n%s", readyWithin, what, err, log)
		}
	}
}

// ask sends one inline command and returns the first line of the answer, or
// nothing.
func ask(t testing.TB, network, addr, command string) string {
	t.Helper()
	conn, err := net.DialTimeout(network, addr, askTimeout)
	if err != nil {
		return ""
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(askTimeout)); err != nil {
		return ""
	}
	if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
		return ""
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return ""
	}
	return strings.TrimSpace(line)
}
