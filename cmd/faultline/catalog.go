package main

import (
	"maps"
	"slices"

	"faultline"
	"faultline/ingest/infra"
)

// loadCatalogue reads the built-in catalogue and lays those of the files over
// it, site by site, the later ones on top. The result is in order of site.
func loadCatalogue(files []string) ([]faultline.SiteRecord, error) {
	records, err := infra.Builtin()
	if err != nil {
		return nil, err
	}
	bySite := make(map[string]faultline.SiteRecord, len(records))
	put := func(records []faultline.SiteRecord) {
		for _, r := range records {
			bySite[r.Site] = r
		}
	}
	put(records)
	for _, name := range files {
		records, err := readFile("catalog", name, infra.Load)
		if err != nil {
			return nil, err
		}
		put(records)
	}
	sorted := make([]faultline.SiteRecord, 0, len(bySite))
	for _, site := range slices.Sorted(maps.Keys(bySite)) {
		sorted = append(sorted, bySite[site])
	}
	return sorted, nil
}
