package correlate

import (
	"slices"
	"testing"
)

// scattered is every ninth site: they stand on all of the town's providers.
func (w *world) scattered() []string {
	var sites []string
	for i := 3; i < len(w.sites); i += 9 {
		sites = append(sites, w.sites[i].Site)
	}
	return sites
}

// Sites that stand on something that no map names are one incident without a
// cause, rather than a fault of whatever several of them happen to share.
func TestWhatNoMapNames(t *testing.T) {
	t.Parallel()
	w := quietTown(80, 60)
	w.faults = []fault{{sites: w.scattered(), from: 35, to: 48, symptom: "http_503"}}
	in := w.run(t).wantOne(t, unattributed)
	if f := f1(in.Sites, w.scattered()); f < 0.95 {
		t.Errorf("sites match with F1 %.2f", f)
	}
	if late := in.ConfirmedAt.Sub(after(35)); late < 0 || late.Minutes() > 2 {
		t.Errorf("confirmed %v after the onset", late)
	}
}

// Two named providers that fail together explain what fails better than something
// that no map names.
func TestNamedCausesStandBesideWhatNoMapNames(t *testing.T) {
	t.Parallel()
	w := quietTown(80, 60)
	w.faults = []fault{
		{sites: w.on("cdn:x"), from: 35, to: 48, symptom: "http_503"},
		{sites: w.on("cdn:y"), from: 35, to: 48, symptom: "http_503"},
	}
	var causes []string
	for _, in := range w.run(t).told() {
		causes = append(causes, string(causeOf(in)))
	}
	slices.Sort(causes)
	if !slices.Equal(causes, []string{"cdn:x", "cdn:y"}) {
		t.Errorf("told of %v", causes)
	}
}
