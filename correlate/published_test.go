package correlate

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"faultline"
)

// update writes what is published now over what testdata/published has: go test ./correlate
// -update. Whoever changes a rule reads in the difference what the world will be
// told otherwise.
var update = flag.Bool("update", false, "write the stories of testdata/published anew")

// wantStory asks that a world's story is the one that was read and found good: who
// was accused when, of what, and on which evidence, revision by revision.
func (s *story) wantStory(t *testing.T) {
	t.Helper()
	path := filepath.Join("testdata", "published", strings.ReplaceAll(t.Name(), "/", "-")+".txt")
	got := s.text()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	a, b := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf(
				"the story is another one from line %d of %s on:\n was %s\n now %s\n(if that is better: go test "+
					"./correlate -update)",
				i+1, path, strings.Join(a[i:min(i+1, len(a))], ""), strings.Join(b[i:min(i+1, len(b))], ""))
		}
	}
}

// runPublished is run for a world whose whole story is held against the one on file.
func (w *world) runPublished(t *testing.T) *story {
	t.Helper()
	s := w.run(t)
	s.wantStory(t)
	return s
}

// text is the story: a paragraph for each revision, the sites of the last ones, and
// how all stands in the end.
func (s *story) text() string {
	var b strings.Builder
	names, before := map[string]int{}, map[string]faultline.Incident{}
	for _, r := range s.revisions {
		if names[r.ID] == 0 {
			names[r.ID] = len(names) + 1
		}
		last, again := before[r.ID]
		if before[r.ID] = r; again && !saysMore(last, r) {
			fmt.Fprintf(&b, "%s incident %d: %d of %d probes failed, %d reports, %.1f nats\n", clockOf(&r.UpdatedAt),
				names[r.ID],
				r.Evidence.ProbesFailed, r.Evidence.Probes, r.Evidence.Reports, toNats(r))
			continue
		}
		fmt.Fprintf(&b, "%s incident %d, revision %d: %s", clockOf(&r.UpdatedAt), names[r.ID], r.Revision, r.Title)
		describeState(&b, r)
	}
	for _, r := range s.last() {
		fmt.Fprintf(&b, "\nsites of incident %d\n", names[r.ID])
		for _, x := range r.Sites {
			fmt.Fprintf(&b, "  %s %s %s, since %s, back %s, %d of %d probes failed, %d reports\n", x.Site, x.State,
				x.Symptom, clockOf(&x.Onset), clockOf(x.RecoveredAt), x.ProbesFailed, x.Probes, x.Reports)
		}
	}
	v := s.engine.View()
	fmt.Fprintf(&b, "\nin the end: %d known, %d observed, %d vantages, counted %+v\n", v.SitesKnown, v.SitesObserved,
		v.Vantages, v.Counters)
	for _, x := range v.Sites[:min(len(v.Sites), 12)] {
		fmt.Fprintf(&b, "  %s %s %s, %d of %d probes failed, %d reports, %.3f expected, last %s\n", x.Site, x.State,
			x.Symptom, x.ProbesFailed, x.Probes, x.Reports, x.Expected, clockOf(x.LastProbeAt))
	}
	for _, n := range v.Networks[:min(len(v.Networks), 4)] {
		fmt.Fprintf(&b, "  AS%d: %d reports of %d sites, %.2f expected\n", n.ASN, n.Reports, n.Sites, n.Expected)
	}
	fmt.Fprintf(&b, "  %d well\n", len(v.Well))
	return b.String()
}

func toNats(r faultline.Incident) float64 {
	if r.Cause == nil {
		return 0
	}
	return r.Cause.LogOdds
}

// describeState says what one revision says beyond its title.
func describeState(b *strings.Builder, r faultline.Incident) {
	fmt.Fprintf(b, "\n  %s on %s; onset %s, %s to %s; recovering %s, resolved %s\n", r.State, r.Basis,
		clockOf(&r.Onset.At),
		clockOf(&r.Onset.Earliest), clockOf(&r.Onset.Latest), clockOf(r.RecoveringAt), clockOf(r.ResolvedAt))
	if r.Cause != nil {
		fmt.Fprintf(b, "  %s %.2f (%.1f nats)", r.Cause.Component, r.Cause.Confidence, r.Cause.LogOdds)
		for _, a := range r.Cause.Alternatives {
			fmt.Fprintf(b, ", or %s %.2f: %s", a.Component, a.Confidence, a.Reason)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "  %d of %d failing, at most %d; elsewhere %d of %d; %v\n", r.Impact.Failing, r.Impact.Observed,
		r.Impact.PeakFailing,
		r.Impact.ElsewhereFailing, r.Impact.ElsewhereObserved, r.Scope)
	if r.Impact.Joined > 0 {
		fmt.Fprintf(b, "  %d more that the map does not place there\n", r.Impact.Joined)
	}
	e := r.Evidence
	fmt.Fprintf(b, "  %d reports by %d of %d networks in %v; %d of %d probes failed at %d vantages; %v\n", e.Reports,
		e.Reporters, e.Networks, e.Countries,
		e.ProbesFailed, e.Probes, e.Vantages, r.Symptoms)
	for _, x := range r.Exonerated {
		fmt.Fprintf(b, "  not %s: %s\n", x.Site, x.Reason)
	}
	for _, st := range r.Statements {
		fmt.Fprintf(b, "  said %s, %d s after: %s\n", st.Status, st.LagS, st.Text)
	}
	if r.MergedInto != nil {
		b.WriteString("  merged\n")
	}
}

// clockOf is a time of day, "-" for none.
func clockOf(at *time.Time) string {
	if at == nil || at.IsZero() {
		return "-"
	}
	return at.Format("15:04:05.999")
}
