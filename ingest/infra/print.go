package infra

import (
	"fmt"
	"io"
	"time"
)

// Print writes a line for each component that was found and one, indented, for each
// piece of evidence, then what the catalogues say of the site.
func Print(out io.Writer, catalog MergedCatalog, o Observation, found []Finding) {
	title := o.Site
	if name := catalog.Title(o.Site); name != "" {
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
	for i, fact := range catalog.Known(o.Site) {
		if i == 0 {
			fmt.Fprintln(out, "the catalogue says:")
		}
		note := ""
		if fact.Kind != "" {
			note = fmt.Sprintf("  [%s of %s, confidence %.2f]", fact.Kind, fact.Date, fact.Confidence)
		}
		fmt.Fprintf(out, "    %s%s\n", fact.Component, note)
	}
}
