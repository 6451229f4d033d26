package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"faultline/ingest"
	"faultline/ingest/infra"
)

type infraExplainCmd struct {
	Site      string        `arg:"" help:"The site, as a person would name it, such as ft.com."`
	Resolver  string        `placeholder:"HOST:PORT" env:"FAULTLINE_RESOLVER" help:"Name server that is asked; without it the system's first."`
	AddressDB []string      `name:"address-db" sep:"," placeholder:"FILE" env:"FAULTLINE_ADDRESS_DB" help:"Databases (MMDB) that say which network an address is of; the first that knows any is used."`
	Catalog   []string      `sep:"," placeholder:"FILE" env:"FAULTLINE_CATALOG" help:"Catalogue of sites (JSON) that is laid over the built-in one; several with commas."`
	Timeout   time.Duration `default:"15s" env:"FAULTLINE_EXPLAIN_TIMEOUT" help:"How long the look may take, 1s to 5m."`
	infraFlags
	stateFlags
}

func (c infraExplainCmd) AfterApply() error {
	return within("timeout", c.Timeout, time.Second, 5*time.Minute)
}

func (c infraExplainCmd) Run(ctx context.Context, w world) error {
	book, err := loadBook(c.Catalog)
	if err != nil {
		return err
	}
	from := infra.Sources{Owner: book.Owner}
	networks, err := openNetworks(c.AddressDB)
	if err != nil {
		return err
	}
	if networks != nil {
		defer networks.Close()
		from.Networks = networks
	}
	matcher, err := c.matcher(from, c.StateDir)
	if err != nil {
		return err
	}
	site, err := namesOf(book).Normalise(c.Site)
	if err != nil {
		return usageError{fmt.Errorf("%s %w", c.Site, err)}
	}
	looker, err := newLooker(c.Resolver)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	o, failed := looker.look(ctx, site)
	o.Site, o.At = site, time.Now()
	printFindings(w.stdout, book, o, matcher.Infer(o))
	return failed
}

// namesOf knows the sites of the catalogues by all that they are called.
func namesOf(book infra.Book) *ingest.Names {
	names := ingest.NewNames(book.Sites()...)
	book.Teach(names)
	return names
}

// openNetworks opens the first database that tells networks; those of countries
// alone are for others.
func openNetworks(files []string) (*infra.MMDB, error) {
	var last error
	for _, name := range files {
		db, err := infra.OpenMMDB(name)
		if err == nil {
			return db, nil
		}
		last = err
	}
	if last != nil {
		return nil, usageError{fmt.Errorf("--address-db: %w", last)}
	}
	return nil, nil
}

// printFindings prints a line for each component and one, indented, for each piece
// of evidence.
func printFindings(out io.Writer, book infra.Book, o infra.Observation, found []infra.Finding) {
	title := o.Site
	if name := book.Title(o.Site); name != "" {
		title += " (" + name + ")"
	}
	fmt.Fprintf(out, "%s, seen %s\n", title, o.At.UTC().Format(time.RFC3339))
	for _, f := range found {
		note := ""
		if f.Share < 1 {
			note = fmt.Sprintf(", %.0f %% of it", 100*f.Share)
		}
		if f.Own {
			note += ", the site's own"
		}
		fmt.Fprintf(out, "%s%s\n", f.Component, note)
		for _, e := range f.Evidence {
			fmt.Fprintf(out, "    %-7s %s  [%s]\n", e.By, e.Saw, e.Rule)
		}
	}
	if believed := book.Record(o.Site); len(believed.Components) > 0 {
		words := make([]string, len(believed.Components))
		for i, c := range believed.Components {
			words[i] = string(c)
		}
		fmt.Fprintf(out, "the catalogue says: %s\n", strings.Join(words, " "))
	}
}
