package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The outage of 8 June 2021 in words, as the README has it: what broke, when, how
// much of it, what its provider said and when it was over.
func TestAnOutageIsToldInWords(t *testing.T) {
	t.Parallel()
	lines, err := exec.CommandContext(t.Context(), program, "scenario", "fastly-2021-06-08").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "replay", "--tell", "-")
	cmd.Stdin = strings.NewReader(string(lines))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	printed := strings.Split(strings.TrimSpace(string(out)), "\n")
	byTime := func(a, b string) int { return strings.Compare(a[:8], b[:8]) }
	if len(printed) > 20 || !slices.IsSortedFunc(printed, byTime) {
		t.Errorf("%d lines:\n%s", len(printed), out)
	}
	for _, want := range []string{"Confirmed by probes: Fastly-fronted sites, 503, began ~09:46 UTC. ", "  Now ",
		"Fastly says, 11 min after the onset: investigating.",
		"Recovering since 10:5", "Over since 11:1"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not told:\n%s", want, out)
		}
	}
	if err := exec.CommandContext(t.Context(), program, "scenario", "no-such").Run(); err == nil {
		t.Error("an unknown scenario is no error")
	}
}
