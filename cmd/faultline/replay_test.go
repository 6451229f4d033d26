package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplayNamesMalformedLinesAndGoesOn(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lines.ndjson")
	lines := `{"type":"report","at":"2026-03-01T12:00:00Z","site":"a.com","reporter":"r1"}
{"type":"report","at":"yesterday","site":"a.com","reporter":"r2"}
`
	if err := os.WriteFile(name, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := command(t, "replay", name)
	if code != 0 || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "lines.ndjson:2:") {
		t.Errorf("exit %d, printed %q and %q", code, out, errs)
	}
	if code, out, _ := command(t, "replay", name, name+".gone"); code != exitUsage || out != "" {
		t.Errorf("a missing file: exit %d, printed %q", code, out)
	}
}
