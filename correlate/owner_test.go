package correlate

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"faultline"
)

// Four hosts of one owner fail among healthy neighbours on the same cloud: it is
// the owner's fault, named by the registrable domain, and no fault of the cloud.
func TestFaultAcrossOneOwnersHosts(t *testing.T) {
	t.Parallel()
	hosts := []string{"acme.com", "api.acme.com", "shop.acme.com", "mail.acme.com"}
	sites := slices.Clone(hosts)
	for i := range 12 {
		sites = append(sites, fmt.Sprintf("neighbour%d.com", i))
	}
	e := New(Config{})
	for i, s := range sites {
		e.Fold(faultline.SiteRecord{Site: s, Rank: i + 1, Components: []faultline.Component{"cloud:aws/eu-west-1",
			"tld:com"}})
	}
	start := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	last := map[string]faultline.Incident{}
	for at := start; at.Before(start.Add(50 * time.Minute)); at = at.Add(time.Second) {
		for _, in := range e.Fold(faultline.Tick{At: at}) {
			last[in.ID] = in
		}
		for i, s := range sites {
			p := faultline.Probe{At: at, Site: s, Symptom: faultline.SymptomOK}
			if i < len(hosts) && at.After(start.Add(40*time.Minute)) {
				p.Symptom = "http_500"
			}
			switch (at.Unix() + int64(7*i)) % 60 { // each vantage once a minute
			case 0:
				p.Vantage = "lon-1"
			case 30:
				p.Vantage = "nyc-1"
			default:
				continue
			}
			e.Fold(p)
		}
	}
	var confirmed []faultline.Incident
	for _, in := range last {
		if in.ConfirmedAt != nil && in.State != faultline.StateMerged {
			confirmed = append(confirmed, in)
		}
	}
	if len(confirmed) != 1 || causeOf(confirmed[0]) != "site:acme.com" {
		t.Fatalf("confirmed: %+v\nof %+v", confirmed, last)
	}
	if n := confirmed[0].SitesTotal; n != len(hosts) {
		t.Errorf("%d sites belong to it, want %d", n, len(hosts))
	}
	r, _ := e.Record("api.acme.com")
	if slices.ContainsFunc(r.Components, func(c faultline.Component) bool { return c.Kind() == faultline.KindSite }) {
		t.Errorf("the map says that a site depends on its owner: %v", r.Components)
	}
}
