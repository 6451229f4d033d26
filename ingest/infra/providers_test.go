package infra

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"faultline"
)

func builtinList(t *testing.T) *faultline.Providers {
	t.Helper()
	table, err := BuiltinProviders()
	if err != nil {
		t.Fatal(err)
	}
	sites, err := BuiltinCatalog()
	if err != nil {
		t.Fatal(err)
	}
	return faultline.NewProviders(table.List(sites.Sites))
}

// The table must name enough of what people depend on and reach the internet by.
func TestBuiltinProvidersAreMany(t *testing.T) {
	providers, isps, countries := 0, 0, map[string]bool{}
	for _, p := range builtinList(t).All() {
		if p.ISP {
			isps++
			countries[p.Country] = true
		} else {
			providers++
		}
	}
	if providers < 150 || isps < 341 || len(countries) < 78 {
		t.Errorf("%d providers, %d internet service providers in %d countries", providers, isps, len(countries))
	}
}

// mostOnline are the 60 countries with most people online.
const mostOnline = "CN IN US ID BR RU PK NG MX JP PH EG BD VN DE TR IR GB TH FR IT ZA KR ES CO AR CA PL UA MA " +
	"SA DZ MY IQ UZ KE PE AU ET VE CD TZ GH NP TW NL CL LK UG SD MM KZ RO CM CI AO EC BE SE GT"

// A viewer in any of the largest countries finds the provider by name. Some have fewer than
// five whose network a public registry or document names.
func TestTheLargestCountriesHaveFiveInternetServiceProviders(t *testing.T) {
	fewer := map[string]int{
		"BE": 4, "CN": 4, "DZ": 4, "ET": 2, "FR": 4, "GH": 4, "GT": 1, "KE": 4, "LK": 2,
		"MA": 4, "MM": 4, "PE": 4, "RO": 4, "SA": 4, "SD": 4, "TW": 4, "VN": 4,
	}
	count := map[string]int{}
	for _, p := range builtinList(t).All() {
		if p.ISP {
			count[p.Country]++
		}
	}
	countries := strings.Fields(mostOnline)
	for _, c := range countries {
		least, some := fewer[c]
		if !some {
			least = 5
		}
		if count[c] < least {
			t.Errorf("%s: %d internet service providers, fewer than %d", c, count[c], least)
		}
	}
	if len(countries) != 60 {
		t.Errorf("%d countries", len(countries))
	}
}

// Whoever runs something that the signatures recognise is found by it, and the
// provider's own network leads to the same provider.
func TestProvidersAreFoundByWhatTheyRun(t *testing.T) {
	list := builtinList(t)
	for c, want := range map[faultline.Component]string{
		"cloud:aws/us-east-1": "aws", "cdn:cloudfront": "aws", "dns:route53": "aws", "ca:amazon": "aws",
		"asn:AS16509":    "aws",
		"pop:fastly/lhr": "fastly", "asn:AS54113": "fastly", "cdn:cloudflare": "cloudflare", "dns:dyn": "dyn",
		"cloud:github/pages": "github", "isp:AS812": "rogers", "ca:letsencrypt": "lets-encrypt", "cdn:azure": "azure",
	} {
		p, ok := list.Of(c)
		if !ok || p.Slug != want {
			t.Errorf("%s is run by %q, want %q", c, p.Slug, want)
		}
		if ok && !p.Runs(c) {
			t.Errorf("%s: its provider %s does not run it", c, p.Slug)
		}
	}
	for _, c := range []faultline.Component{"cdn:nobody", "tld:com", "asn:AS64512", "asn:ASx", "cloud:awsome/eu"} {
		if p, ok := list.Of(c); ok {
			t.Errorf("%s is run by %q, want nobody", c, p.Slug)
		}
	}
}

func TestOwnersRunTheirSites(t *testing.T) {
	list := builtinList(t)
	runs := func(site, slug string) bool {
		return slices.ContainsFunc(list.Running(site), func(p faultline.Provider) bool { return p.Slug == slug })
	}
	for site, slug := range map[string]string{"aws.amazon.com": "aws", "cloudflare.com": "cloudflare",
		"azure.microsoft.com": "azure",
		"cloud.google.com":    "google-cloud", "fastly.com": "fastly"} {
		if !runs(site, slug) {
			t.Errorf("%s is not run by %s", site, slug)
		}
	}
	if runs("bbc.co.uk", "fastly") {
		t.Error("bbc.co.uk is run by fastly, whose customer it is")
	}
}

// A table that is wrong is refused, and the error names the entry.
func TestReadProvidersRefuses(t *testing.T) {
	for name, c := range map[string]struct{ entries, want string }{
		"unknown member": {`{"slug":"a","name":"A","colour":"red"}`, "colour"},
		"bad slug":       {`{"slug":"A b","name":"A"}`, "slug"},
		"no name":        {`{"slug":"a","name":""}`, "name"},
		"wildcard kind":  {`{"slug":"a","name":"A","components":["*"]}`, "component"},
		"every cdn":      {`{"slug":"a","name":"A","components":["cdn:*"]}`, "component"},
		"network 0":      {`{"slug":"a","name":"A","networks":[0]}`, "network 0"},
		"same word": {`{"slug":"a","name":"A","aliases":["x"]},{"slug":"b","name":"B","aliases":["x"]}`,
			`"x" is claimed by a`},
		"same network": {`{"slug":"a","name":"A","networks":[1]},{"slug":"b","name":"B","networks":[1]}`,
			"AS1 is claimed by a"},
		"status page": {`{"slug":"a","name":"A","status":"http://a.example"}`, "status"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadProviders(strings.NewReader(`{"providers":[` + c.entries + `]}`))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one that names %s", err, c.want)
			}
		})
	}
}

func TestAFurtherTableReplacesEntriesWhole(t *testing.T) {
	below, err := BuiltinProviders()
	if err != nil {
		t.Fatal(err)
	}
	above, err := ReadProviders(
		strings.NewReader(
			`{"providers":[{"slug":"fastly","name":"Fastly","networks":[54113]},{"slug":"ours","name":"Ours"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	merged, err := below.Over(above)
	if err != nil {
		t.Fatal(err)
	}
	list := faultline.NewProviders(merged.List(nil))
	if p, _ := list.Of("cdn:fastly"); p.Slug != "" {
		t.Errorf("cdn:fastly is still run by %s", p.Slug)
	}
	if _, ok := list.Slug("ours"); !ok || len(list.All()) != len(below.Providers)+len(below.ISPs)+1 {
		t.Error("the further table's entry is missing")
	}
}

func TestProvidersSchemaTakesTheBuiltinTable(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	schema, err := compiler.Compile("providers.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(builtinProviders, &doc); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
}

// A record says what its owner runs only where the built-in table, which every fold
// knows, does not.
func TestRecordsClaimWhatTheBuiltinTableDoesNotSay(t *testing.T) {
	table, err := BuiltinProviders()
	if err != nil {
		t.Fatal(err)
	}
	own, err := ReadProviders(strings.NewReader(`{"providers":[{"slug":"acme","name":"Acme","owner":"Acme Inc.",
		"components":["cloud:acme/*"],"networks":[64500]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if table, err = table.Over(own); err != nil {
		t.Fatal(err)
	}
	entries := []Entry{{Site: "aws.amazon.com", Owner: "Amazon"}, {Site: "acme.example", Owner: "Acme Inc."},
		{Site: "else.example", Owner: "Else"}}
	var records []faultline.SiteRecord
	for _, e := range entries {
		records = append(records, e.Record())
	}
	if err := Claim(records, faultline.NewProviders(table.List(entries))); err != nil {
		t.Fatal(err)
	}
	want := []faultline.Component{"cloud:acme/*", "asn:AS64500", "isp:AS64500"}
	if records[0].Runs != nil || records[2].Runs != nil || !slices.Equal(records[1].Runs, want) {
		t.Errorf("%+v", records)
	}
	if !records[1].OwnerRuns("cloud:acme/eu-1") || records[1].OwnerRuns("cloud:other/eu-1") {
		t.Error("a pattern is read wrongly")
	}
}
