// Package dump writes what Faultline publishes as files for anybody: incidents with every
// revision, hours of each site, and the list of sites with what they depend on. The files
// are lines of JSON, compressed, with their schemas, checksums and licence.
//
// What belongs here: which rows are written and which counts are withheld. What does not:
// reading the store, and the command that writes the files.
package dump
