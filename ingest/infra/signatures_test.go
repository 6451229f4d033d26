package infra_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"faultline"
	"faultline/ingest/infra"
)

func signatureSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile("signatures.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestBuiltinSignaturesSatisfyTheirSchema(t *testing.T) {
	data, err := os.ReadFile("signatures.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := satisfies(t, signatureSchema(t), string(data)); err != nil {
		t.Error(err)
	}
}

func TestBuiltinSignaturesCoverTheGreat(t *testing.T) {
	table, err := infra.BuiltinSignatures()
	if err != nil {
		t.Fatal(err)
	}
	kinds, components := map[string]int{}, map[faultline.Component]bool{}
	for _, s := range table.List {
		kinds[s.Component.Kind()]++
		components[s.Component] = true
		if s.Source == "" {
			t.Errorf("%s names no source", s.Component)
		}
	}
	for _, c := range []faultline.Component{"cdn:fastly", "cdn:cloudflare", "cdn:cloudfront", "cdn:akamai", "cdn:azure",
		"cdn:google",
		"cloud:aws/{}", "cloud:azure/{}", "dns:route53", "dns:cloudflare", "dns:akamai", "dns:ultradns", "dns:ns1",
		"dns:dyn", "ca:letsencrypt", "ca:digicert"} {
		if !components[c] {
			t.Errorf("no signature of %s", c)
		}
	}
	if kinds["cdn"] < 80 || kinds["dns"] < 80 || kinds["ca"] < 25 || kinds["pop"] < 5 || kinds["cloud"] < 15 {
		t.Errorf("signatures by kind: %v", kinds)
	}
}

// Owners stand in both tables; what the catalogue does not write nobody owns.
func TestOwnersOfNetworksAreWrittenAsInTheCatalogue(t *testing.T) {
	table, err := infra.BuiltinSignatures()
	if err != nil {
		t.Fatal(err)
	}
	owners := map[string]bool{}
	for _, e := range builtinCatalog(t).Sites {
		owners[e.Owner] = true
	}
	for _, n := range table.Networks {
		if !owners[n.Owner] {
			t.Errorf("AS%d is of %q, whom the catalogue does not know", n.ASN, n.Owner)
		}
	}
}

// What one signature does wrong, the schema or the loader refuse, and the loader
// names the component.
func TestBadSignaturesAreRefusedByName(t *testing.T) {
	for name, c := range map[string]struct{ members, want string }{
		"unknown kind":      {`"component":"moon:x","cname":["a.com"]`, "moon:x"},
		"no rule":           {`"component":"cdn:x"`, "nothing recognises it"},
		"unknown member":    {`"component":"cdn:x","cname":["a.com"],"colour":"red"`, "colour"},
		"capture, no hole":  {`"component":"cdn:x","cname":["a.com"],"capture":"x"`, "go together"},
		"hole, no capture":  {`"component":"cloud:x/{}","cname":["{}.a.com"]`, "go together"},
		"two holes":         {`"component":"cloud:x/{}","cname":["{}-{}.a.com"],"capture":"x"`, "more than one hole"},
		"shouted suffix":    {`"component":"cdn:x","cname":["A.com"]`, `"A.com"`},
		"dotted suffix":     {`"component":"cdn:x","ns":[".a.com"]`, `".a.com"`},
		"broken capture":    {`"component":"cloud:x/{}","cname":["{}.a.com"],"capture":"("`, "capture"},
		"broken pattern":    {`"component":"cdn:x","headers":[{"name":"Server","match":"("}]`, "header Server"},
		"host bits":         {`"component":"cdn:x","ranges":["192.0.2.1/24"]`, "192.0.2.1/24"},
		"a whole domain":    {`"component":"cdn:x","cname":["net"]`, `"net" is what names of many owners end in`},
		"a public suffix":   {`"component":"dns:x","ns":["co.uk"]`, `"co.uk" is what`},
		"a hole below one":  {`"component":"cloud:x/{}","cname":["{}.com"],"capture":"x"`, "what names of many owners"},
		"any name":          {`"component":"cdn:x","cname":["*"]`, "what names of many owners"},
		"the internet":      {`"component":"cdn:x","ranges":["0.0.0.0/0"]`, "more of the internet"},
		"a quarter of IPv6": {`"component":"cdn:x","ranges":["2000::/3"]`, "more of the internet"},
		"no network":        {`"component":"cdn:x","asn":[0]`, "asn 0 is nobody's"},
		"no network's name": {`"component":"dns:x","ns_asn":[4294967295]`, "asn 4294967295 is nobody's"},
		"any answer":        {`"component":"cdn:x","headers":[{"name":"server"}]`, "in every answer"},
		"any date":          {`"component":"cdn:x","headers":[{"name":"Date","match":".*"}]`, "in every answer"},
		"a nameless header": {`"component":"cdn:x","headers":[{"match":"x"}]`, "not the name of a header"},
		"no issuer":         {`"component":"ca:x","issuers":[""]`, "issuer"},
		"suffix of another": {`"component":"cdn:x","cname":["good.net"]`, "stands for cdn:good already"},
		"asn of another":    {`"component":"cdn:x","asn":[64500]`, "stands for cdn:good already"},
		"issuer of another": {`"component":"ca:x","issuers":["GOOD CA"]`, "stands for ca:good already"},
	} {
		doc := fmt.Sprintf(
			`{"signatures":[{"component":"cdn:good","cname":["good.net"],"asn":[64500]},{"component":"ca:good",`+
				`"issuers":["Good CA"]},{%s}]}`, c.members)
		if _, err := infra.ReadSignatures(strings.NewReader(doc)); err == nil ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
	}
}

func TestAnOperatorsTableIsLaidOver(t *testing.T) {
	table, err := infra.BuiltinSignatures()
	if err != nil {
		t.Fatal(err)
	}
	own, err := infra.ReadSignatures(
		strings.NewReader(
			`{"signatures":[{"component":"cdn:fastly","cname":["own-name.net"]},{"component":"cdn:house",` +
				`"cname":["house.net"]}],"networks":[{"asn":64500,"owner":"House"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := infra.NewMatcher(table.Over(own), infra.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	for alias, want := range map[string][]string{
		"a.own-name.net": {"cdn:fastly"}, "a.fastly.net": nil, "a.house.net": {"cdn:house"},
		"a.cloudfront.net": {"cdn:cloudfront"},
	} {
		var got []string
		for _, f := range m.Infer(infra.Observation{CNAME: []string{alias}}) {
			got = append(got, string(f.Component))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", alias, got, want)
		}
	}
}

func TestNetworksOfNobodyAreRefused(t *testing.T) {
	for _, n := range []string{`{"asn":0,"owner":"X"}`, `{"asn":64500,"owner":" "}`} {
		doc := `{"signatures":[{"component":"cdn:good","cname":["good.net"]}],"networks":[` + n + `]}`
		_, err := infra.ReadSignatures(strings.NewReader(doc))
		if err == nil || !strings.Contains(err.Error(), "networks: asn") {
			t.Errorf("%s: %v", n, err)
		}
	}
}
