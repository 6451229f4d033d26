package probe_test

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/ingest/probe"
	"faultline/ingest/probe/probetest"
)

// chromiumTable is where it is recorded what a Chromium makes of each odd answer.
const chromiumTable = "testdata/chromium.json"

// opened is what a browser makes of an answer: an error of its network stack, as
// Network Error Logging has them, or the status of what it shows.
type opened struct {
	Status int    `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
}

// printedOnly are answers that Chromium prints although they are no web page:
// bytes without a status line. Whoever meets an SSH banner at a site calls it
// broken, and so does a check.
var printedOnly = []string{
	"first-07", "first-11", "first-13", "first-14", "first-15", "first-18", "first-22",
	"tls-first-07", "tls-first-11", "tls-first-13", "tls-first-14", "tls-first-15", "end-14",
}

// TestOddAnswersAreReadAsBrowsersReadThem compares what a check makes of each odd
// answer with what a Chromium made of it: nothing that it opens is a failure,
// and nothing that it does not open is well. No evidence is neither.
func TestOddAnswersAreReadAsBrowsersReadThem(t *testing.T) {
	w := probetest.Start(t)
	c := w.Checker(nil)
	table := readChromiumTable(t)
	if len(table) < 150 {
		t.Fatalf("the corpus has %d answers", len(table))
	}
	for _, o := range probetest.OddAnswers() {
		if _, ok := table[o.Name]; !ok {
			t.Errorf("%s: it is not recorded what Chromium makes of it: make check records it with -update", o.Name)
		}
		w.Put(o.Host(), o.Site())
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			task := probe.Task{Site: o.Host(), Entry: "http://" + o.Host() + "/"}
			if o.Secure {
				task.Entry = "https://" + o.Host() + "/"
			}
			ctx, cancel := t.Context(), func() {}
			if table[o.Name].Error == "net::ERR_TIMED_OUT" { // nor need we wait for longer than it takes to see that it hangs
				ctx, cancel = context.WithTimeout(ctx, hangs)
			}
			defer cancel()
			p := c.Check(ctx, task).Probe
			compare(t, o.Name, table[o.Name], p)
		})
	}
}

// hangs is how long an answer that never comes is waited for.
const hangs = 2 * time.Second

func compare(t *testing.T, name string, browser opened, p faultline.Probe) {
	t.Helper()
	well := p.Symptom == faultline.SymptomOK || p.Symptom == faultline.SymptomSlow
	noEvidence := p.Symptom == faultline.SymptomBlocked
	switch {
	case browser.Error == "net::ERR_ABORTED": // neither opened nor failed: a download, no content, another program
	case browser.Error != "" && well:
		t.Errorf("it is %+v, and Chromium says %s", p, browser.Error)
	case browser.Error != "" || noEvidence || slices.Contains(printedOnly, name):
	case browser.Status >= 400 && well:
		t.Errorf("it is %+v, and Chromium shows an error %d", p, browser.Status)
	case browser.Status < 400 && !well:
		t.Errorf("it is %+v, and Chromium shows it (%d)", p, browser.Status)
	case browser.Status >= 100 && browser.Status < 600 && p.Status != browser.Status && !strings.HasPrefix(name, "location"):
		t.Errorf("its status is %d, and in Chromium %d", p.Status, browser.Status)
	}
}

func readChromiumTable(t *testing.T) map[string]opened {
	t.Helper()
	text, err := os.ReadFile(chromiumTable)
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]opened{}
	if err := json.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	return table
}
