package infra_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/ingest/infra"
)

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// sees is one observation of ft.com by which it depends on some components.
type sees struct {
	vantage string
	found   []faultline.Component
}

// watch has a map see one thing after the other, a minute apart, and returns what
// it tells.
func watch(m *infra.Map, from time.Time, checks ...sees) (announced []infra.Change) {
	for i, check := range checks {
		o := infra.Observation{Site: "ft.com", At: from.Add(time.Duration(i) * time.Minute), Vantage: check.vantage,
			Trusted: !strings.HasPrefix(check.vantage, "agent"), Network: networkOf(check.vantage),
			Addrs: addrs("192.0.2.1"), Header: header("Server: x")}
		found := []infra.Finding{{Component: "tld:com", Share: 1}}
		for _, c := range check.found {
			found = append(found,
				infra.Finding{Component: c, Share: 1,
					Evidence: []infra.Evidence{{By: infra.ByCNAME, Saw: "x", Rule: string(c)}}})
		}
		if c, ok := m.Observe(o, found); ok {
			announced = append(announced, c)
		}
	}
	return announced
}

// networkOf is the network of a vantage: agents of one letter share one.
func networkOf(vantage string) uint32 {
	if letter, ok := strings.CutPrefix(vantage, "agent-"); ok {
		return uint32(letter[0])
	}
	return 0
}

func times(n int, check sees) []sees { return slices.Repeat([]sees{check}, n) }

func unknown(string) (faultline.SiteRecord, bool) { return faultline.SiteRecord{}, false }

func TestAMoveIsOneEventWithItsTime(t *testing.T) {
	m := infra.NewMap(unknown)
	fastly, cloudflare := sees{"lon-1", []faultline.Component{"cdn:fastly"}},
		sees{"lon-1", []faultline.Component{"cdn:cloudflare"}}
	announced := watch(m, start, append(times(50, fastly), times(50, cloudflare)...)...)
	if len(announced) != 2 || !announced[0].First {
		t.Fatalf("told %v", announced)
	}
	if got, want := announced[0].String(), "ft.com depends on Fastly, .com at 2026-11-22T10:02:00Z"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	moved := "ft.com moved from Fastly to Cloudflare at 2026-11-22T10:52:00Z"
	if got := announced[1].String(); got != moved {
		t.Errorf("%q, want %q", got, moved)
	}
	want := faultline.SiteRecord{At: start.Add(52 * time.Minute), Site: "ft.com",
		Components: []faultline.Component{"cdn:cloudflare", "tld:com"}, Source: faultline.SourceObserved}
	got := announced[1].Record
	if fmt.Sprint(got) != fmt.Sprint(want) || !announced[1].After.Equal(start.Add(51*time.Minute)) {
		t.Errorf("%+v, want %+v, after %s", got, want, announced[1].After)
	}
}

func TestSharesComeFromAllVantages(t *testing.T) {
	m := infra.NewMap(unknown)
	var checks []sees
	for i := range 200 { // lon-1 sees Fastly four times in five, nyc-1 always CloudFront
		cdn := faultline.Component("cdn:fastly")
		if i%10 >= 8 {
			cdn = "cdn:cloudfront"
		}
		vantage := "lon-1"
		if i%2 == 1 {
			vantage, cdn = "nyc-1", "cdn:cloudfront"
		}
		checks = append(checks, sees{vantage, []faultline.Component{cdn}})
	}
	announced := watch(m, start, checks...)
	last := announced[len(announced)-1].Record
	if !slices.Equal(last.Components, []faultline.Component{"cdn:cloudfront", "cdn:fastly", "tld:com"}) {
		t.Fatalf("%+v", last)
	}
	if s := last.Shares["cdn:fastly"]; s < 0.3 || s > 0.5 {
		t.Errorf("Fastly has %g of it", s)
	}
	if len(announced) > 4 {
		t.Errorf("told %d times of nothing new: %v", len(announced), announced)
	}
	for _, st := range m.Standings("ft.com") {
		if st.Component == "cdn:fastly" && (st.Vantages["nyc-1"] != 0 || st.Vantages["lon-1"] < 0.7 ||
			st.Vantages["lon-1"] > 0.9) {
			t.Errorf("shares by vantage: %v", st.Vantages)
		}
	}
}

// A CDN with a small share goes unseen for a while and has not left for that; one
// that had all of it has left after three looks.
func TestWhatIsUnseenForAWhileHasNotLeft(t *testing.T) {
	m := infra.NewMap(unknown)
	var checks []sees
	for i := range 60 {
		cdn := faultline.Component("cdn:akamai")
		if i%5 == 0 {
			cdn = "cdn:fastly"
		}
		checks = append(checks, sees{"lon-1", []faultline.Component{cdn}})
	}
	watch(m, start, checks...)
	akamai := sees{"lon-1", []faultline.Component{"cdn:akamai"}}
	if announced := watch(m, start.Add(time.Hour), times(12, akamai)...); len(announced) != 0 {
		t.Errorf("twelve looks without a fifth of it: %v", announced)
	}
	announced := watch(m, start.Add(2*time.Hour), times(60, akamai)...)
	if len(announced) != 1 || !slices.Equal(announced[0].Left, []faultline.Component{"cdn:fastly"}) ||
		announced[0].Record.Shares != nil {
		t.Errorf("sixty more: %v", announced)
	}
}

func TestASiteThatIsDownKeepsItsMap(t *testing.T) {
	m := infra.NewMap(unknown)
	watch(m, start, times(10, sees{"lon-1", []faultline.Component{"cdn:fastly"}})...)
	for i := range 100 {
		at := start.Add(time.Hour + time.Duration(i)*time.Minute)
		o := infra.Observation{Site: "ft.com", At: at, Vantage: "lon-1", Trusted: true}
		if c, ok := m.Observe(o, []infra.Finding{{Component: "tld:com", Share: 1}}); ok {
			t.Fatalf("after %d failures: %v", i, c)
		}
	}
	if st := m.Standings("ft.com"); len(st) != 2 || st[0].Component != "cdn:fastly" ||
		!st[0].Last.Equal(start.Add(9*time.Minute)) ||
		!st[0].First.Equal(start) || st[0].By != "lon-1" || st[0].Evidence[0].Rule != "cdn:fastly" {
		t.Errorf("%+v", st)
	}
}

func TestObservationBeatsTheCatalogueWhereItCanSee(t *testing.T) {
	m := infra.NewMap(func(string) (faultline.SiteRecord, bool) {
		return faultline.SiteRecord{Site: "ft.com", Rank: 7, Source: faultline.SourceCatalog,
			Components: []faultline.Component{"ca:digicert", "cdn:akamai", "cloud:aws/us-east-1", "dns:ultradns",
				"tld:com"}}, true
	})
	announced := watch(m, start, times(3, sees{"lon-1", []faultline.Component{"cdn:fastly", "pop:fastly/lhr"}})...)
	want := []faultline.Component{"ca:digicert", "cdn:fastly", "cloud:aws/us-east-1", "dns:ultradns", "tld:com"}
	if len(announced) != 1 || !slices.Equal(announced[0].Record.Components, want) || announced[0].Record.Rank != 7 {
		t.Errorf("%v, want %v", announced, want)
	}
	// no CDN before it any more
	announced = watch(m, start.Add(time.Hour), times(3, sees{"lon-1", []faultline.Component{"asn:AS64500"}})...)
	want = []faultline.Component{"asn:AS64500", "ca:digicert", "dns:ultradns", "tld:com"}
	if len(announced) != 1 || !slices.Equal(announced[0].Record.Components, want) {
		t.Errorf("%v, want %v", announced, want)
	}
}

// A new life of the map goes on from what the log has: what it sees again is no
// news, and what it does not see at once has not left.
func TestAMapGoesOnFromTheLog(t *testing.T) {
	logged := faultline.SiteRecord{At: start.Add(-time.Hour), Site: "ft.com", Source: faultline.SourceObserved,
		Components: []faultline.Component{"cdn:akamai", "cdn:fastly", "tld:com"},
		Shares:     map[faultline.Component]float64{"cdn:akamai": 0.8, "cdn:fastly": 0.2}}
	m := infra.NewMap(func(string) (faultline.SiteRecord, bool) { return logged, true })
	repeats := times(10, sees{"lon-1", []faultline.Component{"cdn:akamai"}})
	if announced := watch(m, start, repeats...); len(announced) != 0 {
		t.Errorf("told %v", announced)
	}
	announced := watch(m, start.Add(time.Hour), times(40, sees{"lon-1", []faultline.Component{"cdn:cloudflare"}})...)
	if len(announced) == 0 || announced[0].First ||
		!slices.Equal(announced[0].Joined, []faultline.Component{"cdn:cloudflare"}) {
		t.Fatalf("told %v", announced)
	}
	if got := announced[len(announced)-1].Record.Components; !slices.Equal(got,
		[]faultline.Component{"cdn:cloudflare", "tld:com"}) {
		t.Errorf("in the end it depends on %v", got)
	}
}

func TestOldObservationsAndFloodsChangeNothing(t *testing.T) {
	m := infra.NewMap(unknown)
	watch(m, start.Add(time.Hour), times(3, sees{"lon-1", []faultline.Component{"cdn:fastly"}})...)
	old := times(30, sees{"lon-1", []faultline.Component{"cdn:akamai"}})
	if announced := watch(m, start, old...); len(announced) != 0 {
		t.Errorf("old ones: %v", announced)
	}
	var flood []sees
	for i := range 300 {
		flood = append(flood,
			sees{fmt.Sprintf("v%d", i),
				[]faultline.Component{"cdn:fastly", faultline.Component(fmt.Sprintf("asn:AS%d", i+1))}})
	}
	announced := watch(m, start.Add(2*time.Hour), flood...)
	for _, c := range announced {
		if len(c.Record.Components) > 32 {
			t.Errorf("a record with %d components", len(c.Record.Components))
		}
	}
	if st := m.Standings("ft.com"); len(st) > 64 || len(st[len(st)-1].Vantages) > 16 {
		t.Errorf("%d components, %d vantages", len(st), len(st[len(st)-1].Vantages))
	}
}

func TestChangesAreToldInWords(t *testing.T) {
	at := faultline.SiteRecord{At: start, Site: "ft.com", Components: []faultline.Component{"cdn:akamai", "dns:akamai"}}
	list := func(c ...faultline.Component) []faultline.Component { return c }
	for want, c := range map[string]infra.Change{
		"ft.com depends on Akamai (cdn), Akamai (dns) at 2026-11-22T10:00:00Z": {Record: at,
			First: true},
		"ft.com depends on Cloudflare as well at 2026-11-22T10:00:00Z": {Record: at,
			Joined: list("cdn:cloudflare")},
		"ft.com left Fastly, Fastly (AS54113) at 2026-11-22T10:00:00Z": {Record: at,
			Left: list("asn:AS54113", "cdn:fastly")},
		"ft.com depends on the same in other parts at 2026-11-22T10:00:00Z": {Record: at},
		"ft.com moved from Amazon Route 53 to AWS us-east-1, UltraDNS at 2026-11-22T10:00:00Z": {Record: at,
			Left: list("dns:route53"), Joined: list("dns:ultradns", "cloud:aws/us-east-1")},
	} {
		if got := c.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// agents has tokens check in turn, half a minute apart.
func agents(n int, checks ...sees) (all []sees) {
	for range n {
		all = append(all, checks...)
	}
	return all
}

func sawBy(vantage string, components ...faultline.Component) sees { return sees{vantage, components} }

// What one token says moves nothing: it takes two, of different networks.
func TestOneTokenChangesNoEntry(t *testing.T) {
	catalogue := faultline.SiteRecord{Site: "ft.com", Source: faultline.SourceCatalog,
		Components: []faultline.Component{"cdn:akamai", "tld:com"}}
	observed := catalogue
	observed.Source = faultline.SourceObserved
	for name, base := range map[string]faultline.SiteRecord{"of the catalogue": catalogue, "observed": observed} {
		believed := func(string) (faultline.SiteRecord, bool) { return base, true }
		m := infra.NewMap(believed)
		if announced := watch(m, start, times(200, sawBy("agent-a1", "cdn:fastly"))...); len(announced) != 0 {
			t.Errorf("an entry %s: one token: %v", name, announced)
		}
		m = infra.NewMap(believed)
		twins := agents(200, sawBy("agent-a1", "cdn:fastly"), sawBy("agent-a2", "cdn:fastly"))
		if announced := watch(m, start, twins...); len(announced) != 0 {
			t.Errorf("an entry %s: two tokens of one network: %v", name, announced)
		}
		m = infra.NewMap(believed)
		announced := watch(m, start, agents(20, sawBy("agent-a1", "cdn:fastly"), sawBy("agent-b1", "cdn:fastly"))...)
		want := []faultline.Component{"cdn:fastly", "tld:com"}
		if len(announced) == 0 || !slices.Equal(announced[len(announced)-1].Record.Components, want) {
			t.Errorf("an entry %s: two tokens of two networks: %v", name, announced)
		}
	}
}

// A row of checks at once is one check.
func TestChecksAtOnceCountOnce(t *testing.T) {
	m := infra.NewMap(unknown)
	for i := range 100 {
		at := start.Add(time.Duration(i) * 100 * time.Millisecond)
		o := infra.Observation{Site: "ft.com", At: at, Vantage: "lon-1", Trusted: true}
		if c, ok := m.Observe(o, []infra.Finding{{Component: "cdn:fastly", Share: 1}}); ok {
			t.Fatalf("after %d checks in 10 seconds: %v", i+1, c)
		}
	}
}

// A component leaves by those that had it: what others never saw is no sign.
func TestAComponentLeavesOnlyByVantagesThatHadIt(t *testing.T) {
	m := infra.NewMap(unknown)
	a, b := sawBy("agent-a", "cdn:fastly", "cdn:akamai"), sawBy("agent-b", "cdn:fastly", "cdn:akamai")
	watch(m, start, agents(10, a, b)...)
	others := agents(40, a, sawBy("agent-c", "cdn:fastly"), b, sawBy("agent-d", "cdn:fastly"))
	announced := watch(m, start.Add(time.Hour), others...)
	if len(announced) > 2 || slices.ContainsFunc(announced, func(c infra.Change) bool { return len(c.Left) > 0 }) {
		t.Errorf("what others never saw: %v", announced)
	}
	without := agents(10, sawBy("agent-a", "cdn:fastly"), sawBy("agent-b", "cdn:fastly"))
	announced = watch(m, start.Add(4*time.Hour), without...)
	if len(announced) != 1 || !slices.Equal(announced[0].Left, []faultline.Component{"cdn:akamai"}) {
		t.Errorf("those who had it miss it: %v", announced)
	}
}

// One token that denies what all others see changes nothing either.
func TestOneTokenTakesNothingOffTheMap(t *testing.T) {
	m := infra.NewMap(unknown)
	all := agents(10, sawBy("agent-a", "cdn:fastly"), sawBy("agent-b", "cdn:fastly"), sawBy("agent-c", "cdn:fastly"))
	watch(m, start, all...)
	denied := agents(100, sawBy("agent-a"), sawBy("agent-b", "cdn:fastly"), sawBy("agent-c", "cdn:fastly"))
	if announced := watch(m, start.Add(time.Hour), denied...); len(announced) != 0 {
		t.Errorf("told %v", announced)
	}
}
