package store

import (
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/store/storetest"
)

// What our own scripts answer is our own decision: callers are given its name, and nobody
// reads that Redis is away.
func TestEveryAnswerOfAScriptHasAName(t *testing.T) {
	word := regexp.MustCompile(`(?:error_reply\(|NOT_LEADER = )'(\w+) `)
	found := 0
	ok(t, fs.WalkDir(luaFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(luaFiles, path)
		for _, m := range word.FindAllStringSubmatch(string(text), -1) {
			found++
			if replies[m[1]] == nil {
				t.Errorf("%s answers %s, which has no name in replies", path, m[1])
			}
		}
		return err
	}))
	if found < len(replies) {
		t.Errorf("%d answers were found in the scripts, and %d have a name", found, len(replies))
	}
}

func TestRefusalsOfScriptsAreNamed(t *testing.T) {
	url := storetest.Start(t)
	s, err := Open(t.Context(), Config{URL: url})
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	t.Cleanup(func() { raw.Close() })
	ctx := t.Context()
	_, err = s.Epoch(ctx, someday)
	ok(t, err)
	l, _, err := s.Acquire(ctx, "leader", time.Minute, someday)
	ok(t, err)
	ok(t, s.SaveCheckpoint(ctx, l, Checkpoint{State: [][]byte{[]byte("state")}}))
	old, err := s.Generations(ctx)
	ok(t, err)
	for want, err := range map[error]error{
		ErrChunkLost: s.fail("flip", s.flip(ctx, l, Generation{Name: "fresh", Chunks: 1}, old)),
		ErrOvertaken: s.fail("flip", s.flip(ctx, l, Generation{Name: "fresh"}, nil)),
	} {
		wantVerdict(t, err, want)
	}
	epoch, err := raw.Get(ctx, keyEpoch).Result()
	ok(t, err)
	ok(t, raw.Del(ctx, keyEpoch).Err())
	_, err = s.Epoch(ctx, someday)
	wantVerdict(t, err, ErrHalfLog)
	ok(t, raw.Set(ctx, keyEpoch, epoch, 0).Err())
	ok(t, raw.Del(ctx, keyLog).Err())
	_, err = s.Epoch(ctx, someday)
	wantVerdict(t, err, ErrHalfLog)
}

// wantVerdict holds that an error is that of a script, and is not taken for a Redis that
// is away.
func wantVerdict(t *testing.T, err, want error) {
	t.Helper()
	wantErr(t, err, want)
	if errors.Is(err, faultline.ErrUnavailable) {
		t.Errorf("%v is taken for a Redis that is away", err)
	}
	if why := Reason(err); why.Error() != want.Error() {
		t.Errorf("the reason of %v is given as: %v", err, why)
	}
}

// What else may be wrong at the address of Redis is named, so that nobody searches for a
// slow network where the address is wrong.
func TestReasonsOfWhatIsNoRedis(t *testing.T) {
	page := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(page.Close)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	secure.StartTLS()
	t.Cleanup(secure.Close)
	closing, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	t.Cleanup(func() { closing.Close() })
	go func() {
		for {
			c, err := closing.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	for _, c := range []struct{ what, url, want string }{
		{"a web server", "redis://" + page.Listener.Addr().String(), "no Redis"},
		{"a certificate of nobody", "rediss://" + secure.Listener.Addr().String(), "certificate"},
		{"TLS where none is spoken", "rediss://" + page.Listener.Addr().String(), "TLS"},
		{"a port that closes", "redis://" + closing.Addr().String(), "closes the connection"},
	} {
		s, err := Open(t.Context(), Config{URL: c.url})
		if err == nil {
			err = s.Ping(t.Context())
			s.Close()
		}
		if why := Reason(err); why == nil || !strings.Contains(why.Error(), c.want) {
			t.Errorf("%s: %v (%v)", c.what, why, err)
		}
	}
}

// A Redis that has no connection left has one again when others close theirs: a node that
// starts meanwhile waits for it, and says what is the matter.
func TestTooManyClientsIsNoMisconfiguration(t *testing.T) {
	url := storetest.Start(t)
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://"), PoolSize: 1})
	t.Cleanup(func() { raw.Close() })
	ok(t, raw.ConfigSet(t.Context(), "maxclients", "1").Err())
	s, err := Open(t.Context(), Config{URL: url})
	if err != nil {
		t.Fatalf("a node does not start: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	// Its answer may be lost, since it closes the connection behind it.
	if misconfigured(answer("ERR max number of clients reached")) {
		t.Error("its answer is taken for a mistake in the address")
	}
	err = s.Ping(t.Context())
	wantErr(t, err, faultline.ErrUnavailable)
	if why := Reason(err); !strings.Contains(why.Error(), "maxclients") {
		t.Errorf("the reason is given as: %v (%v)", why, err)
	}
}

// answer is an error that Redis answers with.
type answer string

func (a answer) Error() string { return string(a) }

// RedisError marks it as Redis' own.
func (answer) RedisError() {}
