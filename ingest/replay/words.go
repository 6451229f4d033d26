package replay

import "github.com/cespare/xxhash/v2"

// maxWords bounds the words that are remembered; maxWordLen is the longest that is
// worth it, in bytes.
const (
	wordBits   = 14
	maxWords   = 1 << wordBits
	maxWordLen = 64
)

// words holds one copy of each of the few strings that lines repeat: vantages,
// symptoms, countries. To look up one of very many sites takes longer than to copy it. A word takes the place of
// another one with the same hash, so
// that a long file with many words costs time and not memory.
type words []string

// newWords returns an empty table of fixed size.
func newWords() words { return make(words, maxWords) }

// get is a string of these bytes. The same few words come on every line, and each is
// allocated once; one that takes another's place in the table only costs its allocation.
func (w words) get(b []byte) string {
	if len(b) > maxWordLen {
		return string(b)
	}
	at := &w[xxhash.Sum64(b)>>(64-wordBits)]
	if *at != string(b) { // no copy is made to compare
		*at = string(b)
	}
	return *at
}
