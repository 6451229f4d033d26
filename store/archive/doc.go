// Package archive keeps incidents of long ago in files on the disks of all nodes, so that
// Redis need not hold every incident there ever was.
//
// A leader writes the oldest incidents into a file and proposes it. Every node copies the
// file, through Redis, since nodes share no disk and do not know each other's addresses.
// Once all nodes that were seen within a day hold it, one script takes the incidents out of
// Redis and adds the file to the list there. Until then they are in Redis, so that a crash
// at any moment loses nothing. A node that is new copies what it lacks; until it has it,
// it answers that an incident can't be read now, never that there is none.
//
// A file is a ZIP archive of JSON: index.json, and one file for each revision of each
// incident. Its name is its SHA-256.
//
// What belongs here: the files, and who reads incidents from where. What does not: the keys
// and scripts in Redis, which are those of package store.
package archive
