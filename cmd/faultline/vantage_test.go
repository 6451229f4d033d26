package main

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"faultline"
	"faultline/pace"
)

// longTool is a command that goes on until it is stopped.
type longTool struct {
	mu     sync.Mutex
	errs   bytes.Buffer
	exited chan struct{}
}

func startTool(t *testing.T, args ...string) *longTool {
	t.Helper()
	l := &longTool{exited: make(chan struct{})}
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stderr = cleanEnv(), l
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // whoever cares looks at what it said
		close(l.exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-l.exited
		if t.Failed() {
			t.Logf("%s:\n%s", args[0], l.said())
		}
	})
	return l
}

func (l *longTool) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.errs.Write(b)
}

func (l *longTool) said() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.errs.String()
}

func (l *longTool) running() bool {
	select {
	case <-l.exited:
		return false
	default:
		return true
	}
}

func (p *process) vantageOf(name string) (v faultline.VantageStatus) {
	p.t.Helper()
	var all struct{ Vantages []faultline.VantageStatus }
	p.get("/v1/vantages", &all)
	for _, v := range all.Vantages {
		if v.Vantage == name {
			return v
		}
	}
	return v
}

// A vantage is added on the server by one command, runs by the line that it prints,
// is listed, and is refused once it is revoked.
func TestAVantageIsAddedByOneCommand(t *testing.T) {
	state := "FAULTLINE_STATE_DIR=" + shortDir(t)
	p := startServe(t, []string{state})
	p.ready()
	server := []string{"--server", p.url}
	vantage := func(args ...string) (int, string, string) {
		return tool(t, []string{state}, append(append([]string{"vantage"}, args...), server...)...)
	}
	code, line, errs := vantage("add", "lon-1", "--asn", "20473", "--country", "GB")
	words := strings.Fields(line)
	if code != 0 || strings.Count(line, "\n") != 1 || len(words) != 8 || words[0] != "faultline" ||
		!strings.Contains(errs, "good until") {
		t.Fatalf("exit %d: %s%s", code, line, errs)
	}
	run := append(words[1:], "--spool-dir", t.TempDir(), "--probe-allow", "127.0.0.0/8", "--probe-ports", "1,1",
		"--resolver", "127.0.0.1:1")
	agent := startTool(t, run...)
	pace.Eventually(t, "the vantage reports its version", func() bool {
		v := p.vantageOf("lon-1")
		return v.Health != nil && v.Health.Version != "" && v.ASN == 20473 && v.State != faultline.VantageSilent
	})
	if code, out, errs := vantage("add", "lon-1"); code != exitUsage || !strings.Contains(errs, "revoke it first") {
		t.Errorf("a name twice: exit %d: %s%s", code, out, errs)
	}
	if code, out, _ := vantage("list"); code != 0 || !strings.Contains(out, "lon-1") ||
		strings.Contains(out, words[7]) {
		t.Errorf("exit %d: %s", code, out)
	}
	if code, _, errs := vantage("revoke", "lon-1"); code != 0 {
		t.Errorf("revoke: exit %d: %s", code, errs)
	}
	pace.Eventually(t, "the vantage says that it is refused, and goes on", func() bool {
		return strings.Contains(agent.said(), "401") && agent.running()
	})
	for _, args := range [][]string{{"add", "a b"}, {"add", "x", "--country", "gb"}, {"add", "x", "--ttl", "9999h"},
		{"revoke", "nobody"}, {"add", "x", "--token", "no"}} {
		if code, _, errs := vantage(args...); code != exitUsage || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}

func TestVantagesAreListedInATable(t *testing.T) {
	var out strings.Builder
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if err := printVantages(&out, []faultline.VantageStatus{
		{Vantage: "lon-1", State: "ok", Since: at, KnownSince: at,
			Health: &faultline.VantageHealth{Version: "v1", Due: 1000, Delivered: 998, Spooled: 2}},
		{Vantage: "nyc-1", State: "silent"}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 4 || !strings.Contains(lines[1], "99.8 %") || !strings.HasPrefix(lines[2], "nyc-1  silent") {
		t.Errorf("%s", out.String())
	}
}
