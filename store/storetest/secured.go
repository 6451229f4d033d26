package storetest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Secured are PEM files of a server that speaks TLS alone: its certificate, its key, and the
// authorities of clients. Servers are clients of each other, so that their own certificate must be
// of these authorities too.
type Secured struct{ Cert, Key, CA string }

// settings are those of a server that listens on a port by TLS. A socket beside it is for the
// helpers here, which speak no TLS.
func (s Secured) settings(dir, port string) []string {
	return []string{"--bind", "127.0.0.1", "--port", "0", "--tls-port", port, "--tls-cert-file", s.Cert,
		"--tls-key-file", s.Key, "--tls-ca-cert-file", s.CA, "--tls-auth-clients", "yes", "--tls-replication", "yes",
		"--unixsocket", socketIn(dir), "--dir", dir}
}

func socketIn(dir string) string { return filepath.Join(dir, "redis.sock") }

// StartSecuredCluster is StartCluster by mutual TLS, also between servers.
func StartSecuredCluster(t testing.TB, files Secured) string {
	t.Helper()
	dir, port, bus := tempDir(t), freePort(t), freePort(t)
	args := append(files.settings(dir, port), "--tls-cluster", "yes", "--cluster-enabled", "yes", "--cluster-port", bus,
		"--cluster-announce-ip", "127.0.0.1")
	launch(t, dir, "unix", socketIn(dir), append(args, durable...)...)
	if got := ask(t, "unix", socketIn(dir), "CLUSTER ADDSLOTSRANGE 0 16383"); got != "+OK" {
		t.Fatalf("cluster: add slots: %s", got)
	}
	until(t, dir, "cluster serves", func() bool {
		return strings.HasPrefix(ask(t, "unix", socketIn(dir), "EXISTS x"), ":")
	})
	return "rediss+cluster://127.0.0.1:" + port
}

// StartSecuredSentinel is StartSentinel by mutual TLS: to the sentinel, from it to the server, and
// to the server.
func StartSecuredSentinel(t testing.TB, files Secured) string {
	t.Helper()
	dir, port := tempDir(t), freePort(t)
	launch(t, dir, "unix", socketIn(dir), append(files.settings(dir, port), durable...)...)
	dir, watch := tempDir(t), freePort(t)
	conf := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor main 127.0.0.1 %s 1\n", port)
	for i, word := range files.settings(dir, watch) {
		if name, ok := strings.CutPrefix(word, "--"); ok {
			text += name + " " + files.settings(dir, watch)[i+1] + "\n"
		}
	}
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	launch(t, dir, "unix", socketIn(dir), conf, "--sentinel")
	return "rediss+sentinel://127.0.0.1:" + watch + "/main"
}
