package store

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"faultline"
	"faultline/store/storetest"
)

// eater stands between a client and Redis. Once hungry it lets one command with
// a certain word through, and swallows the reply together with the connection.
type eater struct {
	upstream string // path of a socket
	word     []byte
	hungry   atomic.Bool
	eaten    atomic.Int32
}

// TestLostReply: a batch that was written while its reply was lost is an error
// and not silently written again; sent again under its key, it is read once.
func TestLostReply(t *testing.T) {
	ctx := t.Context()
	url := storetest.Start(t)
	direct := backend{url: url}.open(t)
	l := direct.lead(t)
	for _, c := range []struct {
		word   string
		append func(*Store, BatchKey) (Pos, error)
	}{
		{"xadd", func(s *Store, key BatchKey) (Pos, error) { return s.Append(ctx, key, everyEvent(direct.now)) }},
		{"evalsha", func(s *Store, key BatchKey) (Pos, error) {
			return s.AppendFenced(ctx, l, key, everyEvent(direct.now))
		}},
	} {
		t.Run(c.word, func(t *testing.T) {
			e := &eater{upstream: strings.TrimPrefix(url, "unix://"), word: []byte(c.word)}
			s, err := Open(ctx, Config{URL: "redis://" + e.listen(t) + patient})
			ok(t, err)
			t.Cleanup(func() { ok(t, s.Close()) })
			_, err = c.append(s, BatchKey{9, 1}) // so that the script is known
			ok(t, err)
			entries := direct.writes.XLen(ctx, keyLog).Val()
			r := direct.Reader(Cursor{})
			drain(t, r)

			e.hungry.Store(true)
			_, err = c.append(s, BatchKey{9, 2})
			wantErr(t, err, faultline.ErrUnavailable)
			equal(t, e.eaten.Load(), int32(1))
			equal(t, direct.writes.XLen(ctx, keyLog).Val(), entries+1)

			_, err = c.append(s, BatchKey{9, 2})
			ok(t, err)
			equal(t, direct.writes.XLen(ctx, keyLog).Val(), entries+2)
			equal(t, len(drain(t, r)), 1)
			ok(t, direct.writes.Del(ctx, keyLog, keyEpoch).Err())
			_, err = direct.Epoch(ctx, direct.now)
			ok(t, err)
		})
	}
}

// listen serves until the test ends and returns the address.
func (e *eater) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { e.serve(client) })
		}
	})
	t.Cleanup(func() { l.Close(); running.Wait() })
	return l.Addr().String()
}

// serve passes bytes on between one client and Redis, until either is gone.
func (e *eater) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", e.upstream)
	if err != nil {
		return
	}
	defer server.Close()
	var swallow atomic.Bool
	var up sync.WaitGroup
	up.Go(func() {
		defer server.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := client.Read(buf)
			if bytes.Contains(bytes.ToLower(buf[:n]), e.word) && e.hungry.CompareAndSwap(true, false) {
				swallow.Store(true)
			}
			if _, werr := server.Write(buf[:n]); err != nil || werr != nil {
				return
			}
		}
	})
	_, _ = io.Copy(&filter{client, func() bool {
		if swallow.Load() {
			e.eaten.Add(1)
			return true
		}
		return false
	}}, server)
	client.Close()
	up.Wait()
}

// filter ends the stream instead of writing when it is told to.
type filter struct {
	io.Writer
	eat func() bool
}

func (f *filter) Write(p []byte) (int, error) {
	if f.eat() {
		return 0, io.ErrClosedPipe
	}
	return f.Writer.Write(p)
}
