package ingest

import (
	"fmt"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"
)

// PlacesBuilt says when an address database was made, by its own metadata.
func PlacesBuilt(file string) (time.Time, error) {
	reader, err := maxminddb.Open(file)
	if err != nil {
		return time.Time{}, fmt.Errorf("address database %s: %w", file, err)
	}
	defer reader.Close()
	return time.Unix(int64(reader.Metadata.BuildEpoch), 0).UTC(), nil
}
