package store

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/store/storetest"
)

var someday = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Why Redis takes no writes is said by name, on a real server.
func TestReasonsOfARealServer(t *testing.T) {
	url := storetest.Start(t)
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	t.Cleanup(func() { raw.Close() })
	s, err := Open(t.Context(), Config{URL: url})
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	_, err = s.Epoch(t.Context(), someday)
	ok(t, err)
	set := func(args ...any) func() {
		return func() { ok(t, raw.Do(t.Context(), args...).Err()) }
	}
	for want, c := range map[string]struct{ begin, end func() }{
		"memory is full": {set("CONFIG", "SET", "maxmemory", "1"), set("CONFIG", "SET", "maxmemory", "0")},
		"too few replicas": {set("CONFIG", "SET", "min-replicas-to-write", "3"),
			set("CONFIG", "SET", "min-replicas-to-write", "0")},
		"read-only": {set("REPLICAOF", "127.0.0.1", "1"), set("REPLICAOF", "NO", "ONE")},
	} {
		c.begin()
		_, entry := s.Append(t.Context(), BatchKey{1, 1}, everyEvent(someday))
		script := s.SaveVantage(t.Context(), faultline.VantageStatus{Vantage: "x"})
		plain := s.TryWrite(t.Context())
		for what, err := range map[string]error{"a plain write": plain, "an entry": entry, "a script": script} {
			if why := Refusal(err); why == nil || !strings.Contains(why.Error(), want) {
				t.Errorf("%s: %s is refused because %v (%v)", want, what, why, err)
			}
		}
		c.end()
		ok(t, s.TryWrite(t.Context()))
	}
	ok(t, raw.Do(t.Context(), "CONFIG", "SET", "requirepass", "secret").Err())
	fresh, err := Open(t.Context(), Config{URL: url})
	if err == nil {
		fresh.Close()
		t.Fatal("it opens without the password")
	}
	if why := Reason(err); !strings.Contains(why.Error(), "password") {
		t.Errorf("without the password: %v", why)
	}
}
