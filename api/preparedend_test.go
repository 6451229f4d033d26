package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
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
	w.source.Publish(inc)
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

// A prepared answer has the quota of who reads it, and not of whose request prepared it.
func TestPreparedAnswersHaveTheQuotaOfTheirReader(t *testing.T) {
	w := newTwoWays(t)
	request := getOf("/v1/summary", "")
	for _, left := range []int{2, 1, 0} {
		w.reads.mu.Lock()
		w.reads.left = left
		w.reads.mu.Unlock()
		if !strings.Contains(w.ask(w.ahead, request).answer, fmt.Sprintf("\r\nRatelimit: \"reads\";r=%d;", left)) {
			t.Errorf("with %d left: %s", left, w.ask(w.ahead, request).answer)
		}
	}
}

// Whoever shows a token is answered by the chain, which reads it.
func TestCredentialsAreNotAnsweredInFront(t *testing.T) {
	w := newTwoWays(t)
	w.ask(w.chain, getOf("/v1/summary", ""))
	r := httptest.NewRequest(http.MethodGet, "/v1/summary", nil)
	if !w.prepared.Answer(httptest.NewRecorder(), r) {
		t.Error("nothing is prepared")
	}
	r.Header.Set("Authorization", "Bearer x")
	if w.prepared.Answer(httptest.NewRecorder(), r) {
		t.Error("a token was passed over")
	}
}
