package ingest

import (
	_ "embed"
	"errors"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

var (
	errMixed     = errors.New("mixes scripts within one word, or holds a sign that no name has")
	errLookalike = errors.New(
		"looks like a site that is known and is another one; if it is truly what you mean, its operator can have it " +
			"added to the catalogue")
)

//go:embed confusables.txt
var confusablesText string

// confusables says of a character which ASCII it looks like.
var confusables = sync.OnceValue(func() map[rune]string {
	m := map[rune]string{}
	for line := range strings.Lines(confusablesText) {
		code, skeletal, ok := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseUint(code, 16, 21)
		if ok && err == nil && code != "#" {
			m[rune(n)] = skeletal
		}
	}
	return m
})

// skeleton brings names that look alike to one form (UTS 39, section 4, as far
// as it leads to ASCII). It takes a host as it is looked up.
func skeleton(host string) string {
	shown := host
	if strings.Contains(host, "xn--") {
		if u, err := idna.ToUnicode(host); err == nil {
			shown = norm.NFD.String(u)
		}
	}
	var b strings.Builder
	b.Grow(len(shown) + 8)
	table := confusables()
	for _, r := range shown {
		if skeletal, ok := table[r]; ok {
			b.WriteString(skeletal)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// checkScripts refuses a host of which a label is not of a single script (UTS
// 39, section 5.1), or holds something that is no letter, mark or digit: IDNA's
// mapping lets U+2215, which looks like a slash, pass.
func checkScripts(host string) error {
	if !strings.Contains(host, "xn--") {
		return nil
	}
	shown, err := idna.ToUnicode(host)
	if err != nil {
		return errNotDomain
	}
	for label := range strings.SplitSeq(shown, ".") {
		if !singleScript(label) {
			return errMixed
		}
	}
	return nil
}

// sharedScripts are the scripts that one language writes side by side, each as a bit:
// Japanese, Chinese with Bopomofo, Korean.
var sharedScripts = []struct {
	table *unicode.RangeTable
	bits  uint8
}{
	{unicode.Han, 1 | 2 | 4},
	{unicode.Hiragana, 1}, {unicode.Katakana, 1},
	{unicode.Bopomofo, 2}, {unicode.Hangul, 4},
}

// singleScript reports whether all characters of a label can be of one script.
func singleScript(label string) bool {
	// All three bits are possible at first, and each letter takes away those that it does
	// not belong to.
	cjk, other := uint8(7), (*unicode.RangeTable)(nil)
	letters := false
	for _, r := range label {
		switch {
		case r == '-' || '0' <= r && r <= '9':
			continue
		case !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r):
			return false
		case unicode.In(r, unicode.Common, unicode.Inherited):
			continue
		}
		if bits := cjkBits(r); bits != 0 {
			if cjk &= bits; cjk == 0 || other != nil {
				return false
			}
			letters = true
			continue
		}
		// Letters of East Asia and of another script in one label are mixed. Latin
		// letters beside them are allowed by UTS 39 at a lower level than the one held
		// here.
		if letters || other != nil && !unicode.Is(other, r) {
			return false
		}
		if other == nil {
			other = scriptOf(r)
		}
	}
	return true
}

// cjkBits are the East Asian scripts that a letter belongs to; 0: none.
func cjkBits(r rune) uint8 {
	for _, s := range sharedScripts {
		if unicode.Is(s.table, r) {
			return s.bits
		}
	}
	return 0
}

// scriptOf returns the table of a character's script. A character has one.
func scriptOf(r rune) *unicode.RangeTable {
	for _, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return table
		}
	}
	return nil
}
