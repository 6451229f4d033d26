package redisd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline/pace"
)

// slowLoader is a redis-server that takes two milliseconds to load each key.
func slowLoader(t *testing.T) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "redis-server")
	text := fmt.Sprintf("#!/bin/sh\nexec %s \"$@\" --key-load-delay 2000\n", redisBinary(t))
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return script
}

// A private Redis that takes long to load its data is waited for, and who serves need not
// wait: it is there once it is loaded, and was never started again.
func TestPrivateRedisMayTakeLongToLoad(t *testing.T) {
	dir := shortDir(t)
	first, err := Start(t.Context(), redisBinary(t), dir, Loaded, quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	options, err := redis.ParseURL(first.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	pipe := client.Pipeline()
	for i := range 3_000 {
		pipe.Set(t.Context(), fmt.Sprint("k", i), "v", 0)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	first.Stop()

	second, err := Start(t.Context(), slowLoader(t), dir, Patience(time.Millisecond), quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Stop)
	loading := func() bool {
		return errors.As((&Server{socket: options.Addr}).ping(t.Context()), &busyError{})
	}
	pace.Eventually(t, "it is loading", loading)
	pace.Eventually(t, "it is loaded", func() bool { return client.DBSize(t.Context()).Val() == 3_000 })
}

// One that can't be started is tried again while somebody serves without it.
func TestPrivateRedisIsTriedAgainWhileItIsServed(t *testing.T) {
	dir := shortDir(t)
	script := filepath.Join(t.TempDir(), "redis-server")
	counts := filepath.Join(t.TempDir(), "counts")
	text := fmt.Sprintf("#!/bin/sh\necho x >> %s\ntest $(wc -l < %[1]s) -gt 2 || exit 1\nexec %s \"$@\"\n",
		counts, redisBinary(t))
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := New(script, dir, quiet, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.stays.Store(true)
	up, ended := make(chan struct{}), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- p.Run(ctx, func() { close(up) }) }()
	select {
	case <-up:
	case err := <-ended:
		t.Fatalf("it was given up: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
