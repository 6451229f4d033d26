package api

import (
	"strings"
	"testing"
	"time"
)

// A prepared answer ends with the snapshot that it is of.
func TestPreparedAnswersEndWithTheirSnapshot(t *testing.T) {
	w := newTwoWays(t)
	const request = "GET /v1/incidents/inc_01F7NM100000 HTTP/1.1\r\nHost: x\r\n\r\n"
	w.same(request)
	inc := incident(0, 2, 2)
	w.source.Tell(inc)
	w.await(inc)
	if got := ask(t, w.ahead, request); !strings.Contains(got, `"revision":2`) {
		t.Error(got)
	}
	w.clock.add(time.Hour) // and what is stale says how old it is
	eventually(t, "the board is stale", func() bool {
		s, err := w.board.Snapshot()
		return err == nil && s.Live.Stale
	})
	if !w.same(request) || !strings.Contains(ask(t, w.ahead, request), "\r\nAge: 3600\r\n") {
		t.Errorf("%s", ask(t, w.ahead, request))
	}
}
