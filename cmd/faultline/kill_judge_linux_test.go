//go:build check

package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/correlate"
	"faultline/store"
)

// verdict is what became of what was acknowledged.
type verdict struct {
	reports, probes int // lost
	twice           int // counted more than once, or not at all though it is in the log
}

// judge reads the log, finds each acknowledged report and probe in it, and counts how often a
// fold of that log counts each of them. Every fold of one log has the same counters, so that the
// service must come to them too.
func (k *killing) judge() verdict {
	t := k.t
	logged, people, total, fold := k.read()
	var found verdict
	for one := range k.acked {
		if _, there := logged[one]; !there && one.vantage < 0 {
			found.reports++
		} else if !there {
			found.probes++
		}
	}
	reports := 0
	for one, times := range logged {
		if one.vantage < 0 {
			reports++
		}
		if times != 1 {
			found.twice++
		}
	}
	if people != reports {
		t.Errorf("%d reports of %d people: this test can't tell them apart", people, reports)
	}
	if found.reports+found.probes > 0 { // and the fold has read what is no more
		return found
	}
	var counted faultline.Counters
	eventually(t, 60*time.Second, "everything is counted", func() bool {
		counted = k.counted()
		return sumOf(counted) >= total
	})
	if counted.Late+counted.Future+counted.Refused > 0 {
		t.Errorf("counted %+v", counted)
	}
	if counted != fold {
		t.Logf("the service counted %+v, another fold of the log %+v", counted, fold)
		wrong := int(counted.Reports + counted.Probes - fold.Reports - fold.Probes)
		found.twice += max(wrong, -wrong, 1)
	}
	for _, p := range k.nodes {
		if strings.Contains(p.log(), "DETERMINISM BROKEN") {
			t.Errorf("two folds of one log differ:\n%s", p.log())
		}
	}
	return found
}

// read folds the log, and returns how often each report and probe in it was counted.
func (k *killing) read() (logged map[key]int, people int, total int64, counters faultline.Counters) {
	st := openStore(k.t, k.url()+"?read_timeout=10s")
	logged = map[key]int{}
	reporters := map[string]bool{}
	fold := correlate.New(correlate.Config{})
	take := func(ev faultline.Event) {
		if r, ok := ev.(faultline.Report); ok {
			reporters[r.Reporter+r.Site] = true
		}
		before := countedBy(fold)
		fold.Fold(ev)
		if one, ok := k.keyOf(ev); ok {
			total++
			logged[one] += countedBy(fold) - before
		}
	}
	for reader := st.Reader(store.Cursor{}); ; {
		batches, err := reader.Next(k.t.Context(), 0)
		if err != nil {
			k.t.Fatal(err)
		}
		if len(batches) == 0 {
			return logged, len(reporters), total, fold.Counters()
		}
		for _, b := range batches {
			for _, ev := range b.Events {
				take(ev)
			}
		}
	}
}

// countedBy is how many reports and probes a fold has counted.
func countedBy(fold *correlate.Engine) int {
	c := fold.Counters()
	return int(c.Reports + c.Probes)
}

// keyOf returns the key of an event of the test.
func (k *killing) keyOf(ev faultline.Event) (key, bool) {
	switch v := ev.(type) {
	case faultline.Report:
		status, err := strconv.Atoi(strings.TrimPrefix(string(v.Symptom), "http_"))
		return key{k.siteOf[v.Site], -1, int64(status)}, err == nil
	case faultline.Probe:
		vantage, err := strconv.Atoi(strings.TrimPrefix(v.Vantage, "v-"))
		return key{k.siteOf[v.Site], int16(vantage), v.At.UnixMilli()}, err == nil
	}
	return key{}, false
}

// sumOf is how many reports and probes were read.
func sumOf(c faultline.Counters) int64 {
	return c.Reports + c.ReportsRepeated + c.Probes + c.ProbesRepeated + c.Late + c.Refused
}

// counted asks whichever node answers.
func (k *killing) counted() faultline.Counters {
	for _, p := range k.nodes {
		var s struct{ Counters faultline.Counters }
		if p.get("/v1/summary", &s) == http.StatusOK && s.Counters.Reports > 0 {
			return s.Counters
		}
	}
	return faultline.Counters{}
}
