package store

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/pace"
	"faultline/store/storetest"
)

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]redis.UniversalOptions{
		"redis://h":                 {Addrs: []string{"h:6379"}},
		"redis://u:p%40w@h:1/3":     {Addrs: []string{"h:1"}, Username: "u", Password: "p@w", DB: 3},
		"redis://[::1]:7/?db=2":     {Addrs: []string{"[::1]:7"}, DB: 2},
		"unix:///run/r.sock?db=1":   {Addrs: []string{"/run/r.sock"}, DB: 1},
		"unix://:pw@/run/r.sock":    {Addrs: []string{"/run/r.sock"}, Password: "pw"},
		"redis://h?read_timeout=2s": {Addrs: []string{"h:6379"}, ReadTimeout: 2 * time.Second},
		"redis+cluster://h":         {Addrs: []string{"h:6379"}, IsClusterMode: true},
		"redis+cluster://:pw@a,b:1": {Addrs: []string{"a:6379", "b:1"}, Password: "pw", IsClusterMode: true},
		"redis+cluster://[::1],a?":  {Addrs: []string{"[::1]:6379", "a:6379"}, IsClusterMode: true},
		"redis+sentinel://a,b:1/m":  {Addrs: []string{"a:26379", "b:1"}, MasterName: "m"},
		"redis+sentinel://a/m?db=4&sentinel_username=s&sentinel_password=t": {Addrs: []string{"a:26379"},
			MasterName: "m", DB: 4,
			SentinelUsername: "s", SentinelPassword: "t"},
	} {
		got, err := ParseURL(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		equal(t, *got, want)
	}
	for raw, host := range map[string]string{"rediss://h": "h", "rediss+cluster://a,b": "",
		"rediss+sentinel://a,b/m": ""} {
		got, err := ParseURL(raw)
		ok(t, err)
		if got.TLSConfig == nil || got.TLSConfig.ServerName != host || got.TLSConfig.InsecureSkipVerify {
			t.Errorf("%s: TLS is %+v", raw, got.TLSConfig)
		}
	}
	for _, raw := range []string{
		"", "localhost:6379", "http://h", "redis+cluster+x://h", "unix+cluster:///x", "unix://", "redis+other://h",
		"redis://:secret@a,b", "redis+sentinel://:secret@a", "redis+sentinel://:secret@a/m/n", "redis+sentinel://a,/m",
		"redis+cluster://:secret@a/1", "redis+cluster://a?db=1", "redis+cluster://", "redis://:secret@h/x",
		"redis://:secret@h:port",
		"redis://:secret@h?max_retries=3", "redis://h?%zz", "redis://:secret@h?read_timeout=soon",
		"redis://h?sentinel_username=x",
	} {
		if got, err := ParseURL(raw); err == nil {
			t.Errorf("%q was taken as %+v", raw, got)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error tells the password: %v", raw, err)
		}
	}
}

// TestOpenWithoutRedis: one that is down does not keep us from starting; calls
// fail at once and say why; when it comes, they work.
func TestOpenWithoutRedis(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	url := "unix://" + socket + patient
	registry := prometheus.NewRegistry()
	s, err := Open(t.Context(), Config{URL: url, Registerer: registry})
	ok(t, err)
	equal(t, s.Durable(), false)
	for _, err := range everyCall(t.Context(), s) {
		wantErr(t, err, faultline.ErrUnavailable)
	}
	ok(t, os.Symlink(strings.TrimPrefix(storetest.Start(t), "unix://"), socket))
	ok(t, s.Ping(t.Context()))
	_, err = s.Epoch(t.Context(), time.UnixMilli(1))
	ok(t, err)

	if _, err := Open(t.Context(), Config{URL: url, Registerer: registry}); err == nil {
		t.Error("two stores share their metrics")
	}
	ok(t, s.Close())
	s, err = Open(t.Context(), Config{URL: url, Registerer: registry})
	ok(t, err)
	ok(t, s.Close())
}

// TestHungRedis: one that accepts and says nothing costs a call a bounded time,
// even if its caller has no deadline.
func TestHungRedis(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	t.Cleanup(func() { l.Close() })
	s, err := Open(t.Context(), Config{URL: "redis://" + l.Addr().String()})
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	ctx := pace.Context(t, time.Minute)
	for _, err := range everyCall(ctx, s) {
		wantErr(t, err, faultline.ErrUnavailable)
	}
	if ctx.Err() != nil {
		t.Fatal("only the caller's deadline ended it")
	}
}

func everyCall(ctx context.Context, s *Store) []error {
	l, now := Lease{Fence: 1, TTL: time.Second}, time.UnixMilli(1)
	_, e1 := s.Append(ctx, BatchKey{}, nil)
	_, e2 := s.Epoch(ctx, now)
	_, e3 := s.Reader(Cursor{}).Next(ctx, 10*time.Millisecond)
	_, e4 := s.LogTail(ctx)
	_, _, e5 := s.Acquire(ctx, "a", time.Second, now)
	_, e6 := s.Renew(ctx, "a", l)
	_, e7 := s.AppendFenced(ctx, l, BatchKey{}, nil)
	_, _, e8 := s.Checkpoint(ctx)
	_, e9 := s.Incident(ctx, "inc_1", 0)
	_, e10 := s.Incidents(ctx, 1)
	_, e11 := s.Changes(ctx, "", 1, 10*time.Millisecond)
	_, _, e12 := s.View(ctx, 0)
	_, e13 := s.DailyKey(ctx, "2026-03-01")
	_, e14 := s.Settle(ctx, []faultline.QuotaSpent{{Key: "k", Burst: 1, Interval: time.Second, N: 1}})
	_, e15 := s.ForgetKeys(ctx, now)
	return []error{e1, e2, e3, e4, e5, e6, e7, e8, e9, e10, e11, e12, e13, e14, e15, s.Release(ctx, "a", l),
		s.SaveRevision(ctx, l, incident(1, 1)), s.SaveView(ctx, l, faultline.View{}, Pos{}),
		s.SaveCheckpoint(ctx, l, Checkpoint{}),
		s.Trim(ctx, l, now, false), s.Ping(ctx)}
}

// TestOpenRefused: a Redis that will never let us in is found at the start.
func TestOpenRefused(t *testing.T) {
	m := miniredis.RunT(t)
	m.RequireAuth("right")
	for url, fine := range map[string]bool{"redis://:right@": true, "redis://:wrong@": false, "redis://": false} {
		s, err := Open(t.Context(), Config{URL: url + m.Addr()})
		if (err == nil) != fine {
			t.Errorf("%s: %v", url, err)
		}
		if err == nil {
			ok(t, s.Close())
		} else if errors.Is(err, faultline.ErrUnavailable) {
			t.Errorf("%s: waiting will not help, but the error says so: %v", url, err)
		}
	}
	if _, err := Open(t.Context(), Config{URL: "nonsense"}); err == nil {
		t.Error("that is no URL")
	}
}
