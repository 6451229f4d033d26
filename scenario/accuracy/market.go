package accuracy

import (
	"math"
	"math/rand/v2"
	"strconv"

	"faultline"
)

// market is the components of one kind with the shares that sites give them. upTo is
// cumulative, for drawing.
type market struct {
	kind  string
	names []string
	upTo  []float64
}

// newMarket names the large providers with their shares and lets small ones
// without a name share the rest by Zipf's law.
func newMarket(kind string, large []string, shares []float64, small int, prefix string) market {
	m := market{kind: kind}
	total := 0.
	add := func(name string, share float64) {
		total += share
		m.names, m.upTo = append(m.names, name), append(m.upTo, total)
	}
	for i, name := range large {
		add(name, shares[i])
	}
	last := shares[len(shares)-1]
	for i := range small {
		add(prefix+strconv.Itoa(i+1), last/math.Pow(float64(i+2), 0.9))
	}
	return m
}

// pick draws a component by its share.
func (m market) pick(rng *rand.Rand) faultline.Component {
	x := rng.Float64() * m.upTo[len(m.upTo)-1]
	for i, up := range m.upTo {
		if x < up {
			return faultline.NewComponent(m.kind, m.names[i])
		}
	}
	return faultline.NewComponent(m.kind, m.names[0])
}

// The markets, with shares as they are measured among popular sites.
var (
	cdns = newMarket(faultline.KindCDN,
		[]string{"cloudfront", "akamai", "cloudflare", "fastly", "alibaba", "google", "stackpath", "edgecast",
			"tencent", "azure"},
		[]float64{334, 325, 146, 134, 59, 44, 33, 30, 25, 22}, 32, "cdn")
	nameservers = newMarket(faultline.KindDNS,
		[]string{"cloudflare", "aws", "akamai", "dyn", "dnspod", "ultradns", "ns1", "godaddy", "alibaba", "google",
			"dnsmadeeasy", "hichina"},
		[]float64{488, 381, 120, 84, 62, 57, 47, 43, 41, 35, 32, 23}, 150, "dns")
	authorities = newMarket(faultline.KindCA,
		[]string{"digicert", "letsencrypt", "globalsign", "cloudflare", "comodo", "sectigo", "amazon", "godaddy",
			"google", "entrust"},
		[]float64{469, 283, 225, 150, 206, 137, 80, 112, 58, 47}, 35, "ca")
	clouds = newMarket(faultline.KindCloud,
		[]string{"aws/us-east-1", "aws/eu-west-1", "aliyun/cn-hangzhou", "gcp/us-central1", "gcp/europe-west1",
			"azure/eastus", "aws/us-west-2", "azure/westeurope", "aws/ap-northeast-1", "aws/eu-central-1"},
		[]float64{181, 91, 87, 85, 83, 77, 68, 65, 34, 31}, 0, "")
	hosters = newMarket(faultline.KindASN,
		[]string{"AS16276", "AS24940", "AS14061", "AS46606", "AS26496", "AS32244", "AS8560", "AS36351"},
		[]float64{127, 110, 93, 74, 60, 50, 40, 40}, 12, "AS6400")
	tlds = newMarket(faultline.KindTLD,
		[]string{"com", "net", "ru", "org", "jp", "br", "cn", "in", "de", "pl", "ir", "fr"},
		[]float64{1413, 101, 84, 66, 51, 49, 43, 40, 30, 24, 23, 22}, 0, "")
)

// ownASN are the networks that providers announce themselves, by the part of
// their name before a slash.
var ownASN = map[string]faultline.Component{
	"cloudfront": "asn:AS16509", "aws": "asn:AS16509", "akamai": "asn:AS20940", "cloudflare": "asn:AS13335",
	"fastly": "asn:AS54113", "google": "asn:AS15169", "gcp": "asn:AS396982", "azure": "asn:AS8075",
	"aliyun": "asn:AS45102", "alibaba": "asn:AS45102",
}
