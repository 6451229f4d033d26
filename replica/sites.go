package replica

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"

	"faultline"
)

// SiteMap is the list of sites and of what each depends on, as the fold last read it,
// for those that answer requests meanwhile. The engine bounds how many sites there
// are. It is safe for concurrent use.
type SiteMap struct {
	mu      sync.RWMutex
	records map[string]faultline.SiteRecord
	members map[faultline.Component]int
	version int // grows with every change
	// recalled are the sites that this node remembers from before its start, and that
	// the log has not spoken of since.
	recalled map[string]struct{}
	// added is called for every record that is put; nil: nothing is.
	added func(faultline.SiteRecord)
}

// NewSiteMap returns an empty list. added is called for every record that is put, by
// whoever puts it; nil: nothing is.
func NewSiteMap(added func(faultline.SiteRecord)) *SiteMap {
	return &SiteMap{records: map[string]faultline.SiteRecord{}, members: map[faultline.Component]int{},
		recalled: map[string]struct{}{}, added: added}
}

// Put replaces the record of its site.
func (s *SiteMap) Put(r faultline.SiteRecord) { s.put(r, false) }

// Recall takes a record that this node wrote down before its start. It is good
// until the log speaks of the site, and never written down again without.
func (s *SiteMap) Recall(r faultline.SiteRecord) { s.put(r, true) }

// put replaces a record and counts its components again. added is called outside of the
// lock, because it may ask for records itself.
func (s *SiteMap) put(r faultline.SiteRecord, recalled bool) {
	s.mu.Lock()
	if delete(s.recalled, r.Site); recalled {
		s.recalled[r.Site] = struct{}{}
	}
	for _, c := range s.records[r.Site].Components {
		if s.members[c]--; s.members[c] == 0 {
			delete(s.members, c)
		}
	}
	for _, c := range r.Components {
		s.members[c]++
	}
	s.records[r.Site] = r
	s.version++
	s.mu.Unlock()
	if s.added != nil {
		s.added(r)
	}
}

// Lookup returns the record of a site.
func (s *SiteMap) Lookup(site string) (faultline.SiteRecord, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.records[site]
	return r, ok
}

// Members counts the sites of the map that depend on a component.
func (s *SiteMap) Members(c faultline.Component) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.members[c]
}

// Version grows whenever a record was put.
func (s *SiteMap) Version() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.version
}

// Records are those that the log has confirmed, and not those that are only recalled from
// this node's disk. The lock is held for one record at a time, so that a reader that is
// slow, such as one that writes to disk, does not hold up the fold. Each record is as it is
// when its turn comes.
func (s *SiteMap) Records() iter.Seq[faultline.SiteRecord] {
	return func(yield func(faultline.SiteRecord) bool) {
		s.mu.RLock()
		names := slices.Collect(maps.Keys(s.records))
		s.mu.RUnlock()
		for _, name := range names {
			s.mu.RLock()
			_, recalled := s.recalled[name]
			r := s.records[name]
			s.mu.RUnlock()
			if !recalled && !yield(r) {
				return
			}
		}
	}
}

// Sorted returns every record in order of site.
func (s *SiteMap) Sorted() []faultline.SiteRecord {
	s.mu.RLock()
	all := slices.Collect(maps.Values(s.records))
	s.mu.RUnlock()
	slices.SortFunc(all, func(a, b faultline.SiteRecord) int { return cmp.Compare(a.Site, b.Site) })
	return all
}

// Dependents names the sites of the map that depend on a component, the best known
// first, at most limit.
func (s *SiteMap) Dependents(c faultline.Component, limit int) []string {
	s.mu.RLock()
	var on []faultline.SiteRecord
	for _, r := range s.records {
		if slices.Contains(r.Components, c) {
			on = append(on, r)
		}
	}
	s.mu.RUnlock()
	slices.SortFunc(on, func(a, b faultline.SiteRecord) int {
		return cmp.Or(cmp.Compare(unknownLast(a.Rank), unknownLast(b.Rank)), cmp.Compare(a.Site, b.Site))
	})
	names := make([]string, 0, min(len(on), limit))
	for _, r := range on[:min(len(on), limit)] {
		names = append(names, r.Site)
	}
	return names
}

// unknownLast is a rank to sort by: 0, which is not known, comes behind all others.
func unknownLast(rank int) int {
	if rank == 0 {
		return math.MaxInt
	}
	return rank
}
