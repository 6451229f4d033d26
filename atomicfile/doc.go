// Package atomicfile replaces files so that whoever reads one finds the old content or the
// new one, never a part of it, also after a crash in the middle of writing.
//
// What belongs here: the order of writing, fsync and rename, which is easy to get wrong and
// was written in several places. What does not: what is in a file, who may write it
// ([faultline/lockfile]), and what is done about one that cannot be written.
//
// renameio and natefinch/atomic do the same, but the first one does not build on Windows,
// and neither waits until the directory is on disk. Without that a power failure may bring
// back the old file, although its replacement was acknowledged.
package atomicfile
