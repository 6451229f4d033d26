// Package dump writes what Faultline publishes as files for anybody: incidents with every
// revision, hours of each site, and the list of sites with what they depend on. A node
// writes the past day once a day and keeps the newest days; the same files come from the
// command line.
//
// What belongs here: which rows are written, which counts are withheld, in which forms, and
// which days are kept. What does not: reading the store, serving the files (api), and flags.
package dump
