package probe_test

import (
	"context"
	"testing"

	"faultline/ingest/probe"
	"faultline/ingest/probe/probetest"
)

// TestOddAnswersAreReadAsBrowsersReadThem compares what a check makes of each odd
// answer with what a Chromium made of it: nothing that it opens is a failure,
// and nothing that it does not open is well. No evidence is neither.
func TestOddAnswersAreReadAsBrowsersReadThem(t *testing.T) {
	w := probetest.Start(t)
	c := w.Checker(nil)
	table := probetest.Chromium()
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
			if table[o.Name].Hangs() { // nor need we wait for longer than it takes to see that it hangs
				ctx, cancel = context.WithTimeout(ctx, probetest.Hangs)
			}
			defer cancel()
			p := c.Check(ctx, task).Probe
			if why := table[o.Name].Contradicts(o, p); why != "" {
				t.Error(why)
			}
		})
	}
}
