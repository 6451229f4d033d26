package correlate

import (
	"slices"
	"testing"

	"faultline"
)

// Several causes that fill one huge component are not that component's fault.
func TestWhatSeveralCausesFillIsNoCause(t *testing.T) {
	t.Parallel()
	w := quietTown(120, 46)
	for i := range w.sites { // one registry holds four of five
		tld := faultline.Component("tld:big")
		if i%5 == 4 {
			tld = "tld:small"
		}
		w.sites[i].Components = append(w.sites[i].Components, tld)
	}
	w.faults = []fault{
		{sites: w.on("cdn:x"), from: 35, to: 48, symptom: "timeout"},
		{sites: w.on("cdn:y"), from: 35, to: 48, symptom: "timeout"},
	}
	want := []faultline.Component{"cdn:x", "cdn:y"}
	var got []faultline.Component
	for _, in := range w.runPublished(t).published() {
		got = append(got, causeOf(in))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("told of %v, want %v", got, want)
	}
}
