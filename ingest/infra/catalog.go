package infra

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"faultline"
)

// Bounds of a catalogue. An operator's own file may be a mistake, such as a whole
// database dump; it must be refused by name and not fill the memory.
const (
	maxCatalogBytes    = 64 << 20
	maxSites           = 1 << 20
	maxComponents      = 32 // of one site
	maxOtherNames      = 32 // hosts of one site, and aliases
	maxNamedComplaints = 20 // in one error
)

//go:embed catalog.json
var builtin []byte

// Catalog is a list of sites with what they depend on and how that is known.
type Catalog struct {
	Schema  string                `json:"$schema"` // for editors; not read
	AsOf    string                `json:"as_of"`   // the day up to which it was compiled, 2006-01-02
	About   []string              `json:"about"`   // remarks for people
	Sources map[string]Provenance `json:"sources"` // what the entries' sources mean
	Sites   []Entry               `json:"-"`       // in the order of the file
}

// Entry is one site of a [Catalog]. What is not known for certain is left out:
// observation fills it in, and a wrong fact would blame the wrong provider until then.
type Entry struct {
	Site     string   `json:"site"` // as ingest normalises it: bbc.co.uk, www.gov.uk
	Name     string   `json:"name"` // as a person would write it
	Rank     int      `json:"rank"` // coarse popularity, 1 or more, each once
	Category string   `json:"category"`
	API      bool     `json:"api"` // programs call it, see [faultline.APIHost]
	Owner    string   `json:"owner"`
	Country  string   `json:"country"` // where the service is at home, ISO 3166-1 alpha-2
	Aliases  []string `json:"aliases"` // what people type for it, in lower case: fb
	// other names that lead to it, as ingest normalises them: youtu.be
	Hosts      []string              `json:"hosts"`
	Status     string                `json:"status"` // its public status page
	Components []faultline.Component `json:"components"`
	Sources    []string              `json:"sources"` // keys of the catalogue's sources
	// Facts are components with the key of the source of each. A catalogue that is read has
	// them among Components and Sources too.
	Facts map[faultline.Component]string `json:"facts"`
}

// Builtin returns the catalogue that Faultline ships, as [Load] would.
func Builtin() ([]faultline.SiteRecord, error) {
	records, err := Load(bytes.NewReader(builtin))
	if err != nil {
		return nil, fmt.Errorf("built-in %w", err)
	}
	return records, nil
}

// BuiltinCatalog returns the catalogue that Faultline ships, as [Read] would.
func BuiltinCatalog() (Catalog, error) {
	c, err := Read(bytes.NewReader(builtin))
	if err != nil {
		return Catalog{}, fmt.Errorf("built-in %w", err)
	}
	return c, nil
}

// Load reads a catalogue and returns a record for each site, sorted by site. It
// takes all or nothing; see [Read] for what it refuses.
func Load(r io.Reader) ([]faultline.SiteRecord, error) {
	c, err := Read(r)
	if err != nil {
		return nil, err
	}
	return c.Records(), nil
}

// Read reads a catalogue, one JSON document of the shape of
// catalog.schema.json. Unknown and repeated members, sites that are not
// normalised, sites, hosts, aliases and ranks that stand twice, components that are
// not canonical and sources that nobody explains are refused, each by the name of
// its entry.
func Read(r io.Reader) (Catalog, error) {
	var file struct {
		Catalog
		Entries []jsontext.Value `json:"sites"`
	}
	limited := &io.LimitedReader{R: r, N: maxCatalogBytes + 1}
	err := json.UnmarshalRead(limited, &file, json.RejectUnknownMembers(true))
	switch {
	case limited.N <= 0:
		return Catalog{}, fmt.Errorf("catalogue: larger than %d bytes", maxCatalogBytes)
	case err != nil:
		return Catalog{}, fmt.Errorf("catalogue: %w", err)
	case len(file.Entries) == 0:
		return Catalog{}, errors.New("catalogue: it has no sites")
	case len(file.Entries) > maxSites:
		return Catalog{}, fmt.Errorf("catalogue: more than %d sites", maxSites)
	}
	c := file.Catalog
	for _, key := range slices.Sorted(maps.Keys(c.Sources)) {
		if err := c.Sources[key].check(); err != nil {
			return Catalog{}, fmt.Errorf("catalogue: source %q: %w", key, err)
		}
	}
	if err := c.readEntries(file.Entries); err != nil {
		return Catalog{}, fmt.Errorf("catalogue: %w", err)
	}
	return c, nil
}

// readEntries decodes and checks the entries. It goes on after a bad one, so that
// whoever wrote the file sees all of them at once. At most maxNamedComplaints are
// named.
func (c *Catalog) readEntries(raw []jsontext.Value) error {
	var complaints []error
	seen := newSeen(len(raw))
	for i, value := range raw {
		var e Entry
		err := json.Unmarshal(value, &e, json.RejectUnknownMembers(true))
		if err == nil {
			err = errors.Join(e.check(c.Sources), e.checkFacts(c.Sources), seen.add(e))
		}
		if err != nil && len(complaints) < maxNamedComplaints {
			complaints = append(complaints, fmt.Errorf("entry %d (%q): %w", i+1, e.Site, err))
		}
		e.takeFacts()
		c.Sites = append(c.Sites, e)
	}
	return errors.Join(append(complaints, seen.hidden())...)
}

// Records returns a record for each site, sorted by site, its components sorted and
// with the site's top-level domain among them. They are what the leader appends to the
// log at its first start.
func (c Catalog) Records() []faultline.SiteRecord {
	records := make([]faultline.SiteRecord, 0, len(c.Sites))
	for _, e := range c.Sites {
		records = append(records, e.Record())
	}
	slices.SortFunc(records, func(a, b faultline.SiteRecord) int { return strings.Compare(a.Site, b.Site) })
	return records
}

// Record is what an entry says of its site. Name, aliases and status page are not in
// it: they are for readers, and the fold needs none of them.
func (e Entry) Record() faultline.SiteRecord {
	components := append(slices.Clone(e.Components), tld(e.Site))
	slices.Sort(components)
	return faultline.SiteRecord{Site: e.Site, Rank: e.Rank, Components: components, Source: faultline.SourceCatalog,
		Owner: e.Owner}
}

// Summary counts what a catalogue has.
type Summary struct {
	Sites, WithComponents, WithCountry, WithStatus, Hosts, Aliases int
}

// Summary counts what the catalogue has.
func (c Catalog) Summary() Summary {
	s := Summary{Sites: len(c.Sites)}
	for _, e := range c.Sites {
		s.WithComponents += min(1, len(e.Components))
		s.WithCountry += min(1, len(e.Country))
		s.WithStatus += min(1, len(e.Status))
		s.Hosts += len(e.Hosts)
		s.Aliases += len(e.Aliases)
	}
	return s
}

// tld is the top-level domain that a site depends on: its last label, whatever
// the public suffixes below it are.
func tld(site string) faultline.Component {
	return faultline.NewComponent(faultline.KindTLD, site[strings.LastIndexByte(site, '.')+1:])
}
