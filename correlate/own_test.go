package correlate

import (
	"slices"
	"testing"
	"time"

	"faultline"
	"faultline/correlate/evidence"
)

func TestSiteFailsByItself(t *testing.T) {
	t.Parallel()
	w := quietTown(50, 62)
	w.noise = 0.002
	w.faults = []fault{{sites: []string{"s010.example"}, from: 35, to: 48, symptom: "dns"}}
	s := w.runPublished(t)
	in := s.wantOne(t, "site:s010.example")
	wantOnset(t, in, after(35), time.Minute)
	if late := in.ConfirmedAt.Sub(after(35)); late > 4*time.Minute {
		t.Errorf("confirmed %v after the onset", late)
	}
	if in.SitesTotal != 1 || in.Sites[0].Site != "s010.example" || in.Sites[0].Symptom != "dns" {
		t.Errorf("sites %+v", in.Sites)
	}
	if want := "s010.example, DNS failure, began ~" + faultline.Minute(in.Onset.At).Format("15:04") +
		" UTC"; in.Title != want {
		t.Errorf("title %q, want %q", in.Title, want)
	}
	if in.State != faultline.StateResolved || in.ResolvedAt.Sub(after(48)).Abs() > 3*time.Minute {
		t.Errorf("%s, resolved at %v; it ended at %v", in.State, in.ResolvedAt, after(48))
	}
}

// A site that fails together with a provider, in the same way, belongs to the
// incident although the map does not have it there.
func TestMissingFromTheMapIsAdopted(t *testing.T) {
	t.Parallel()
	w := quietTown(50, 50)
	lost := w.on("cdn:x")[3]
	i := slices.IndexFunc(w.sites, func(r faultline.SiteRecord) bool { return r.Site == lost })
	failing := w.on("cdn:x")
	w.sites[i].Components = slices.DeleteFunc(w.sites[i].Components,
		func(c faultline.Component) bool { return c == "cdn:x" })
	w.faults = []fault{{sites: failing, from: 35, to: 47, symptom: "http_503"}}
	s := w.runPublished(t)
	in := s.wantOne(t, "cdn:x")
	if !slices.ContainsFunc(in.Sites, func(x faultline.IncidentSite) bool { return x.Site == lost }) {
		t.Errorf("%s does not belong to %s", lost, in.Title)
	}
}

// One that fails at another time, in another way, has an incident of its own.
func TestAnotherSitesFaultStaysItsOwn(t *testing.T) {
	t.Parallel()
	w := quietTown(50, 55)
	w.faults = []fault{
		{sites: w.on("cdn:x"), from: 35, to: 55, symptom: "http_503"},
		{sites: []string{"s004.example"}, from: 44, to: 60, symptom: "tls"},
	}
	published := w.runPublished(t).published()
	if len(published) != 2 || causeOf(published[0]) != "cdn:x" || causeOf(published[1]) != "site:s004.example" {
		for _, in := range published {
			t.Error(in.Title)
		}
		t.Errorf("%d incidents, want cdn:x and site:s004.example", len(published))
	}
}

// Of a part of the requests the probes of a site may see the first failure late;
// that its people complained from the onset on tells that it fell with the rest.
func TestPeopleTellWhatASiteFellWith(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, to float64 // minutes after the onset
		reports  int
		want     bool
	}{
		"from the onset on":  {0, 2, 6, true},
		"two reports":        {0, 2, 2, false},
		"five minutes later": {5, 7, 6, false},
		"long before":        {-9, -7, 6, false},
	} {
		e := settled(60)
		in := e.open("cdn:x", 9)
		in.Onset = [3]int64{e.clock - 11*minute, e.clock - 10*minute, e.clock - 10*minute}
		id := put(e, "a.example", 5)
		crowd := e.crowdOf(e.sites.rows[id])
		crowd.Base = evidence.Rate{N: 1, T: 1000, From: e.clock - 16*minute}
		for i := range c.reports {
			at := in.Onset[1] + int64((c.from+(c.to-c.from)*float64(i)/float64(c.reports))*float64(minute))
			crowd.Add(evidence.Report{At: at, Network: 0, Code: 503}, false)
		}
		if got := e.roseWith(in, id); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
