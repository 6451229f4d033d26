package infra

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"faultline"
)

// Bounds of fetching what is published.
const (
	// bytes of one document; that of AWS has about two million
	maxPublication  = 32 << 20
	maxPublications = 64
)

//go:embed publications.json
var builtinPublications []byte

// Publication is a list of address ranges that their owner publishes.
type Publication struct {
	Name string `json:"name"`
	URL  string `json:"url"`
	Form string `json:"form"` // aws, gcp, azure, oracle, fastly, lines or geofeed (RFC 8805)
	// Component is what the ranges belong to, where the form does not tell; {} is
	// the place that a geofeed gives.
	Component faultline.Component `json:"component"`
}

// BuiltinPublications returns those that Faultline knows.
func BuiltinPublications() ([]Publication, error) {
	return ReadPublications(bytes.NewReader(builtinPublications))
}

// ReadPublications reads a list of publications, one JSON array. A source whose form is
// unknown is refused at the start and not when it is fetched, which may be weeks later.
func ReadPublications(r io.Reader) ([]Publication, error) {
	var list []Publication
	if err := json.UnmarshalRead(io.LimitReader(r, maxCatalogBytes), &list,
		json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("publications: %w", err)
	}
	if len(list) > maxPublications {
		return nil, fmt.Errorf("publications: more than %d", maxPublications)
	}
	for _, p := range list {
		if publicationForms[p.Form] == nil {
			return nil, fmt.Errorf("publications: %s: form %q is unknown", p.Name, p.Form)
		}
		if p.Component == "" && (p.Form == "lines" || p.Form == "geofeed") {
			return nil, fmt.Errorf("publications: %s: it does not say what its ranges belong to", p.Name)
		}
	}
	return list, nil
}

// Fetch fetches publications, one after the other, and returns the ranges of those that
// could be had. The error names the others. One provider that is away must not cost the
// ranges of the others.
func Fetch(ctx context.Context, client *http.Client, list []Publication, now time.Time) (RangeFile, error) {
	file := RangeFile{AsOf: now.UTC().Format(time.RFC3339)}
	var failures []error
	for _, p := range list {
		groups, err := p.fetch(ctx, client)
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", p.Name, err))
			continue
		}
		for _, c := range slices.Sorted(maps.Keys(groups)) {
			file.Ranges = append(file.Ranges, RangeGroup{Component: c, Source: p.URL, Prefixes: groups[c]})
		}
	}
	return file, errors.Join(failures...)
}

// Keep takes over from an earlier file what could not be fetched this time. Old ranges
// are nearly right, and none at all would make a region vanish from the map.
func (f *RangeFile) Keep(earlier RangeFile) {
	have := map[string]bool{}
	for _, g := range f.Ranges {
		have[g.Source] = true
	}
	for _, g := range earlier.Ranges {
		if !have[g.Source] {
			f.Ranges = append(f.Ranges, g)
		}
	}
}

// rangeGroups are prefixes by component.
type rangeGroups map[faultline.Component][]netip.Prefix

// add enters one range; a name that makes no component, and a range that is none, are
// left out. Providers add names and forms over the years; one line of them must not
// cost the rest.
func (g rangeGroups) add(kind, name, prefix string) {
	c := faultline.NewComponent(kind, strings.ToLower(name))
	p, err := netip.ParsePrefix(strings.TrimSpace(prefix))
	if err != nil || checkComponent(c) != nil {
		return
	}
	g[c] = append(g[c], p.Masked())
}

// fetch reads what one provider publishes, grouped by component.
func (p Publication) fetch(ctx context.Context, client *http.Client) (rangeGroups, error) {
	get := func(url string) ([]byte, error) { return fetchBody(ctx, client, url) }
	body, err := get(p.URL)
	if err == nil && p.Form == "azure" {
		body, err = followAzure(body, get)
	}
	if err != nil {
		return nil, err
	}
	groups := rangeGroups{}
	if err := publicationForms[p.Form](p, body, groups); err != nil {
		return nil, err
	}
	if len(groups) == 0 {
		return nil, errors.New("has no ranges")
	}
	return groups, nil
}

// fetchBody reads one address, and refuses an answer that is not 200 or is too large.
func fetchBody(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPublication+1))
	if err == nil && len(body) > maxPublication {
		err = fmt.Errorf("%s is larger than %d bytes", url, maxPublication)
	}
	return body, err
}

// azureFile is the file of the week, to which the page of the download leads.
var azureFile = regexp.MustCompile(`https?://[a-zA-Z0-9.:-]+/[^"'\s<>]*ServiceTags_Public_[0-9]+\.json`)

// followAzure finds the file that the download page leads to: its address changes each week.
func followAzure(page []byte, get func(string) ([]byte, error)) ([]byte, error) {
	url := azureFile.Find(page)
	if url == nil {
		return nil, errors.New("the page leads to no file of service tags")
	}
	return get(string(url))
}

// publicationForms reads what owners publish, each in their own form.
var publicationForms = map[string]func(Publication, []byte, rangeGroups) error{
	"aws": readAWS, "gcp": readGCP, "azure": readAzure, "oracle": readOracle, "fastly": readFastly, "lines": readLines,
	"geofeed": readGeofeed,
}
