package atomicfile

// SyncDir does nothing: Windows has no way to synchronise a directory, and NTFS keeps names
// in its journal.
func SyncDir(string) error { return nil }
