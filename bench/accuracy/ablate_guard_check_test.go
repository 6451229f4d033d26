//go:build check

package main

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Without its part, the test that a part of the method names fails: nobody can take the
// part out, or break it, unseen.
func TestEachPartIsMissedByItsTest(t *testing.T) {
	t.Parallel()
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range ablations {
		t.Run(a.name, func(t *testing.T) {
			overlay, err := a.overlay(root, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			g := a.guard()
			var pattern []string
			for _, part := range strings.Split(g.test, "/") {
				pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
			}
			args := []string{"test", "-vet=off", "-overlay", overlay, "-run", strings.Join(pattern, "/"), "./" + g.room}
			cmd := exec.CommandContext(t.Context(), "go", args...)
			cmd.Dir = root
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: "+g.test) {
				t.Errorf("%s does not fail without it (%v):\n%s", g.test, err, out)
			}
		})
	}
}
