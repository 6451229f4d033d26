package agent_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faultline"
	"faultline/ingest/agent"
	"faultline/ingest/infra"
	"faultline/ingest/probe"
)

// The small internet: as many sites as a large list has, served by forty providers, with
// some answers that lie.
const (
	smallSites  = 1552
	lyingShare  = 0.01
	provenAfter = 5 * time.Minute // from the first start
	foundShare  = 0.95
	answerTakes = 40 * time.Millisecond // of a name server
	smallSeed   = 7
)

// edge is a provider that stands in front of sites, with what gives it away.
type edge struct {
	component faultline.Component
	alias     string // what its customers' names lead to; empty: only headers show it
	header    http.Header
	pop       faultline.Component // empty: its answers do not say where they are from
	asn       uint32
}

var edges = []edge{
	{"cdn:fastly", "x.map.fastly.net", http.Header{"X-Served-By": {"cache-lcy-egml8630045-LCY"}}, "pop:fastly/lcy",
		54113},
	{"cdn:cloudflare", "", http.Header{"Cf-Ray": {"8f2c1d3e4a5b6c7d-LHR"}, "Server": {"cloudflare"}},
		"pop:cloudflare/lhr", 13335},
	{"cdn:cloudfront", "d111111abcdef8.cloudfront.net", http.Header{"X-Amz-Cf-Pop": {"FRA56-P4"}},
		"pop:cloudfront/fra", 210001},
	{"cdn:akamai", "e1.a.akamaiedge.net", nil, "", 20940},
	{"cdn:azure", "x.azurefd.net", http.Header{"X-Azure-Ref": {"0abc"}}, "", 210002},
	{"cdn:imperva", "x.impervadns.net", nil, "", 19551},
	{"cdn:bunny", "x.b-cdn.net", http.Header{"Server": {"BunnyCDN-DE1-1053"}}, "pop:bunny/de1", 200325},
	{"cdn:vercel", "", http.Header{"X-Vercel-Id": {"fra1::abcde-1700000000000-0123456789ab"}}, "pop:vercel/fra1",
		210003},
	{"cdn:netlify", "x.netlifyglobalcdn.com", http.Header{"Server": {"Netlify"}}, "", 210004},
}

// zones are who answers for names, with what their servers are called.
var zones = map[faultline.Component][]string{
	"dns:route53":      {"ns-1.awsdns-00.com.", "ns-2.awsdns-01.net.", "ns-3.awsdns-02.org."},
	"dns:cloudflare":   {"ada.ns.cloudflare.com.", "bob.ns.cloudflare.com."},
	"dns:ultradns":     {"pdns1.ultradns.net.", "pdns2.ultradns.net."},
	"dns:ns1":          {"dns1.p01.nsone.net.", "dns2.p01.nsone.net."},
	"dns:godaddy":      {"ns01.domaincontrol.com.", "ns02.domaincontrol.com."},
	"dns:azure":        {"ns1-01.azure-dns.com.", "ns2-01.azure-dns.net."},
	"dns:dnsimple":     {"ns1.dnsimple.com.", "ns2.dnsimple-edge.net."},
	"dns:ovh":          {"dns10.ovh.net.", "ns10.ovh.net."},
	"dns:gandi":        {"ns-1-a.gandi.net.", "ns-2-b.gandi.net."},
	"dns:digitalocean": {"ns1.digitalocean.com.", "ns2.digitalocean.com."},
	"dns:akamai":       {"a1-1.akam.net.", "a2-1.akam.net."},
}

var issuers = map[faultline.Component]string{
	"ca:letsencrypt": "Let's Encrypt", "ca:digicert": "DigiCert Inc", "ca:google": "Google Trust Services",
	"ca:sectigo": "Sectigo Limited", "ca:globalsign": "GlobalSign nv-sa", "ca:amazon": "Amazon",
	"ca:godaddy": "GoDaddy.com, Inc.", "ca:certum": "Certum",
}

// regions are clouds whose addresses are published by region, with the networks that
// announce them.
var regions = map[faultline.Component]uint32{
	"cloud:aws/us-east-1": 16509, "cloud:aws/eu-west-1": 16509, "cloud:aws/ap-northeast-1": 16509,
	"cloud:gcp/us-central1": 396982, "cloud:gcp/europe-west1": 396982, "cloud:azure/westeurope": 8075,
	"cloud:azure/eastus": 8075, "cloud:oracle/eu-frankfurt-1": 31898,
}

// ownNetworks is how many sites' owners have networks of their own; they are the last four
// providers.
const ownNetworks = 4

// smallSite is one site as it truly is.
type smallSite struct {
	name          string
	alias, issuer string
	servers       []string
	addr          netip.Addr
	header        http.Header
	pop           faultline.Component
	truth         []faultline.Component
}

type smallInternet struct {
	mu       sync.Mutex
	rng      *rand.Rand
	sites    []smallSite
	by       map[string]*smallSite
	networks map[netip.Prefix]infra.Network
	ranges   []infra.RangeGroup
}

// Network implements [infra.Networks].
func (s *smallInternet) Network(addr netip.Addr) (infra.Network, bool) {
	p, err := addr.Prefix(16)
	if err != nil {
		return infra.Network{}, false
	}
	n, ok := s.networks[p]
	return n, ok
}

// announce gives the next prefix to a network.
func (s *smallInternet) announce(asn uint32) netip.Prefix {
	p := netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(len(s.networks)), 0, 0}), 16)
	s.networks[p] = infra.Network{ASN: asn, Org: fmt.Sprintf("Network %d", asn), Prefix: p}
	return p
}

func newSmallInternet() *smallInternet {
	s := &smallInternet{rng: rand.New(rand.NewPCG(smallSeed, 1)), by: map[string]*smallSite{},
		networks: map[netip.Prefix]infra.Network{}}
	var grounds []smallSite // of which a site is one: an edge, a region or a network of its own
	for _, e := range edges {
		grounds = append(grounds, smallSite{alias: e.alias, header: e.header, pop: e.pop,
			truth: s.standing(e.asn, e.component)})
	}
	for _, c := range sortedKeys(regions) {
		g := smallSite{truth: s.standing(regions[c], c)}
		prefix, _ := netip.ParsePrefix(g.truth[1].Name())
		s.ranges = append(s.ranges, infra.RangeGroup{Component: c, Source: "test", Prefixes: []netip.Prefix{prefix}})
		grounds = append(grounds, g)
	}
	for i := range ownNetworks {
		grounds = append(grounds, smallSite{truth: s.standing(uint32(64500 + i))})
	}
	dns, ca := sortedKeys(zones), sortedKeys(issuers)
	for i := range smallSites {
		site := grounds[i%len(grounds)]
		prefix, _ := netip.ParsePrefix(site.truth[1].Name())
		base := prefix.Addr().As4()
		site.addr = netip.AddrFrom4([4]byte{base[0], base[1], byte(i >> 8), byte(i)})
		site.name = fmt.Sprintf("site-%04d.com", i)
		zone, issuer := dns[s.rng.IntN(len(dns))], ca[s.rng.IntN(len(ca))]
		site.servers, site.issuer = zones[zone], issuers[issuer]
		site.truth = append(slices.Clone(site.truth), zone, issuer)
		s.sites = append(s.sites, site)
	}
	for i := range s.sites {
		s.by[s.sites[i].name] = &s.sites[i]
	}
	return s
}

// standing is a network, its prefix, and what stands there.
func (s *smallInternet) standing(asn uint32, of ...faultline.Component) []faultline.Component {
	prefix := s.announce(asn)
	return append([]faultline.Component{faultline.NewComponent(faultline.KindASN, fmt.Sprintf("AS%d", asn)),
		faultline.NewComponent(faultline.KindPrefix, prefix.String())}, of...)
}

func sortedKeys[V any](of map[faultline.Component]V) []faultline.Component {
	keys := make([]faultline.Component, 0, len(of))
	for c := range of {
		keys = append(keys, c)
	}
	slices.Sort(keys)
	return keys
}

// answers is the site whose answer one gets: now and then that of another.
func (s *smallInternet) answers(site *smallSite) *smallSite {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rng.Float64() < lyingShare {
		return &s.sites[s.rng.IntN(len(s.sites))]
	}
	return site
}

// NameServers implements [infra.ZoneAsker].
func (s *smallInternet) NameServers(_ context.Context, site string) ([]infra.NameServer, error) {
	time.Sleep(answerTakes)
	var servers []infra.NameServer
	for _, host := range s.answers(s.by[site]).servers {
		servers = append(servers, infra.NameServer{Host: host})
	}
	if servers == nil {
		return nil, errors.New("no such zone")
	}
	return servers, nil
}

// check is one check of a site by the prober of this node: its name, its connection and
// its answer may each be another's.
func (s *smallInternet) check(site *smallSite, at time.Time) *probe.Observation {
	name, connection, answer := s.answers(site), s.answers(site), s.answers(site)
	o := &probe.Observation{Site: site.name, At: at, Host: site.name, Addrs: []netip.Addr{name.addr},
		Issuer: connection.issuer, Header: http.Header{"Date": {"today"}}}
	if name.alias != "" {
		o.Chain = []string{name.alias}
	}
	for key, values := range answer.header {
		o.Header[key] = values
	}
	return o
}

// Observation fills in by itself what no catalogue says: a node that is started on sites of
// which nothing is known knows within five minutes what they depend on, and nothing wrong,
// though one answer in a hundred lies.
func TestASmallInternetIsLearntWithinMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newSmallInternet()
		known := newLearner(t, world)
		known.probeFor(provenAfter)
		known.judge(t, world)
	})
}

// learner is a node as far as it learns what sites depend on.
type learner struct {
	world   *smallInternet
	mapper  *infra.Mapper
	grounds agent.Grounds
	mu      sync.Mutex
	records map[string]faultline.SiteRecord
	pops    [2]int // of truthful answers that name a place: recognised, all
}

func newLearner(t *testing.T, world *smallInternet) *learner {
	t.Helper()
	table, err := infra.BuiltinSignatures()
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	if err := (infra.RangeFile{AsOf: "2026-03-01T12:00:00Z", Ranges: world.ranges}).Write(&file); err != nil {
		t.Fatal(err)
	}
	ranges, err := infra.LoadRanges(strings.NewReader(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := infra.NewMatcher(table, infra.Sources{Networks: world, Ranges: ranges})
	if err != nil {
		t.Fatal(err)
	}
	l := &learner{world: world, records: map[string]faultline.SiteRecord{}}
	l.mapper = infra.NewMapper(matcher, func(site string) (faultline.SiteRecord, bool) {
		_, listed := world.by[site]
		return faultline.SiteRecord{Site: site}, listed
	}, slog.New(slog.DiscardHandler), nil)
	servers := infra.NewNameServers(world, time.Now)
	l.grounds = agent.Grounds{Vantage: "here", Matcher: matcher, Infer: l.mapper.Via, Servers: servers}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = servers.Run(ctx) })            // fails never
	running.Go(func() { _ = l.mapper.Run(ctx, l.append) }) // fails only with ctx
	t.Cleanup(func() { cancel(); running.Wait() })
	synctest.Wait()
	return l
}

// append is the log.
func (l *learner) append(_ context.Context, events []faultline.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ev := range events {
		if r, ok := ev.(faultline.SiteRecord); ok {
			l.records[r.Site] = r
		}
	}
	return nil
}

// probeFor has every site checked once a minute, as a node's own prober does.
func (l *learner) probeFor(d time.Duration) {
	begin, step := time.Now(), time.Minute/smallSites
	for i := 0; time.Since(begin) < d; i++ {
		time.Sleep(step)
		site := &l.world.sites[i%smallSites]
		at := faultline.Millis(time.Now())
		o := l.world.check(site, at)
		via := l.grounds.Via(o)
		l.mapper.Probe(faultline.Probe{At: at, Site: site.name, Vantage: "here", Symptom: "ok", Status: 200,
			Via: via}, at)
		if site.pop != "" && o.Header.Get("Date") != "" && sameHeader(o.Header, site.header) {
			l.pops[1]++
			if slices.Contains(via, site.pop) {
				l.pops[0]++
			}
		}
	}
	synctest.Wait()
}

// sameHeader reports whether an answer is the site's own.
func sameHeader(got, want http.Header) bool {
	for key := range want {
		if got.Get(key) != want.Get(key) {
			return false
		}
	}
	return true
}

// judge compares what was learnt with what is true.
func (l *learner) judge(t *testing.T, world *smallInternet) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	all, found := map[string]int{}, map[string]int{}
	for _, site := range world.sites {
		have := l.records[site.name].Components
		for _, c := range site.truth {
			all[c.Kind()]++
			if slices.Contains(have, c) {
				found[c.Kind()]++
			}
		}
		for _, c := range have {
			if c.Kind() != faultline.KindTLD && !slices.Contains(site.truth, c) {
				t.Errorf("%s is said to depend on %s; it depends on %v", site.name, c, site.truth)
			}
		}
	}
	for kind, n := range all {
		t.Logf("%s: %d of %d found", kind, found[kind], n)
		if float64(found[kind]) < foundShare*float64(n) {
			t.Errorf("%s: only %d of %d are found", kind, found[kind], n)
		}
	}
	t.Logf("places: %d of %d recognised", l.pops[0], l.pops[1])
	if l.pops[1] == 0 || l.pops[0] < l.pops[1] {
		t.Errorf("of %d answers that name their place, %d are recognised", l.pops[1], l.pops[0])
	}
}
