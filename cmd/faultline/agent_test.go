package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnAgentThatIsNotWelcomeEnds(t *testing.T) {
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)})
	p.ready()
	code, _, errs := tool(t, nil, "probe", "--server", p.url, "--token", "eyJhbGciOiJub25lIn0.e30.")
	if code != exitFailed || !strings.Contains(errs, "refuses this agent") {
		t.Errorf("exit %d: %s", code, errs)
	}
	for _, args := range [][]string{{"probe", "--server", "x", "--token", "t"},
		{"probe", "--server", p.url, "--token", "a b"},
		{"probe", "--server", p.url, "--token", "t", "--probe-ports", "8080,8443"},
		{"probe", "--server", p.url, "--token", "t", "--probe-allow", "10.0.0.1"},
		{"probe", "--server", p.url, "--token", "t", "--resolver", "dns.example"}, {"probe", "--token", "t"}} {
		if code, _, errs := tool(t, nil, args...); code != exitUsage || !strings.Contains(errs, "--") {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}

// An agent reads the address ranges that infra refresh has put into the state directory, and says
// which file is wrong.
func TestAnAgentReadsTheRangesOfItsStateDirectory(t *testing.T) {
	dir := t.TempDir()
	ranges := filepath.Join(dir, "ranges.json")
	must(t, os.WriteFile(ranges, []byte("{"), 0o600))
	code, _, errs := tool(t, []string{"FAULTLINE_STATE_DIR=" + dir}, "probe", "--server", "http://127.0.0.1:9",
		"--token", "t")
	if code == 0 || !strings.Contains(errs, ranges) {
		t.Errorf("exit %d: %s", code, errs)
	}
}
