package infra_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"faultline"
	"faultline/ingest/infra"
)

// plan is a made-up registry of networks.
type plan map[string]infra.Network

func (p plan) Network(addr netip.Addr) (infra.Network, bool) {
	for prefix, n := range p {
		if n.Prefix = netip.MustParsePrefix(prefix); n.Prefix.Contains(addr) {
			return n, true
		}
	}
	return infra.Network{}, false
}

var registry = plan{
	"151.101.0.0/16":   {ASN: 54113, Org: "Fastly, Inc."},
	"104.16.0.0/13":    {ASN: 13335, Org: "Cloudflare, Inc."},
	"13.32.0.0/15":     {ASN: 16509, Org: "Amazon.com, Inc."},
	"23.0.0.0/12":      {ASN: 20940, Org: "Akamai International B.V."},
	"157.240.0.0/16":   {ASN: 32934, Org: "Facebook, Inc."},
	"192.0.2.0/24":     {ASN: 64500, Org: "Example Hosting"},
	"198.51.100.0/24":  {ASN: 64501, Org: "Gazette Media Ltd"},
	"2606:4700::/32":   {ASN: 13335, Org: "Cloudflare, Inc."},
	"208.78.70.0/24":   {ASN: 33517, Org: "Oracle Dyn"},
	"2001:db8::/32":    {ASN: 64502, Org: ""},
	"203.0.113.0/24":   {ASN: 0},
	"18.130.0.0/16":    {ASN: 16509, Org: "Amazon.com, Inc."},
	"52.95.128.0/21":   {ASN: 16509, Org: "Amazon.com, Inc."},
	"156.154.64.0/24":  {ASN: 12008, Org: "UltraDNS"},
	"66.220.144.0/20":  {ASN: 32934, Org: "Facebook, Inc."},
	"104.244.42.0/24":  {ASN: 13414, Org: "X Corp."},
	"185.199.108.0/22": {ASN: 54113, Org: "Fastly, Inc."},
}

var owners = map[string]string{"facebook.com": "Meta", "gazette.com": "Gazette Media", "ft.com": "Nikkei"}

func matcher(t *testing.T, from infra.Sources) *infra.Matcher {
	t.Helper()
	table, err := infra.BuiltinSignatures()
	if err != nil {
		t.Fatal(err)
	}
	m, err := infra.NewMatcher(table, from)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func addrs(list ...string) (out []netip.Addr) {
	for _, a := range list {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

func servers(list ...string) (out []infra.NameServer) {
	for _, host := range list {
		out = append(out, infra.NameServer{Host: host})
	}
	return out
}

func header(lines ...string) http.Header {
	h := http.Header{}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		h.Add(name, value)
	}
	return h
}

// announced writes findings as lines: component, share, own, evidence.
func announced(found []infra.Finding) []string {
	var out []string
	for _, f := range found {
		line := fmt.Sprintf("%s %.2g", f.Component, f.Share)
		if f.Own {
			line += " own"
		}
		for _, e := range f.Evidence {
			line += fmt.Sprintf(" | %s %s (%s)", e.By, e.Saw, e.Rule)
		}
		out = append(out, line)
	}
	return out
}

// shows is what sites on each provider show, and what is inferred of it.
var shows = map[string]struct {
	saw  infra.Observation
	want []string
}{
	"Fastly": {infra.Observation{
		Site: "ft.com", Host: "www.ft.com", CNAME: []string{"d.sni.global.fastly.net."},
		Addrs:  addrs("151.101.2.109", "151.101.66.109"),
		NS:     servers("dns1.p09.nsone.net.", "ns-1.awsdns-24.com."),
		Header: header("X-Served-By: cache-iad-kiad7000080-IAD, cache-lhr-egll1980040-LHR", "Via: 1.1 varnish"),
		Issuer: "Certainly"},
		[]string{
			"asn:AS54113 1 | asn 151.101.2.109 (AS54113 Fastly, Inc.) | asn 151.101.66.109 (AS54113 Fastly, Inc.)",
			"ca:certainly 1 | issuer Certainly (certainly)",
			"cdn:fastly 1 | cname d.sni.global.fastly.net (fastly.net) | range 151.101.2.109 (151.101.0.0/16) | " +
				"asn 151.101.2.109 (AS54113) | range 151.101.66.109 (151.101.0.0/16) | asn 151.101.66.109 " +
				"(AS54113) | header X-Served-By: cache-iad-kiad7000080-IAD, cache-lhr-egll1980040-LHR " +
				"(X-Served-By cache-[a-z0-9]+)",
			"dns:ns1 0.5 | ns dns1.p09.nsone.net (nsone.net)",
			"dns:route53 0.5 | ns ns-1.awsdns-24.com (awsdns-*.com)",
			"pop:fastly/lhr 1 | header X-Served-By: cache-iad-kiad7000080-IAD, cache-lhr-egll1980040-LHR " +
				"(X-Served-By -([A-Z]{3})\\s*$)",
			"prefix:151.101.0.0/16 1 | prefix 151.101.2.109 (151.101.0.0/16) | prefix 151.101.66.109 " +
				"(151.101.0.0/16)",
			"tld:com 1 | suffix ft.com (.com)",
		}},
	"Cloudflare, IPv6 and a name server under the customer's name": {infra.Observation{
		Site: "shop.co.uk", Addrs: addrs("2606:4700::6810:1"),
		NS:     []infra.NameServer{{Host: "ns1.shopdns.net", Addrs: addrs("104.16.0.9")}},
		Header: header("CF-RAY: 8d1f2a3b4c5d6e7f-LHR", "Server: cloudflare"), Issuer: "Google Trust Services"},
		[]string{
			"asn:AS13335 1 | asn 2606:4700::6810:1 (AS13335 Cloudflare, Inc.)",
			"ca:google 1 | issuer Google Trust Services (google)",
			"cdn:cloudflare 1 | range 2606:4700::6810:1 (2606:4700::/32) | asn 2606:4700::6810:1 (AS13335) | " +
				"header CF-RAY: 8d1f2a3b4c5d6e7f-LHR (CF-RAY) | header Server: cloudflare (Server (?i)^cloudflare)",
			"dns:cloudflare 1 | asn ns1.shopdns.net 104.16.0.9 (AS13335)",
			"pop:cloudflare/lhr 1 | header CF-RAY: 8d1f2a3b4c5d6e7f-LHR (CF-RAY -([A-Z]{3})$)",
			"prefix:2606:4700::/32 1 | prefix 2606:4700::6810:1 (2606:4700::/32)",
			"tld:uk 1 | suffix shop.co.uk (.uk)",
		}},
	"CloudFront": {infra.Observation{
		Site: "video.de", CNAME: []string{"d111111abcdef8.cloudfront.net"}, Addrs: addrs("13.32.1.1"),
		Header: header("X-Amz-Cf-Pop: FRA56-P4"), Issuer: "Amazon"},
		[]string{
			"asn:AS16509 1 | asn 13.32.1.1 (AS16509 Amazon.com, Inc.)",
			"ca:amazon 1 | issuer Amazon (amazon)",
			"cdn:cloudfront 1 | cname d111111abcdef8.cloudfront.net (cloudfront.net) | header X-Amz-Cf-Pop: " +
				"FRA56-P4 (X-Amz-Cf-Pop)",
			"pop:cloudfront/fra 1 | header X-Amz-Cf-Pop: FRA56-P4 (X-Amz-Cf-Pop ^([A-Z]{3})[0-9]*-)",
			"prefix:13.32.0.0/15 1 | prefix 13.32.1.1 (13.32.0.0/15)",
			"tld:de 1 | suffix video.de (.de)",
		}},
	"Akamai by way of its traffic management": {infra.Observation{
		Site: "bank.com", CNAME: []string{"www.bank.com.akadns.net", "www.bank.com.edgekey.net",
			"e1234.a.akamaiedge.net"}, Addrs: addrs("23.1.2.3"),
		NS: servers("a1-2.akam.net"), Issuer: "DigiCert Inc"},
		[]string{
			"asn:AS20940 1 | asn 23.1.2.3 (AS20940 Akamai International B.V.)",
			"ca:digicert 1 | issuer DigiCert Inc (digicert)",
			"cdn:akamai 1 | cname www.bank.com.edgekey.net (edgekey.net) | cname e1234.a.akamaiedge.net " +
				"(akamaiedge.net) | asn 23.1.2.3 (AS20940)",
			"dns:akamai 1 | cname www.bank.com.akadns.net (akadns.net) | ns a1-2.akam.net (akam.net)",
			"prefix:23.0.0.0/12 1 | prefix 23.1.2.3 (23.0.0.0/12)",
			"tld:com 1 | suffix bank.com (.com)",
		}},
	"a load balancer in a region": {infra.Observation{
		Site: "app.io", CNAME: []string{"lb-1.eu-west-2.elb.amazonaws.com"}, Addrs: addrs("18.130.1.1"),
		Header: header("Server: awselb/2.0")},
		[]string{
			"asn:AS16509 1 | asn 18.130.1.1 (AS16509 Amazon.com, Inc.)",
			"cloud:aws/eu-west-2 1 | cname lb-1.eu-west-2.elb.amazonaws.com ({}.elb.amazonaws.com)",
			"prefix:18.130.0.0/16 1 | prefix 18.130.1.1 (18.130.0.0/16)",
			"tld:io 1 | suffix app.io (.io)",
		}},
	"a network and a CDN of the site's own": {infra.Observation{
		Site: "facebook.com", CNAME: []string{"star-mini.c10r.facebook.com"}, Addrs: addrs("157.240.1.35"),
		NS: servers("a.ns.facebook.com")},
		[]string{
			"asn:AS32934 1 own | asn 157.240.1.35 (AS32934 Facebook, Inc.)",
			"cdn:facebook 1 own | cname star-mini.c10r.facebook.com (facebook.com) | asn 157.240.1.35 (AS32934)",
			"dns:facebook 1 own | ns a.ns.facebook.com (facebook.com)",
			"prefix:157.240.0.0/16 1 own | prefix 157.240.1.35 (157.240.0.0/16)",
			"tld:com 1 | suffix facebook.com (.com)",
		}},
	"a network registered to the owner, servers in its own zone": {infra.Observation{
		Site: "gazette.com", Addrs: addrs("198.51.100.7"), NS: servers("ns1.gazette.com", "ns2.gazette.com")},
		[]string{
			"asn:AS64501 1 own | asn 198.51.100.7 (AS64501 Gazette Media Ltd)",
			"dns:gazette.com 1 own | ns ns1.gazette.com (own zone) | ns ns2.gazette.com (own zone)",
			"prefix:198.51.100.0/24 1 own | prefix 198.51.100.7 (198.51.100.0/24)",
			"tld:com 1 | suffix gazette.com (.com)",
		}},
	"a name given out under a public suffix": {infra.Observation{Site: "someone.github.io"},
		[]string{"cloud:github/pages 1 | name someone.github.io (github.io)",
			"tld:io 1 | suffix someone.github.io (.io)"}},
	"a provider's own site": {infra.Observation{Site: "yahoo.com"},
		[]string{"tld:com 1 | suffix yahoo.com (.com)"}},
	"nobody that we know": {infra.Observation{
		Site: "small.org", CNAME: []string{"web7.hoster.invalid"}, Addrs: addrs("192.0.2.1", "203.0.113.5"),
		NS:     servers("ns1.hoster.invalid"),
		Header: header("Server: nginx"), Issuer: "Corner Shop CA"},
		[]string{
			"asn:AS64500 0.5 | asn 192.0.2.1 (AS64500 Example Hosting)",
			"prefix:192.0.2.0/24 0.5 | prefix 192.0.2.1 (192.0.2.0/24)",
			"tld:org 1 | suffix small.org (.org)",
		}},
	"told by a vantage": {infra.Observation{Site: "a.com", Vantage: "lon-1",
		Via: []faultline.Component{"cdn:fastly", "isp:AS812", "site:b.com"}},
		[]string{"cdn:fastly 1 | via cdn:fastly (lon-1)", "tld:com 1 | suffix a.com (.com)"}},
}

func TestEachProviderIsKnownByWhatItShows(t *testing.T) {
	m := matcher(t, infra.Sources{Networks: registry, Owner: func(site string) string { return owners[site] }})
	for name, c := range shows {
		if got := announced(m.Infer(c.saw)); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
	}
}

// The zones of CDNs are public suffixes, and some lie within one another: the end
// of the name decides, and the longest rule wins.
func TestSuffixesAreMatchedWhole(t *testing.T) {
	m := matcher(t, infra.Sources{})
	for alias, want := range map[string]string{
		"x.global.ssl.fastly.net":                   "cdn:fastly",
		"X.MAP.Fastly.NET.":                         "cdn:fastly",
		"notfastly.net":                             "",
		"fastly.net.evil.com":                       "",
		"github.map.fastly.net":                     "cdn:fastly cloud:github/pages",
		"e1.dscb.akamaiedge.net":                    "cdn:akamai",
		"lb.us-east-1.elb.amazonaws.com":            "cloud:aws/us-east-1",
		"lb.elb.us-gov-west-1.amazonaws.com":        "cloud:aws/us-gov-west-1",
		"b.s3-website-eu-west-1.amazonaws.com":      "cloud:aws/eu-west-1",
		"b.s3-website.ap-southeast-2.amazonaws.com": "cloud:aws/ap-southeast-2",
		"b.s3.amazonaws.com":                        "cloud:aws/global",
		"env.us-west-2.elasticbeanstalk.com":        "cloud:aws/us-west-2",
		"env.elasticbeanstalk.com":                  "",
		"us-east-9x.elb.amazonaws.com":              "cloud:aws/global",
		"vm.westeurope.cloudapp.azure.com":          "cloud:azure/westeurope",
		"x.azurefd.net":                             "cdn:azure",
		"cname.vercel-dns.com":                      "cdn:vercel",
	} {
		var got []string
		for _, f := range m.Infer(infra.Observation{CNAME: []string{alias}}) {
			got = append(got, string(f.Component))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is %v, want %s", alias, got, want)
		}
	}
}

func TestFetchedRangesBeatTheShippedOnes(t *testing.T) {
	file := infra.RangeFile{AsOf: "2026-11-22T00:00:00Z", Ranges: []infra.RangeGroup{
		{Component: "cloud:aws/eu-west-2", Prefixes: []netip.Prefix{netip.MustParsePrefix("18.130.0.0/16"),
			netip.MustParsePrefix("151.101.9.0/24")}},
		{Component: "cdn:cloudfront", Prefixes: []netip.Prefix{netip.MustParsePrefix("18.130.5.0/24")}},
	}}
	var doc strings.Builder
	if err := file.Write(&doc); err != nil {
		t.Fatal(err)
	}
	ranges, err := infra.LoadRanges(strings.NewReader(doc.String()))
	if err != nil || ranges.Len() != 3 {
		t.Fatalf("%d ranges, %v", ranges.Len(), err)
	}
	m := matcher(t, infra.Sources{Ranges: ranges})
	for addr, want := range map[string]string{
		"18.130.1.1": "cloud:aws/eu-west-2", "18.130.5.1": "cdn:cloudfront", "::ffff:18.130.5.1": "cdn:cloudfront",
		"151.101.9.1": "cloud:aws/eu-west-2", "151.101.1.1": "cdn:fastly", "192.0.2.1": "",
	} {
		got := ""
		for _, f := range m.Infer(infra.Observation{Addrs: addrs(addr)}) {
			got += string(f.Component)
		}
		if got != want {
			t.Errorf("%s lies in %q, want %q", addr, got, want)
		}
	}
	for name, doc := range map[string]string{
		"nothing":        `{"ranges":[]}`,
		"no component":   `{"ranges":[{"component":"aws","prefixes":["192.0.2.0/24"]}]}`,
		"no prefix":      `{"ranges":[{"component":"cdn:fastly","prefixes":[""]}]}`,
		"unknown member": `{"ranges":[],"colour":"red"}`,
	} {
		if _, err := infra.LoadRanges(strings.NewReader(doc)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestWhatAnObservationMayCarryIsBounded(t *testing.T) {
	m := matcher(t, infra.Sources{Networks: registry})
	o := infra.Observation{Site: "a.com", Header: http.Header{}}
	for i := range 1000 {
		o.CNAME = append(o.CNAME, fmt.Sprintf("x%d.fastly.net", i))
		o.Header.Add("Server", strings.Repeat("cloudflare ", 100))
	}
	for _, f := range m.Infer(o) {
		if len(f.Evidence) > 8 {
			t.Errorf("%s: %d pieces of evidence", f.Component, len(f.Evidence))
		}
		for _, e := range f.Evidence {
			if len(e.Saw) > 130 {
				t.Errorf("evidence of %d bytes", len(e.Saw))
			}
		}
	}
}

func TestDatabaseOfNetworks(t *testing.T) {
	name := filepath.Join(t.TempDir(), "asn.mmdb")
	writeMMDB(t, name, registry)
	db, err := infra.OpenMMDB(name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got, ok := db.Network(netip.MustParseAddr("::ffff:151.101.2.1"))
	if want := (infra.Network{ASN: 54113, Org: "Fastly, Inc.", Prefix: netip.MustParsePrefix("151.101.0.0/16")}); !ok ||
		got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, ok := db.Network(netip.MustParseAddr("2606:4700::1")); !ok || got.ASN != 13335 {
		t.Errorf("IPv6: %+v", got)
	}
	for _, unknown := range []string{"203.0.113.1", "8.8.8.8", "fe80::1%eth0"} {
		if got, ok := db.Network(netip.MustParseAddr(unknown)); ok {
			t.Errorf("%s: %+v", unknown, got)
		}
	}
	if _, err := infra.OpenMMDB("match_test.go"); err == nil {
		t.Error("a file that is no database is opened")
	}
	if _, err := infra.OpenMMDB(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there is opened")
	}
}
