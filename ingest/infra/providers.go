package infra

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"faultline"
)

// Bounds of a table of providers.
const (
	maxProviderBytes    = 8 << 20
	maxProviders        = 1 << 14
	maxProviderPatterns = 32
	maxProviderNetworks = 64
)

//go:embed providers.json
var builtinProviders []byte

// ProviderTable is a table of providers as it is written. Providers are who runs what;
// which component is whose is not guessed from names. Internet service providers are
// apart, because nothing depends on them: they are how viewers reach sites.
type ProviderTable struct {
	Schema    string          `json:"$schema"` // for editors; not read
	About     []string        `json:"about"`   // remarks for people
	Providers []ProviderEntry `json:"providers"`
	ISPs      []ProviderEntry `json:"isps"` // internet service providers, each with its country
}

// ProviderEntry is one provider of a [ProviderTable]. A component may end in /*, for
// all regions of a cloud.
type ProviderEntry struct {
	Slug       string   `json:"slug"`
	Name       string   `json:"name"`
	Owner      string   `json:"owner"` // as the catalogue writes owners
	Aliases    []string `json:"aliases"`
	Components []string `json:"components"`
	Networks   []uint32 `json:"networks"`
	Sites      []string `json:"sites"` // beside those of the owner
	Country    string   `json:"country"`
	Status     string   `json:"status"`
}

var (
	slugForm      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	componentForm = regexp.MustCompile(`^(cdn|cloud|dns|ca|pop):[a-z0-9][a-z0-9./-]*(/\*)?$`)
)

// BuiltinProviders returns the table that Faultline ships.
func BuiltinProviders() (ProviderTable, error) {
	t, err := ReadProviders(bytes.NewReader(builtinProviders))
	if err != nil {
		return ProviderTable{}, fmt.Errorf("built-in %w", err)
	}
	return t, nil
}

// FoldProviders is what the engine is to know of providers: the built-in table without
// anybody's additions, so that whoever folds the same log comes to the same incidents.
func FoldProviders() (*faultline.Providers, error) {
	t, err := BuiltinProviders()
	if err != nil {
		return nil, err
	}
	return faultline.NewProviders(t.List(nil)), nil
}

// ReadProviders reads a table, one JSON document of the shape of
// providers.schema.json. Unknown members, entries that are not well formed, and a
// slug, a word, a component or a network that two entries claim are refused, each by
// the slug of its entry.
func ReadProviders(r io.Reader) (ProviderTable, error) {
	var t ProviderTable
	limited := &io.LimitedReader{R: r, N: maxProviderBytes + 1}
	err := json.UnmarshalRead(limited, &t, json.RejectUnknownMembers(true))
	switch {
	case limited.N <= 0:
		return ProviderTable{}, fmt.Errorf("providers: larger than %d bytes", maxProviderBytes)
	case err != nil:
		return ProviderTable{}, fmt.Errorf("providers: %w", err)
	case len(t.Providers)+len(t.ISPs) > maxProviders:
		return ProviderTable{}, fmt.Errorf("providers: more than %d", maxProviders)
	}
	if err := t.check(); err != nil {
		return ProviderTable{}, fmt.Errorf("providers: %w", err)
	}
	return t, nil
}

// Over returns the table with the entries of another one laid over it: an entry of the
// same slug is replaced whole. An operator who corrects an entry therefore writes all
// of it. To merge members would leave no way to take one out.
func (t ProviderTable) Over(other ProviderTable) (ProviderTable, error) {
	merged := ProviderTable{
		Providers: layOver(t.Providers, other.Providers, other.ISPs),
		ISPs:      layOver(t.ISPs, other.ISPs, other.Providers),
	}
	if err := merged.check(); err != nil {
		return ProviderTable{}, fmt.Errorf("providers: %w", err)
	}
	return merged, nil
}

// layOver puts entries in the place of those of the same slug, and takes out those
// that stand in the other list now.
func layOver(below, above, moved []ProviderEntry) []ProviderEntry {
	out := slices.Clone(above)
	for _, e := range below {
		same := func(o ProviderEntry) bool { return o.Slug == e.Slug }
		if !slices.ContainsFunc(above, same) && !slices.ContainsFunc(moved, same) {
			out = append(out, e)
		}
	}
	return out
}

// check says everything that is wrong with a table. A word that two entries claim would
// lead readers to either by chance.
func (t ProviderTable) check() error {
	var complaints []error
	claimed := map[string]string{} // what an entry claims → its slug
	for i, e := range slices.Concat(t.Providers, t.ISPs) {
		problem := e.check()
		if i >= len(t.Providers) && (e.Country == "" || len(e.Networks) == 0) {
			problem = errors.Join(problem, errors.New("an internet service provider needs a country and a network"))
		}
		for _, claim := range e.claims() {
			if other, taken := claimed[claim]; taken {
				problem = errors.Join(problem, fmt.Errorf("%s is claimed by %s already", claim, other))
			}
			claimed[claim] = e.Slug
		}
		if problem != nil && len(complaints) < maxNamedComplaints {
			complaints = append(complaints, fmt.Errorf("entry %d (%q): %w", i+1, e.Slug, problem))
		}
	}
	return errors.Join(complaints...)
}

// check says what is wrong with an entry on its own.
func (e ProviderEntry) check() error {
	var problems []error
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !slugForm.MatchString(e.Slug) || len(e.Slug) > maxAlias {
		refuse("slug %q is not words in lower case joined by hyphens", e.Slug)
	}
	if e.Name == "" || strings.TrimSpace(e.Name) != e.Name {
		refuse("name %q is empty or has spaces around it", e.Name)
	}
	if len(e.Aliases) > maxOtherNames || len(e.Components) > maxProviderPatterns ||
		len(e.Networks) > maxProviderNetworks {
		refuse("more than %d aliases, %d components or %d networks", maxOtherNames, maxProviderPatterns,
			maxProviderNetworks)
	}
	for _, a := range e.Aliases {
		if len(a) > maxAlias || !alias.MatchString(a) {
			refuse("alias %q is not words in lower case", a)
		}
	}
	for _, c := range e.Components {
		if !componentForm.MatchString(c) {
			refuse("component %q is not one, nor a pattern such as cloud:aws/*", c)
		}
	}
	if slices.Contains(e.Networks, 0) {
		refuse("network 0 is reserved (RFC 7607)")
	}
	for _, s := range e.Sites {
		if err := checkSite(s); err != nil {
			refuse("site %q: %w", s, err)
		}
	}
	if e.Country != "" && !country.MatchString(e.Country) {
		refuse("country %q is not two capital letters", e.Country)
	}
	if e.Status != "" && !status.MatchString(e.Status) {
		refuse("status %q is not the https address of a page", e.Status)
	}
	return errors.Join(problems...)
}

// claims are what only one entry may have. A network that two providers claim would
// make its failures somebody else's by chance.
func (e ProviderEntry) claims() []string {
	words := []string{strings.ToLower(e.Name)}
	for _, a := range append(slices.Clone(e.Aliases), e.Slug) {
		if !slices.Contains(words, a) {
			words = append(words, a)
		}
	}
	for i := range words {
		words[i] = fmt.Sprintf("the word %q", words[i])
	}
	for _, c := range e.Components {
		words = append(words, "component "+c)
	}
	for _, asn := range e.Networks {
		words = append(words, fmt.Sprintf("AS%d", asn))
	}
	return words
}

// List returns the providers of a table, with the sites that their owners run by the
// catalogues' word.
func (t ProviderTable) List(sites []Entry) []faultline.Provider {
	owned := map[string][]string{}
	for _, s := range sites {
		if s.Owner != "" {
			owned[s.Owner] = append(owned[s.Owner], s.Site)
		}
	}
	list := make([]faultline.Provider, 0, len(t.Providers)+len(t.ISPs))
	for i, e := range slices.Concat(t.Providers, t.ISPs) {
		own := slices.Concat(e.Sites, owned[e.Owner])
		slices.Sort(own)
		list = append(list, faultline.Provider{Slug: e.Slug, Name: e.Name, Owner: e.Owner,
			Aliases: e.Aliases, Components: e.Components,
			Networks: e.Networks, Sites: slices.Compact(own), ISP: i >= len(t.Providers), Country: e.Country,
			Status: e.Status})
	}
	return list
}

// Claim adds to records what the owners of their sites run, where providers say more of
// that than the built-in table: the fold knows the built-in table alone, and must come to
// the same incidents wherever the log is replayed.
func Claim(records []faultline.SiteRecord, providers *faultline.Providers) error {
	builtin, err := FoldProviders()
	if err != nil {
		return err
	}
	for i := range records {
		r := &records[i]
		for _, p := range providers.Running(r.Site) {
			same, known := builtin.Slug(p.Slug)
			if known && p.Owner == r.Owner && p.Owner == same.Owner && slices.Equal(p.All(), same.All()) {
				continue
			}
			r.Runs = append(r.Runs, p.All()...)
		}
		r.Runs = r.Runs[:min(len(r.Runs), faultline.MaxRuns)]
	}
	return nil
}
