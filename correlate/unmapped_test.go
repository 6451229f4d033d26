package correlate

import (
	"slices"
	"testing"

	"faultline"
	"faultline/correlate/cause"
)

// scattered is every ninth site: they depend on all of the town's providers.
func (w *world) scattered() []string {
	var sites []string
	for i := 3; i < len(w.sites); i += 9 {
		sites = append(sites, w.sites[i].Site)
	}
	return sites
}

// Sites that depend on something that no map names are one incident without a
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
	for _, in := range w.run(t).published() {
		causes = append(causes, string(causeOf(in)))
	}
	slices.Sort(causes)
	if !slices.Equal(causes, []string{"cdn:x", "cdn:y"}) {
		t.Errorf("told of %v", causes)
	}
}

// A young incident is merged into a wider one that began with it and holds most of
// its sites, once its cause is not found any more.
func TestWhatFellFirstIsMerged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		apart int64
		held  int // of its three sites
		found bool
		want  bool
	}{
		"two of three sites":    {0, 2, false, true},
		"one of three":          {0, 1, false, false},
		"100 s before":          {100 * second, 3, false, true},
		"longer before":         {100*second + 1, 3, false, false},
		"longer after":          {-100*second - 1, 3, false, false},
		"still found by itself": {0, 3, true, false},
	} {
		e := settled(60)
		first, wide := e.open("cdn:x", 5), e.open("asn:AS1", 50)
		wide.Onset[1] = e.clock
		first.Onset[1] = e.clock - c.apart
		var cover []uint32
		for i := range 3 {
			id := put(e, string(rune('a'+i))+".example", 5, "cdn:x", "asn:AS1")
			e.enlist(first, id, e.clock)
			if i < c.held {
				cover = append(cover, id)
			}
		}
		var causes []cause.Cause
		if c.found {
			x, _ := e.components.find("cdn:x")
			causes = append(causes, cause.Cause{Component: x})
		}
		e.takeOver(wide, cover, causes)
		if got := first.State == faultline.StateMerged && first.MergedInto == wide.ID; got != c.want {
			t.Errorf("%s: merged %v", name, got)
		}
	}
}

// What a wider cause had confirmed before is one incident in the end.
func TestAPartThatFellFirstEndsInTheWhole(t *testing.T) {
	t.Parallel()
	w := quietTown(120, 60)
	for i := range w.sites {
		w.sites[i].Components = append(w.sites[i].Components,
			faultline.Component([]string{"cloud:a", "cloud:b", "cloud:c"}[i/5%3]))
	}
	var part []string
	for _, site := range w.on("cloud:a") {
		if slices.Contains(w.on("cdn:x"), site) {
			part = append(part, site)
		}
	}
	w.faults = []fault{
		{sites: part, from: 35, to: 48, symptom: "timeout"},
		{sites: w.on("cloud:a"), from: 36, to: 48, symptom: "timeout"},
	}
	var open []string
	for _, in := range w.run(t).published() {
		if in.State != faultline.StateMerged {
			open = append(open, string(causeOf(in)))
		}
	}
	if !slices.Equal(open, []string{"cloud:a"}) {
		t.Errorf("told of %v", open)
	}
}
