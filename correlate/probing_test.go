package correlate_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"faultline"
	"faultline/correlate"
	"faultline/ingest/probe/probetest"
)

// What the engine makes of what real checks find on the small internet. The
// checks are made once for each state of a site; their times are the test's.

const (
	probedSites = 40 // on the CDN, and twice as many elsewhere
	probedEvery = time.Minute
	probedCalm  = 45 * time.Minute
	probedFor   = 10 * time.Minute
)

var probedFrom = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// beacon is the script that Cloudflare puts into pages of a zone, errors too.
const beacon = `<script>window.__CF$cv$params={};a.src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'</script>`

func fronted(status int, body string) probetest.Site {
	return probetest.Site{Handler: func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Cf-Ray", "8a1b2c3d4e5f6789-LHR")
		rw.WriteHeader(status)
		fmt.Fprint(rw, body)
	}}
}

func TestWhatChecksFindOnASmallInternet(t *testing.T) {
	toItself := probetest.Site{Handler: func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, "/", http.StatusFound)
	}}
	noAAAA := func(q, m *dns.Msg) *dns.Msg {
		if q.Question[0].Qtype == dns.TypeAAAA {
			return nil
		}
		return m
	}
	caseMatters := func(q, m *dns.Msg) *dns.Msg {
		if name := q.Question[0].Name; name != dns.CanonicalName(name) {
			m.Rcode, m.Answer = dns.RcodeNameError, nil
		}
		return m
	}
	withDNS := func(change func(q, m *dns.Msg) *dns.Msg) probetest.Site {
		s := fronted(200, "well")
		s.DNS = change
		return s
	}
	for name, c := range map[string]struct {
		fault  probetest.Site
		within time.Duration // of the onset it is confirmed; 0: never
	}{
		"502 with the beacon":         {fronted(502, "<h1>Bad gateway</h1>"+beacon), 30 * time.Second},
		"redirect loops":              {toItself, 30 * time.Second},
		"405":                         {fronted(405, "<h1>Not allowed</h1>"), 0},
		"AAAA is not answered":        {withDNS(noAAAA), 0},
		"name servers that mind case": {withDNS(caseMatters), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			confirmed := playChecks(t, c.fault)
			switch {
			case c.within == 0 && len(confirmed) > 0:
				t.Errorf("confirmed: %s", confirmed[0].Title)
			case c.within == 0:
			case len(confirmed) != 1:
				t.Errorf("%d incidents are confirmed", len(confirmed))
			case confirmed[0].Cause == nil || confirmed[0].Cause.Component != "cdn:cloudflare":
				t.Errorf("the cause is %+v", confirmed[0].Cause)
			case confirmed[0].ConfirmedAt.Sub(probedFrom.Add(probedCalm)) > c.within:
				t.Errorf("confirmed at %s", confirmed[0].ConfirmedAt)
			}
		})
	}
}

// playChecks folds what three vantages find while forty sites of a CDN are well
// and then in that state, and returns the incidents that were confirmed.
func playChecks(t *testing.T, fault probetest.Site) []faultline.Incident {
	t.Helper()
	w := probetest.Start(t)
	checker := w.Checker(nil)
	w.Put("well.net", fronted(200, "well"))
	well := w.Probe(checker, "well.net")
	found := make([]faultline.Probe, probedSites)
	for i := range found {
		site := fmt.Sprintf("s%d.net", i)
		w.Put(site, fault)
		found[i] = w.Probe(checker, site)
	}
	engine := correlate.New(correlate.Config{})
	last := map[string]faultline.Incident{}
	fold := func(ev faultline.Event) {
		for _, in := range engine.Fold(ev) {
			last[in.ID] = in
		}
	}
	vantages := []string{"lon-1", "nyc-1", "sin-1"}
	for i, v := range vantages {
		fold(faultline.Vantage{Vantage: v, ASN: uint32(64500 + i), Country: []string{"GB", "US", "SG"}[i]})
	}
	for i := range 3 * probedSites {
		components := []faultline.Component{faultline.NewComponent("asn", fmt.Sprint("AS", 100+i)), "tld:net"}
		if i < probedSites {
			components = append(components, "cdn:cloudflare")
		}
		slices.Sort(components)
		fold(faultline.SiteRecord{Site: fmt.Sprintf("s%d.net", i), Rank: i + 1, Components: components})
	}
	onset := probedFrom.Add(probedCalm)
	for now := probedFrom; now.Before(onset.Add(probedFor)); now = now.Add(time.Second) {
		for n := range 3 * probedSites * len(vantages) {
			i, j := n/len(vantages), n%len(vantages)
			// Spread over the minute, each vantage at a second of its own.
			if due := (i*7 + j*20) % int(probedEvery/time.Second); now.Second() != due {
				continue
			}
			p := well
			if i < probedSites && !now.Before(onset) {
				p = found[i]
			}
			p.Site, p.Vantage, p.At = fmt.Sprintf("s%d.net", i), vantages[j], now
			fold(p)
		}
		fold(faultline.Tick{At: now})
	}
	var confirmed []faultline.Incident
	for _, in := range last {
		if in.ConfirmedAt != nil {
			confirmed = append(confirmed, in)
		}
	}
	return confirmed
}
