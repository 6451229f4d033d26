package infra

// OpenNetworks opens the first database that says which network an address is of; those
// of countries alone are for others. No files are no error: nil is returned.
func OpenNetworks(files []string) (*MMDB, error) {
	var last error
	for _, name := range files {
		db, err := OpenMMDB(name)
		if err == nil {
			return db, nil
		}
		last = err
	}
	if last != nil {
		return nil, last
	}
	return nil, nil
}
