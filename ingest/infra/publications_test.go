package infra_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faultline/ingest/infra"
)

// published answers as the clouds do.
var published = map[string]string{
	"/aws": `{"prefixes":[
  {"ip_prefix":"18.130.0.0/16","region":"eu-west-2","service":"AMAZON","network_border_group":"eu-west-2"},
  {"ip_prefix":"18.130.0.0/16","region":"eu-west-2","service":"EC2"},
  {"ip_prefix":"13.32.0.0/15","region":"GLOBAL","service":"AMAZON"},
  {"ip_prefix":"13.32.0.0/15","region":"GLOBAL","service":"CLOUDFRONT"},
  {"ip_prefix":"3.10.17.128/25","region":"eu-west-2","service":"AMAZON"},
  {"ip_prefix":"3.10.17.128/25","region":"eu-west-2","service":"CLOUDFRONT"}],
  "ipv6_prefixes":[{"ipv6_prefix":"2a05:d01c::/36","region":"eu-west-2","service":"AMAZON"}]}`,
	"/gcp": `{"syncToken":"1","prefixes":[{"ipv4Prefix":"34.80.0.0/15","service":"Google Cloud",` +
		`"scope":"asia-east1"},{"ipv6Prefix":"2600:1900:4030::/44","scope":"asia-east1"},{"ipv4Prefix":"34.1.0.0/20",` +
		`"scope":"global"}]}`,
	"/azure": `<html><a href="https://download.example/x.exe">no</a> <a ` +
		`href="HERE/download/7/1/D/ServiceTags_Public_20261116.json">yes</a></html>`,
	"/download/7/1/D/ServiceTags_Public_20261116.json": `{"values":[{"name":"AzureCloud.eastus2",` +
		`"properties":{"region":"eastus2","addressPrefixes":["20.1.128.0/17"]}},{"name":"AzureCloud",` +
		`"properties":{"region":"","addressPrefixes":["20.0.0.0/8"]}},{"name":"AzureFrontDoor.Frontend",` +
		`"properties":{"addressPrefixes":["13.107.208.0/24"]}}]}`,
	"/oracle": `{"regions":[{"region":"us-phoenix-1","cidrs":[{"cidr":"129.146.0.0/21","tags":["OCI"]}]}]}`,
	"/fastly": `{"addresses":["151.101.0.0/16"],"ipv6_addresses":["2a04:4e40::/32"]}`,
	"/lines":  "173.245.48.0/20\n103.21.244.0/22",
	"/geofeed": "# prefix,country,region,city,postal\n" +
		"5.101.96.0/21,NL,NL-NH,Amsterdam,1098\n192.81.208.0/20,US,US-NJ,\"North Bergen\",07047\n" +
		"nonsense,US,US-NJ,X,1\n",
}

func publisher(t *testing.T) *httptest.Server {
	t.Helper()
	var s *httptest.Server
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		doc, ok := published[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, strings.ReplaceAll(doc, "HERE", s.URL))
	}))
	t.Cleanup(s.Close)
	return s
}

func publications(t *testing.T, base string, forms ...string) []infra.Publication {
	t.Helper()
	components := map[string]string{"lines": "cdn:cloudflare", "geofeed": "cloud:digitalocean/{}"}
	var docs []string
	for _, form := range forms {
		docs = append(docs, fmt.Sprintf(`{"name":%q,"url":"%s/%s","form":%q,"component":%q}`, form, base, form, form,
			components[form]))
	}
	list, err := infra.ReadPublications(strings.NewReader("[" + strings.Join(docs, ",") + "]"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatTheCloudsPublishIsRead(t *testing.T) {
	s := publisher(t)
	file, err := infra.Fetch(t.Context(), s.Client(), publications(t, s.URL, "aws", "gcp", "azure", "oracle", "fastly",
		"lines", "geofeed"), time.Unix(1e9, 0))
	if err != nil {
		t.Fatal(err)
	}
	var doc strings.Builder
	if err := file.Write(&doc); err != nil {
		t.Fatal(err)
	}
	ranges, err := infra.LoadRanges(strings.NewReader(doc.String()))
	if err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[string]string{
		"18.130.1.1": "cloud:aws/eu-west-2", "13.32.1.1": "cdn:cloudfront", "3.10.17.130": "cdn:cloudfront",
		"2a05:d01c::1": "cloud:aws/eu-west-2",
		"34.80.1.1":    "cloud:gcp/asia-east1", "2600:1900:4030::1": "cloud:gcp/asia-east1", "34.1.0.1": "",
		"20.1.128.1": "cloud:azure/eastus2", "20.2.0.1": "",
		"13.107.208.1": "cdn:azure", "129.146.0.1": "cloud:oracle/us-phoenix-1", "2a04:4e40::1": "cdn:fastly",
		"103.21.244.9": "cdn:cloudflare",
		"5.101.96.1":   "cloud:digitalocean/nl-amsterdam", "192.81.208.1": "cloud:digitalocean/us-north-bergen",
	} {
		if c, _, _ := ranges.Lookup(addrs(addr)[0]); string(c) != want {
			t.Errorf("%s is %q, want %q", addr, c, want)
		}
	}
}

func TestWhatCannotBeFetchedIsNamedAndKept(t *testing.T) {
	s := publisher(t)
	list := publications(t, s.URL, "lines", "aws")
	before, err := infra.Fetch(t.Context(), s.Client(), list, time.Unix(1e9, 0))
	if err != nil {
		t.Fatal(err)
	}
	list[1].URL += "-gone"
	before.Ranges[len(before.Ranges)-1].Source = list[1].URL
	file, err := infra.Fetch(t.Context(), s.Client(), list, time.Unix(1e9, 0))
	if err == nil || !strings.Contains(err.Error(), "aws: ") || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v", err)
	}
	if file.Keep(before); len(file.Ranges) != 3 || file.Ranges[2].Component != "cloud:aws/eu-west-2" {
		t.Errorf("kept %+v", file.Ranges)
	}
	for form, doc := range map[string]string{"aws": "{}", "gcp": "no", "azure": "<html>", "geofeed": "\"",
		"lines": "x"} {
		published["/broken"] = doc
		list := publications(t, s.URL, form)
		list[0].URL = s.URL + "/broken"
		if _, err := infra.Fetch(t.Context(), s.Client(), list, time.Unix(1e9, 0)); err == nil {
			t.Errorf("%s: %q is taken", form, doc)
		}
	}
}

func TestPublicationsAreChecked(t *testing.T) {
	if list, err := infra.BuiltinPublications(); err != nil || len(list) < 8 {
		t.Errorf("%d, %v", len(list), err)
	}
	for _, doc := range []string{`[{"name":"x","url":"https://a","form":"letter"}]`,
		`[{"name":"x","url":"https://a","form":"lines"}]`, `{}`, `[{"colour":"red"}]`} {
		if _, err := infra.ReadPublications(strings.NewReader(doc)); err == nil {
			t.Errorf("%s is taken", doc)
		}
	}
}
