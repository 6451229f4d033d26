package redisd

import "io/fs"

// isOurs trusts no directory: whose it is can't be read from its mode here.
func isOurs(fs.FileInfo) bool { return false }
