package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"faultline"
	"faultline/pace"
	"faultline/store/redisd"
	"faultline/store/storetest"
)

// summary is what the tests read of /v1/summary.
type summary struct {
	Counters faultline.Counters
	Durable  bool
}

func (p *process) summary() (s summary) {
	p.t.Helper()
	p.get("/v1/summary", &s)
	return s
}

const oneReport = `{"site":"bbc.co.uk","symptom":"http_503"}`

func TestPrivateRedisOutlivesACrash(t *testing.T) {
	state := []string{"FAULTLINE_STATE_DIR=" + shortDir(t)}
	first := startServe(t, state)
	first.ready()
	var answer struct{ Counted, Durable bool }
	code, body := first.post("/v1/reports", oneReport, nil)
	if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusAccepted || !answer.Counted ||
		!answer.Durable {
		t.Fatalf("%d %s", code, body)
	}
	if code, _, errs := tool(t, state, "serve", "--listen", "127.0.0.1:0"); code != exitUsage ||
		!strings.Contains(errs, "FAULTLINE_STATE_DIR") {
		t.Errorf("a second serve on the same directory: exit %d: %s", code, errs)
	}
	first.kill()
	stateDir := strings.TrimPrefix(state[0], "FAULTLINE_STATE_DIR=")
	if runtime.GOOS == "linux" { // elsewhere the next serve adopts it
		eventually(t, 10*time.Second, "its Redis is gone too", func() bool { return !redisd.InUse(stateDir) })
	}
	second := startServe(t, state)
	second.ready()
	eventuallyLogged(second, 20*time.Second, "the report is there again", func() bool {
		s := second.summary()
		return s.Counters.Reports == 1 && s.Durable
	})
	if code, out, errs := tool(t, state, "export"); code != 0 || strings.Count(out, `"type":"report"`) != 1 ||
		!strings.HasPrefix(out, `{"type":"epoch"`) {
		t.Errorf("export beside serve: exit %d, %s\n%s", code, errs, out)
	}
	if code, took := second.terminate(); code != 0 || took > pace.Scale(5*time.Second) {
		t.Errorf("exit %d after %s:\n%s", code, took, second.log())
	}
	if redisd.InUse(stateDir) {
		t.Error("its Redis lives on")
	}
	if code, out, errs := tool(t, state, "export"); code != 0 || strings.Count(out, `"type":"report"`) != 1 {
		t.Errorf("export without serve: exit %d, %s\n%s", code, errs, out)
	}
}

func TestWithoutARedisNothingIsDurable(t *testing.T) {
	p := startServe(t, []string{"PATH=" + t.TempDir(), "FAULTLINE_STATE_DIR=" + shortDir(t)})
	p.ready()
	code, body := p.post("/v1/reports", oneReport, nil)
	if code != http.StatusAccepted || !strings.Contains(body, `"durable":false`) {
		t.Errorf("%d %s", code, body)
	}
	eventuallyLogged(p, 10*time.Second, "it says so, once",
		func() bool { return strings.Count(p.log(), "nothing outlives this process") == 1 })
	eventuallyLogged(p, 10*time.Second, "the report is folded",
		func() bool { return p.summary().Counters.Reports == 1 })
}

func TestEndsInOrderWithAStreamOpen(t *testing.T) {
	redis := storetest.Start(t)
	eventually(t, 30*time.Second, "a report is taken while it drains", func() bool { return endsInOrder(t, redis) })
}

// endsInOrder ends a node that a stream is read from, and reports whether it took a report while
// it drained. It drains for two seconds, which may pass before a busy machine has asked.
func endsInOrder(t *testing.T, redis string) (taken bool) {
	t.Helper()
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)}, "--redis-url", redis, "--drain-delay", "2s")
	p.ready()
	resp, err := http.Get(p.url + "/v1/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stream := bufio.NewReader(resp.Body)
	if line, err := stream.ReadString('\n'); err != nil {
		t.Fatalf("stream: %q, %v", line, err)
	}
	streamEnd := make(chan error, 1)
	go func() {
		var err error
		for err == nil {
			_, err = stream.ReadString('\n')
		}
		streamEnd <- err
	}()
	began := time.Now()
	p.signal(syscall.SIGTERM)
	eventually(t, 10*time.Second, "it is not ready while it drains, or has drained", func() bool {
		ready := p.get("/readyz", nil)
		return ready == http.StatusServiceUnavailable || ready == 0
	})
	answer, _ := p.post("/v1/reports", oneReport, nil)
	code := p.exitCode()
	if took := time.Since(began); code != 0 || took > pace.Scale(5*time.Second) {
		t.Errorf("exit %d after %s:\n%s", code, took, p.log())
	}
	if err := <-streamEnd; err.Error() != "EOF" { // an end, not a broken connection
		t.Errorf("the stream ended with %v", err)
	}
	if !strings.Contains(p.log(), "last checkpoint stored") {
		t.Errorf("no last checkpoint:\n%s", p.log())
	}
	return answer == http.StatusAccepted
}

// A closed terminal, or a supervisor that sends SIGHUP, costs nobody an answer: the node drains.
func TestHangUpEndsInOrder(t *testing.T) {
	// A process that ignores the signal, as one under nohup does, starts its children ignoring it.
	// One that handles it does not.
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP)
	defer signal.Stop(heard)
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)}, "--redis-url", storetest.Start(t))
	p.signal(syscall.SIGHUP)
	if code := p.exitCode(); code != 0 || !strings.Contains(p.log(), "ended") {
		t.Errorf("exit %d:\n%s", code, p.log())
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	redis := storetest.Start(t)
	// It drains for two seconds, and a busy machine may send the second signal later than
	// that: then its code is 0, as whoever drained to the end has it, and another one is asked.
	eventually(t, 30*time.Second, "the second signal comes while it drains", func() bool {
		p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)}, "--redis-url", redis, "--drain-delay", "2s")
		p.signal(syscall.SIGTERM)
		eventually(t, 10*time.Second, "it drains", func() bool { return strings.Contains(p.log(), "draining") })
		code, took := p.terminate()
		if code != 0 && code != exitFailed {
			t.Fatalf("exit %d after %s", code, took)
		}
		return code == exitFailed
	})
}

func TestStartsBeforeItsRedis(t *testing.T) {
	redis := shortDir(t)
	url, err := redisd.URL(redis)
	if err != nil {
		t.Fatal(err)
	}
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t), "FAULTLINE_REDIS_URL=" + url})
	if code, body := p.post("/v1/reports", oneReport, nil); code != http.StatusServiceUnavailable {
		t.Errorf("a report without Redis: %d %s", code, body)
	}
	if p.get("/readyz/write", nil) != http.StatusServiceUnavailable || p.get("/healthz", nil) != http.StatusOK {
		t.Error("it is ready, or not alive")
	}
	privateRedis(t, redis)
	p.ready()
	if code, body := p.post("/v1/reports", oneReport, nil); code != http.StatusAccepted {
		t.Errorf("a report with Redis: %d %s", code, body)
	}
}
