package accuracy

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"faultline"
	"faultline/scenario"
)

// The shape of the internet: how many sites, which shares of them buy what, and how
// wrong the map is. Shares follow published measurements of popular sites; see
// market.go.
const (
	fewestSites = 2_000
	moreSites   = 500 // up to so many more
	densely     = 300 // ranks without a gap
	lastRank    = 20_000

	withCDN, withDNS, withCA, withCloud = 0.5, 0.85, 0.85, 0.33

	multiCDN, multiDNS = 0.13, 0.05
	atHome             = 0.4        // share of sites most of whose visitors are in one country
	missing, stale     = 0.06, 0.02 // entries of the map
)

// words are what made-up sites are called.
var words = []string{"aurora", "basil", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper",
	"kestrel", "lumen", "maple", "nectar", "onyx", "pixel", "quartz", "river", "sable", "tundra"}

// drawSites draws n sites in order of rank. The first probed ones are watched. Ranks
// have gaps further down, as a list of sites has. The popular ones are probed, as in
// life, and the others are known by reports alone.
func drawSites(rng *rand.Rand, n, probed int) []scenario.Site {
	sites := make([]scenario.Site, 0, n)
	for i := range n {
		rank := i + 1
		if i >= densely {
			// The exponent makes the gaps wider towards the end of the list.
			rank += int(lastRank * math.Pow(float64(i-densely)/float64(n-densely), 1.5))
		}
		name := words[rng.IntN(len(words))] + strconv.Itoa(i) + "." + tlds.pick(rng).Name()
		site := scenario.Site{Site: name, Rank: rank, Unprobed: i >= probed}
		standOn(&site, rng)
		if rng.Float64() < atHome {
			site.Home = homes[rng.IntN(len(homes))]
		}
		sites = append(sites, site)
	}
	for range probed / 40 { // the odd unpopular site is watched too
		sites[probed+rng.IntN(n-probed)].Unprobed = false
	}
	return sites
}

// standOn draws what a site depends on. Who buys one thing of a provider tends to buy
// others. The draws follow each other: who buys a CDN of Cloudflare mostly has its name
// servers too. Independent draws would make causes easier to tell apart than they are.
func standOn(site *scenario.Site, rng *rand.Rand) {
	site.Shares = map[faultline.Component]float64{}
	add := func(c faultline.Component) {
		if c != "" && !slices.Contains(site.Components, c) {
			site.Components = append(site.Components, c)
		}
	}
	var cdn, cloud, dns faultline.Component
	if rng.Float64() < withCloud {
		cloud = clouds.pick(rng)
	}
	if rng.Float64() < withCDN {
		cdn = cdns.pick(rng)
		add(cdn)
		if second := cdns.pick(rng); rng.Float64() < multiCDN && second != cdn {
			add(second)
			site.Shares[cdn] = 0.3 + 0.4*rng.Float64()
		}
	}
	if rng.Float64() < withDNS {
		dns = nameservers.pick(rng)
		switch {
		case cdn == "cdn:cloudflare" && rng.Float64() < 0.76:
			dns = "dns:cloudflare"
		case (cdn == "cdn:cloudfront" || provider(cloud) == "aws") && rng.Float64() < 0.5:
			dns = "dns:aws"
		}
		add(dns)
		if rng.Float64() < multiDNS {
			add(nameservers.pick(rng))
		}
	}
	if rng.Float64() < withCA {
		switch {
		case cdn == "cdn:cloudflare" && rng.Float64() < 0.6:
			add("ca:cloudflare")
		case cdn == "cdn:cloudfront" && rng.Float64() < 0.3:
			add("ca:amazon")
		default:
			add(authorities.pick(rng))
		}
	}
	add(cloud)
	// Whoever buys a CDN is seen at the CDN's network and not at the one of its own
	// servers.
	switch own := ownASN[provider(cdn)]; {
	case own != "":
		add(own)
	case cloud != "":
		add(ownASN[provider(cloud)])
	default:
		add(hosters.pick(rng))
	}
}

// provider is the part of a component's name before a slash.
func provider(c faultline.Component) string {
	name, _, _ := strings.Cut(c.Name(), "/")
	return name
}

// misMap lets the map miss entries and hold stale ones: a method that trusts its map
// blindly must lose by it. Six entries in a hundred are missing and two are stale.
func misMap(sites []scenario.Site, rng *rand.Rand) {
	markets := map[string]market{faultline.KindCDN: cdns, faultline.KindDNS: nameservers, faultline.KindCA: authorities,
		faultline.KindCloud: clouds, faultline.KindASN: hosters}
	for i := range sites {
		published, wrong := []faultline.Component{}, false
		for _, c := range sites[i].Components {
			switch x := rng.Float64(); {
			case x < missing:
				wrong = true
				continue
			// A stale entry names another provider of the same kind, as after a site has
			// moved.
			case x < missing+stale:
				wrong = true
				c = markets[c.Kind()].pick(rng)
			}
			if !slices.Contains(published, c) {
				published = append(published, c)
			}
		}
		if wrong {
			sites[i].Mapped = published
		}
	}
}

// homes are the countries that sites are at home in.
var homes = []string{"US", "US", "GB", "DE", "FR", "IN", "JP", "BR", "CA", "AU"}

// networks are those that reporters sit in. The shares are of the reporters, by the
// size of the country and of the provider in it.
func networks() []scenario.Network {
	var out []scenario.Network
	for _, n := range []struct {
		country string
		asns    []uint32
		shares  []float64
	}{
		{"US", []uint32{7922, 7018, 21928, 20115, 701, 22773}, []float64{20, 13, 12, 9, 9, 4}},
		{"GB", []uint32{2856, 5089, 5607, 13285, 12576}, []float64{9, 6, 5, 3, 3}},
		{"DE", []uint32{3320, 3209, 6805}, []float64{7, 4, 3}},
		{"FR", []uint32{3215, 12322, 15557}, []float64{5, 3, 2}},
		{"IT", []uint32{3269, 30722}, []float64{4, 3}},
		{"ES", []uint32{3352, 12479}, []float64{4, 2}},
		{"NL", []uint32{1136, 33915}, []float64{2, 2}},
		{"CA", []uint32{812, 577, 852}, []float64{4, 4, 2}},
		{"BR", []uint32{28573, 26599}, []float64{4, 3}},
		{"IN", []uint32{55836, 24560}, []float64{6, 5}},
		{"JP", []uint32{4713, 2516, 17676}, []float64{4, 3, 3}},
		{"AU", []uint32{1221, 4804, 7545}, []float64{5, 3, 2}},
	} {
		for i, asn := range n.asns {
			out = append(out, scenario.Network{ASN: asn, Country: n.country, Share: n.shares[i],
				Prefixes: 20 + int(20*n.shares[i])})
		}
	}
	return out
}
