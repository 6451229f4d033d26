package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"faultline/ingest/infra"
)

// infraCmd groups the tools for what sites depend on. None of them needs Redis or a running
// server.
type infraCmd struct {
	Explain infraExplainCmd `cmd:"" help:"Check a site once and print what it depends on, with the evidence."`
	Refresh infraRefreshCmd `cmd:"" help:"Fetch the address ranges that clouds publish, so that a site's region is known."`
	Check   infraCheckCmd   `cmd:"" help:"Check the catalogue, the signatures, the providers and the list of status pages. Exit 0 if they are valid."`
}

// infraRefreshCmd fetches the address ranges that clouds publish, such as those of AWS by
// region. They change every few days: operators run this from cron, and a running serve reads
// the file at its next start.
type infraRefreshCmd struct {
	Publications string        `placeholder:"FILE" env:"FAULTLINE_PUBLICATIONS" help:"List of sources to fetch (JSON), instead of the built-in one."`
	Ranges       string        `placeholder:"FILE" type:"path" env:"FAULTLINE_RANGES" help:"File to write. By default ranges.json in the state directory, which serve reads at its start."`
	Timeout      time.Duration `default:"2m" env:"FAULTLINE_REFRESH_TIMEOUT" help:"Time limit for all sources, 1s to 1h."`
	stateFlags
}

// Help is the longer text of --help.
func (infraRefreshCmd) Help() string {
	return `What can't be fetched is named, the exit code is 1, and its ranges of the time before are kept.`
}

// AfterApply checks the time limit.
func (c infraRefreshCmd) AfterApply() error {
	return within("timeout", c.Timeout, time.Second, time.Hour)
}

// Run fetches all sources and saves what could be had. It fails only if nothing could: ranges of
// most clouds are better than none.
func (c infraRefreshCmd) Run(ctx context.Context, w world) error {
	list, err := infra.BuiltinPublications()
	if c.Publications != "" {
		list, err = readFile("publications", c.Publications, infra.ReadPublications)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	file, failed := infra.Fetch(ctx, &http.Client{}, list, time.Now())
	if len(file.Ranges) == 0 {
		return fmt.Errorf("fetch ranges: %w", failed)
	}
	name := rangesFile(c.Ranges, c.StateDir)
	if err := file.Save(name); err != nil {
		return usageError{fmt.Errorf("--ranges: %w", err)}
	}
	n := 0
	for _, g := range file.Ranges {
		n += len(g.Prefixes)
	}
	fmt.Fprintf(w.stdout, "%d ranges of %d components in %s\n", n, len(file.Ranges), name)
	if failed != nil {
		return fmt.Errorf("fetch ranges: %w", failed)
	}
	return nil
}

// infraCheckCmd reads all tables as serve does, and says how much is in each.
type infraCheckCmd struct {
	Catalog    []string `sep:"," placeholder:"FILE" env:"FAULTLINE_CATALOG" help:"Further catalogue of sites (JSON) to check, separated by commas."`
	Providers  []string `sep:"," placeholder:"FILE" env:"FAULTLINE_PROVIDERS" help:"Further table of providers (JSON) to check, separated by commas."`
	Statements []string `sep:"," placeholder:"FILE" env:"FAULTLINE_STATEMENTS" help:"Further list of status pages (JSON) to check, separated by commas."`
	infraFlags
	stateFlags
}

// Run ends at the first table that is wrong, with an error that names the file and the entry.
func (c infraCheckCmd) Run(w world) error {
	for _, check := range []func(io.Writer) error{c.catalogues, c.providers, c.signatures, c.statements} {
		if err := check(w.stdout); err != nil {
			return err
		}
	}
	return nil
}

// catalogues checks the catalogues of sites, and prints how many of the best known sites they
// cover.
func (c infraCheckCmd) catalogues(out io.Writer) error {
	list, err := readLayers("catalog", c.Catalog, infra.BuiltinCatalog, infra.Read)
	if err != nil {
		return err
	}
	for i, cat := range list {
		name := "built-in catalogue"
		if i > 0 {
			name = c.Catalog[i-1]
		}
		s := cat.Summary()
		fmt.Fprintf(out,
			"%s: %d sites, %d with components, %d with a country, %d with a status page, %d further hosts, %d "+
				"aliases\n",
			name, s.Sites, s.WithComponents, s.WithCountry, s.WithStatus, s.Hosts, s.Aliases)
		printCover(out, fmt.Sprintf("the %d best known", bestKnown), cat.BestKnown(bestKnown))
		printCover(out, "all sites", cat.Sites)
		printCover(out, "hosts that programs call", cat.Called())
	}
	return nil
}

// bestKnown is how many of the best known sites are counted apart. Coverage of these matters
// most, because most reports are about them.
const bestKnown = 500

// printCover says for how many sites a catalogue names a component, by kind. A site may have
// components of several kinds, so the shares of kinds do not add up.
func printCover(out io.Writer, name string, entries []infra.Entry) {
	c := infra.Cover(entries)
	if c.Sites == 0 {
		return
	}
	part := func(n int) string { return fmt.Sprintf("%d (%.0f %%)", n, 100*float64(n)/float64(c.Sites)) }
	kinds := make([]string, 0, len(infra.CoveredKinds))
	for _, kind := range infra.CoveredKinds {
		kinds = append(kinds, kind+" "+part(c.Kinds[kind]))
	}
	fmt.Fprintf(out, "  %s: %s of %d with a component: %s\n", name, part(c.Any), c.Sites, strings.Join(kinds, ", "))
}

// providers checks the tables of providers, and counts internet service providers apart, by
// country: where a country has none, no failure of an ISP there can be named.
func (c infraCheckCmd) providers(out io.Writer) error {
	list, err := loadProviders(c.Providers, infra.MergedCatalog{})
	if err != nil {
		return err
	}
	isps, countries := 0, map[string]bool{}
	for _, p := range list.All() {
		if p.ISP {
			isps++
			countries[p.Country] = true
		}
	}
	fmt.Fprintf(out, "providers: %d, and %d internet service providers in %d countries\n", len(list.All())-isps, isps,
		len(countries))
	return nil
}

// signatures checks the signatures with the address ranges, and counts them by kind of component.
func (c infraCheckCmd) signatures(out io.Writer) error {
	if _, err := c.matcher(infra.Sources{}, c.StateDir); err != nil {
		return err
	}
	table, err := c.table()
	if err != nil {
		return err
	}
	ranges, err := c.ranges(c.StateDir)
	if err != nil {
		return err
	}
	kinds := map[string]int{}
	for _, s := range table.List {
		kinds[s.Component.Kind()]++
	}
	fmt.Fprintf(out,
		"signatures: %d (cdn %d, cloud %d, dns %d, ca %d, pop %d), %d networks of their own, %d fetched ranges\n",
		len(table.List), kinds["cdn"], kinds["cloud"], kinds["dns"], kinds["ca"], kinds["pop"], len(table.Networks),
		ranges.Len())
	return nil
}

// statements checks the list of status pages, and counts them by form. No page is fetched.
func (c infraCheckCmd) statements(out io.Writer) error {
	sources, err := statementFlags{Statements: c.Statements, StatementsEvery: time.Minute}.load()
	if err != nil {
		return err
	}
	forms := map[string]int{}
	for _, s := range sources {
		forms[s.Form]++
	}
	said := make([]string, 0, len(forms))
	for _, form := range slices.Sorted(maps.Keys(forms)) {
		said = append(said, fmt.Sprintf("%s %d", form, forms[form]))
	}
	fmt.Fprintf(out, "status pages: %d (%s)\n", len(sources), strings.Join(said, ", "))
	return nil
}
