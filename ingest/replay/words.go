package replay

import "github.com/cespare/xxhash/v2"

// maxWords bounds the words that are remembered; maxWordLen is the longest that
// is worth it.
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

func newWords() words { return make(words, maxWords) }

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
