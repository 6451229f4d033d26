package replay

// maxWords bounds the words that are remembered; maxWordLen is the longest that
// is worth it.
const (
	maxWords   = 1 << 17
	maxWordLen = 64
)

// words holds one copy of each string that lines repeat: sites, vantages,
// symptoms, countries. When it is full it begins anew, so that a long file with
// many words costs time and not memory.
type words map[string]string

func (w *words) get(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := (*w)[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(s) > maxWordLen {
		return s
	}
	if len(*w) >= maxWords {
		clear(*w)
	}
	(*w)[s] = s
	return s
}
