package find

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Kind says what a thing is.
type Kind string

// The kinds of things.
const (
	Site      Kind = "site"
	Provider  Kind = "provider"
	Component Kind = "component"
)

// Thing is what may be meant.
type Thing struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`   // the site, the provider's slug, the component
	Name string `json:"name"` // as a person would write it
}

// Match is a thing with how well it fits what was asked for.
type Match struct {
	Thing
	// Exact says that the question names the thing, or one of its other names, to the
	// letter. Others begin with it, contain it, or are spelt nearly so.
	Exact bool `json:"exact"`
}

// How well a name fits, the best first.
const (
	fitExact = iota
	fitPrefix
	fitWord // a word of the name begins with what was asked for
	fitInfix
	fitSpelling
	fits
)

const (
	maxKeys     = 2 << 20 // names in an index
	maxFamiliar = 20_000  // names that are searched by infix and spelling
	maxPrefix   = 20_000  // names that one search looks at by how they begin
	freshKeys   = 1_024   // that may wait until they are sorted in
	minInfix    = 3       // letters
	minPart     = 3       // letters of words that are searched for by themselves
	maxWords    = 8       // of a question that are searched for by themselves
)

// name is one name of a thing.
type name struct {
	key   string
	thing int32
}

// Index finds things by their names. It is safe for concurrent use; the zero value is
// not usable, see [New].
type Index struct {
	mu       sync.RWMutex
	things   []Thing
	ranks    []int // beside things: 1 is the best known, 0 is not known at all
	byID     map[Thing]int32
	sorted   []name
	fresh    []name
	familiar []name // of things with a rank
}

// New returns an empty index.
func New() *Index { return &Index{byID: map[Thing]int32{}} }

// Put makes a thing found by its name and by others. Rank orders things that fit
// equally well: 1 is the best known, 0 has none. Names beyond the bound of the index
// are left out; putting a thing again adds names.
func (x *Index) Put(t Thing, rank int, names ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	id := Thing{Kind: t.Kind, ID: t.ID}
	at, known := x.byID[id]
	if !known {
		at = int32(len(x.things))
		x.things, x.ranks = append(x.things, t), append(x.ranks, rank)
		x.byID[id] = at
	}
	var keys []string
	for _, n := range append(names, t.Name, t.ID) {
		if key := bare(plain(n)); key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		x.add(name{key, at}, rank > 0)
	}
}

// add makes a thing findable by a name; the caller holds the lock. Familiar names are
// those that a slip of the finger may still find. New names wait unsorted until there
// are an eighth as many as sorted ones. To sort at each name would make a million names
// cost a million sorts.
func (x *Index) add(n name, familiar bool) {
	if len(x.sorted)+len(x.fresh) >= maxKeys || slices.Contains(x.fresh, n) || x.has(n) {
		return
	}
	x.fresh = append(x.fresh, n)
	if familiar && len(x.familiar) < maxFamiliar {
		x.familiar = append(x.familiar, n)
	}
	if len(x.fresh) > max(freshKeys, len(x.sorted)/8) {
		x.sorted = append(x.sorted, x.fresh...)
		x.fresh = nil
		slices.SortFunc(x.sorted, compareNames)
	}
}

// compareNames orders names, and things of one name.
func compareNames(a, b name) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.thing, b.thing))
}

// has reports whether a name is among the sorted ones.
func (x *Index) has(n name) bool {
	_, found := slices.BinarySearchFunc(x.sorted, n, compareNames)
	return found
}

// network reads "AS812", "as 812", "asn 812" and "812".
var network = regexp.MustCompile(`^(?:asn? ?)?([1-9][0-9]{0,9})$`)

// Find returns what a question may mean, the likeliest first and at most limit of
// them: what it names to the letter, then what begins with it, what contains it, and
// where nothing does, what is spelt nearly so, and last what some of its words name.
// Things that fit equally well are ordered by kind, a provider first, and by rank.
func (x *Index) Find(asked string, limit int) []Match {
	text := Question(asked)
	if text == "" || limit <= 0 {
		return nil
	}
	if m := network.FindStringSubmatch(text); m != nil {
		text = "as" + m[1]
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	best := map[int32]int{}
	offer := func(n name, fit int) {
		if old, seen := best[n.thing]; !seen || fit < old {
			best[n.thing] = fit
		}
	}
	x.byBeginning(text, offer)
	if len(text) >= minInfix {
		x.byContent(text, offer)
	}
	if len(best) == 0 {
		x.bySpelling(text, offer)
	}
	if len(best) == 0 {
		x.byParts(text, offer)
	}
	return x.ordered(best, limit)
}

// byBeginning offers the names that begin with a text. The sorted names are found by
// binary search and the fresh ones one by one. The bound keeps a search for one letter
// from walking all names.
func (x *Index) byBeginning(text string, offer func(name, int)) {
	fit := func(n name) int {
		if n.key == text {
			return fitExact
		}
		return fitPrefix
	}
	from, _ := slices.BinarySearchFunc(x.sorted, text,
		func(n name, text string) int { return cmp.Compare(n.key, text) })
	for i := from; i < len(x.sorted) && i-from < maxPrefix && strings.HasPrefix(x.sorted[i].key, text); i++ {
		offer(x.sorted[i], fit(x.sorted[i]))
	}
	for _, n := range x.fresh {
		if strings.HasPrefix(n.key, text) {
			offer(n, fit(n))
		}
	}
}

// byContent offers the familiar names that contain a text. Only familiar names are
// searched so, because it looks at each of them: with a million it would take too long
// for a search that runs while somebody types.
func (x *Index) byContent(text string, offer func(name, int)) {
	for _, n := range x.familiar {
		at := strings.Index(n.key, text)
		switch {
		case at < 0:
		case at > 0 && strings.IndexByte(" .-/:", n.key[at-1]) >= 0:
			offer(n, fitWord)
		case at > 0:
			offer(n, fitInfix)
		}
	}
}

// bySpelling offers the familiar names that are a slip or two of the finger away from a
// text. It runs only when nothing else fits, so that a correct name is never mixed with
// its neighbours.
func (x *Index) bySpelling(text string, offer func(name, int)) {
	slips := slipsIn(text)
	if slips == 0 {
		return
	}
	for _, n := range x.familiar {
		label, _, _ := strings.Cut(n.key, ".") // facebok means facebook.com
		if within(text, n.key, slips) || label != n.key && within(text, label, slips) {
			offer(n, fitSpelling)
		}
	}
}

// byParts offers what the longest run of words of a text names to the letter: "aws s3"
// may be about aws. It is offered as a name that is spelt nearly so, because the rest
// is not known. Longer runs come first, and the search stops at the first length that
// finds something.
func (x *Index) byParts(text string, offer func(name, int)) {
	words := strings.Fields(text)
	words = words[:min(len(words), maxWords)]
	for size := len(words) - 1; size > 0; size-- {
		found := false
		for from := 0; from+size <= len(words); from++ {
			part := strings.Join(words[from:from+size], " ")
			if len(part) < minPart || common[part] {
				continue
			}
			x.byBeginning(part, func(n name, fit int) {
				if fit == fitExact {
					offer(n, fitSpelling)
					found = true
				}
			})
		}
		if found {
			return
		}
	}
}

// common are words that stand in many questions and that are also names of things.
var common = map[string]bool{"the": true, "and": true, "for": true, "not": true, "app": true, "site": true,
	"website": true, "web": true, "page": true, "online": true, "login": true, "server": true, "internet": true,
	"api": true, "cloud": true, "com": true, "org": true, "net": true, "news": true, "mail": true, "now": true}

// ordered returns the best matches. The last word is the id's, so that one question has
// one answer on every node.
func (x *Index) ordered(best map[int32]int, limit int) []Match {
	found := make([]int32, 0, len(best))
	for at := range best {
		found = append(found, at)
	}
	slices.SortFunc(found, func(a, b int32) int {
		return cmp.Or(
			cmp.Compare(best[a], best[b]),
			cmp.Compare(kindOrder(x.things[a].Kind), kindOrder(x.things[b].Kind)),
			cmp.Compare(uint(x.ranks[a])-1, uint(x.ranks[b])-1), // rank 0 goes to the end
			cmp.Compare(x.things[a].ID, x.things[b].ID))
	})
	out := make([]Match, 0, min(limit, len(found)))
	for _, at := range found[:min(limit, len(found))] {
		out = append(out, Match{Thing: x.things[at], Exact: best[at] == fitExact})
	}
	return out
}

// kindOrder puts providers first, then sites, then components.
func kindOrder(k Kind) int { return slices.Index([]Kind{Provider, Site, Component}, k) }
