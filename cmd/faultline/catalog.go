package main

import "faultline/ingest/infra"

// loadBook reads the built-in catalogue and lays those of the files over it, the
// later ones on top.
func loadBook(files []string) (infra.Book, error) {
	builtin, err := infra.BuiltinCatalog()
	if err != nil {
		return infra.Book{}, err
	}
	all := []infra.Catalog{builtin}
	for _, name := range files {
		own, err := readFile("catalog", name, infra.Read)
		if err != nil {
			return infra.Book{}, err
		}
		all = append(all, own)
	}
	return infra.NewBook(all...), nil
}
