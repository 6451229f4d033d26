package dump

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// commands are the blocks of a language in the document on open data.
func commands(t *testing.T, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/open-data.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

// in runs a command in a directory and returns what it prints.
func in(t *testing.T, dir, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", command)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v: %s", command, err, out)
	}
	return strings.TrimSpace(string(out))
}

// A dump loads into SQLite by the commands that the document shows. What was loaded has the
// sums of what was written.
func TestADumpLoadsIntoSQLite(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		t.Fatalf("the program sqlite3 is needed, and make needs installs it: %v", err)
	}
	const incidents = 70
	dir, m := written(t, kept{incidents})
	in(t, dir, "sha256sum -c "+sumsName)
	loads := 0
	for _, block := range commands(t, "sh") {
		if strings.HasPrefix(block, "sqlite3") {
			in(t, dir, block)
			loads++
		}
	}
	if loads != 2 {
		t.Fatalf("%d commands of sqlite3 are in the document", loads)
	}
	rows := map[string]int{}
	for _, f := range m.Files {
		rows[strings.TrimSuffix(f.Name, ".ndjson.gz")] = f.Rows
	}
	given, failed := 0, 0
	for i, n := range reports {
		if failed += i; n >= MinReports {
			given += n
		}
	}
	for query, want := range map[string]int{
		"SELECT count(*) FROM incidents":                                      rows["incidents"],
		"SELECT count(*) FROM incidents WHERE json_valid(json)":               2*incidents - 1,
		"SELECT count(DISTINCT id) FROM incidents":                            incidents,
		"SELECT sum(people_at_least) FROM incidents":                          0,
		"SELECT count(*) FROM series":                                         len(reports),
		"SELECT sum(probes) FROM series":                                      60 * len(reports),
		"SELECT sum(probes_failed) FROM series":                               failed,
		"SELECT sum(reports) FROM series":                                     given,
		"SELECT count(*) FROM series WHERE reports > 0 AND reports < 30":      0,
		"SELECT count(*) FROM series WHERE reports IS NULL":                   5,
		"SELECT count(*) FROM sites":                                          1,
		"SELECT count(*) FROM dependencies WHERE confidence = 0.9":            1,
		"SELECT count(*) FROM incidents WHERE cause = 'cdn:fastly'":           2,
		"SELECT count(*) FROM incidents WHERE onset = '2026-03-01T00:07:00Z'": 2,
	} {
		if got := in(t, dir, fmt.Sprintf("sqlite3 faultline.db %q", query)); got != fmt.Sprint(want) {
			t.Errorf("%s: %s, want %d", query, got, want)
		}
	}
}
