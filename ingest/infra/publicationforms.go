package infra

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"

	"faultline"
)

// readJSON decodes a document; members that are not named are ignored, because providers add some.
func readJSON(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("read JSON: %w", err)
	}
	return nil
}

// readAWS reads https://docs.aws.amazon.com/vpc/latest/userguide/aws-ip-syntax.html.
// Every range stands there as AMAZON and again as the service that has it; what is
// CloudFront's is no region's. So the ranges of CloudFront are collected first and left
// out of the regions after that.
func readAWS(_ Publication, body []byte, g rangeGroups) error {
	var doc struct {
		P4 []struct {
			Prefix  string `json:"ip_prefix"`
			Region  string `json:"region"`
			Service string `json:"service"`
		} `json:"prefixes"`
		P6 []struct {
			Prefix  string `json:"ipv6_prefix"`
			Region  string `json:"region"`
			Service string `json:"service"`
		} `json:"ipv6_prefixes"`
	}
	if err := readJSON(body, &doc); err != nil {
		return err
	}
	front := map[string]bool{}
	add := func(prefix, region, service string, fronts bool) {
		switch {
		case fronts && service == "CLOUDFRONT":
			front[prefix] = true
			g.add(faultline.KindCDN, "cloudfront", prefix)
		case !fronts && service == "AMAZON" && !strings.EqualFold(region, "GLOBAL") && !front[prefix]:
			g.add(faultline.KindCloud, "aws/"+region, prefix)
		}
	}
	for _, fronts := range []bool{true, false} {
		for _, p := range doc.P4 {
			add(p.Prefix, p.Region, p.Service, fronts)
		}
		for _, p := range doc.P6 {
			add(p.Prefix, p.Region, p.Service, fronts)
		}
	}
	return nil
}

// readGCP reads cloud.json (https://cloud.google.com/compute/docs/faq#find_ip_range);
// what is global is no region's.
func readGCP(_ Publication, body []byte, g rangeGroups) error {
	var doc struct {
		Prefixes []struct {
			V4    string `json:"ipv4Prefix"`
			V6    string `json:"ipv6Prefix"`
			Scope string `json:"scope"`
		} `json:"prefixes"`
	}
	if err := readJSON(body, &doc); err != nil {
		return err
	}
	for _, p := range doc.Prefixes {
		if p.Scope != "global" {
			g.add(faultline.KindCloud, "gcp/"+p.Scope, p.V4+p.V6)
		}
	}
	return nil
}

// readAzure reads service tags
// (https://learn.microsoft.com/azure/virtual-network/service-tags-overview): AzureCloud
// of each region, and the front ends of Front Door. Other tags repeat the same ranges
// by service.
func readAzure(_ Publication, body []byte, g rangeGroups) error {
	var doc struct {
		Values []struct {
			Name       string `json:"name"`
			Properties struct {
				Region   string   `json:"region"`
				Prefixes []string `json:"addressPrefixes"`
			} `json:"properties"`
		} `json:"values"`
	}
	if err := readJSON(body, &doc); err != nil {
		return err
	}
	for _, v := range doc.Values {
		region, regional := strings.CutPrefix(v.Name, "AzureCloud.")
		for _, p := range v.Properties.Prefixes {
			switch {
			case regional:
				g.add(faultline.KindCloud, "azure/"+region, p)
			case v.Name == "AzureFrontDoor.Frontend":
				g.add(faultline.KindCDN, "azure", p)
			}
		}
	}
	return nil
}

// readOracle reads the ranges of Oracle Cloud by region.
func readOracle(_ Publication, body []byte, g rangeGroups) error {
	var doc struct {
		Regions []struct {
			Region string `json:"region"`
			CIDRs  []struct {
				CIDR string `json:"cidr"`
			} `json:"cidrs"`
		} `json:"regions"`
	}
	if err := readJSON(body, &doc); err != nil {
		return err
	}
	for _, r := range doc.Regions {
		for _, c := range r.CIDRs {
			g.add(faultline.KindCloud, "oracle/"+r.Region, c.CIDR)
		}
	}
	return nil
}

// readFastly reads the ranges of Fastly, which has no regions.
func readFastly(_ Publication, body []byte, g rangeGroups) error {
	var doc struct {
		V4 []string `json:"addresses"`
		V6 []string `json:"ipv6_addresses"`
	}
	if err := readJSON(body, &doc); err != nil {
		return err
	}
	for _, p := range append(doc.V4, doc.V6...) {
		g.add(faultline.KindCDN, "fastly", p)
	}
	return nil
}

// readLines reads one range a line, all of the publication's component: the form of
// Cloudflare and others without regions. Lines that are no range, such as remarks, are
// left out by add.
func readLines(p Publication, body []byte, g rangeGroups) error {
	for line := range strings.Lines(string(body)) {
		g.add(p.Component.Kind(), p.Component.Name(), line)
	}
	return nil
}

// notSlug is whatever may not stand in the name of a place.
var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// readGeofeed reads RFC 8805: prefix, country, region, city. A place is written
// gb-london. Feeds are written by hand and many are a little wrong, so rows with too
// few columns and stray quotes are passed over.
func readGeofeed(p Publication, body []byte, g rangeGroups) error {
	r := csv.NewReader(strings.NewReader(string(body)))
	r.Comment, r.FieldsPerRecord, r.LazyQuotes = '#', -1, true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read geofeed: %w", err)
		}
		if len(row) < 4 {
			continue
		}
		place := strings.Trim(notSlug.ReplaceAllString(strings.ToLower(row[1]+"-"+row[3]), "-"), "-")
		g.add(p.Component.Kind(), strings.ReplaceAll(p.Component.Name(), "{}", place), row[0])
	}
}
