package probe_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"faultline/ingest/probe"
)

var update = flag.Bool(
	"update",
	false,
	"write docs/probing.md and, in make check, what Chromium makes of the odd answers",
)

const probingPage = "../../docs/probing.md"

// TestTheTablesOfOutcomesAreThoseOfTheCode: -update writes them.
func TestTheTablesOfOutcomesAreThoseOfTheCode(t *testing.T) {
	text, err := os.ReadFile(probingPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for name, table := range map[string]string{"outcomes": probe.OutcomeTable(), "refusals": probe.RefusalTable()} {
		page = between(t, page, "<!-- "+name+": ", table)
	}
	if *update {
		if err := os.WriteFile(probingPage, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if page != string(text) {
		t.Errorf("%s is stale: go test ./ingest/probe -run TheTables -update writes it", probingPage)
	}
}

// between replaces what stands between a comment that begins so and the next end.
func between(t *testing.T, page, mark, table string) string {
	t.Helper()
	begin := strings.Index(page, mark)
	if begin < 0 {
		t.Fatalf("%s has no %s", probingPage, mark)
	}
	begin += strings.Index(page[begin:], "\n") + 1
	end := begin + strings.Index(page[begin:], "<!-- end -->")
	return page[:begin] + table + page[end:]
}

// TestEveryOutcomeIsInTheTable: nothing else comes of the sites of the small
// internet.
func TestEveryOutcomeIsInTheTable(t *testing.T) {
	listed := map[[2]string]bool{}
	for _, o := range probe.Outcomes() {
		listed[[2]string{o.Symptom, o.Detail}] = true
	}
	for _, o := range everyOutcome {
		symptom := string(o.symptom)
		if o.symptom.HTTPStatus() != 0 {
			symptom = "http_NNN"
		}
		if !listed[[2]string{symptom, o.detail}] {
			t.Errorf("%s, %q of %s is not in the table", symptom, o.detail, o.site)
		}
	}
}
