package main

import (
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"testing"

	"faultline/store"
	"faultline/store/redisd"
)

// quiet logs nothing.
var quiet = slog.New(slog.DiscardHandler)

// shortDir is a directory whose name leaves room for that of a unix socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func openStore(t *testing.T, url string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{URL: url, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

// privateRedis runs one on a state directory until the test ends or it is stopped.
func privateRedis(t *testing.T, dir string) *redisd.Running {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("these tests run a real redis-server, and there is none on the PATH: %v", err)
	}
	running, err := redisd.Start(t.Context(), bin, dir, redisd.Loaded, quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	running.Stop = sync.OnceFunc(running.Stop)
	t.Cleanup(running.Stop)
	return running
}
