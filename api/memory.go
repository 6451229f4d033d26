package api

import (
	"slices"
	"sync"
	"time"

	"faultline"
)

// entry is one incident at its last revision. What it renders never changes.
type entry struct {
	inc      faultline.Incident // all sites, or the first ones if not complete
	complete bool
	listed   *page
	sites    func() (*page, error) // /sites, rendered when first asked for
	whole    func() (*page, error) // /revisions/{n}
}

func newEntry(inc faultline.Incident) (*entry, error) {
	listed, err := newPage(inc.Listed())
	if err != nil {
		return nil, err
	}
	e := &entry{inc: inc, complete: len(inc.Sites) == inc.SitesTotal, listed: listed}
	e.sites = sync.OnceValues(func() (*page, error) { return newPage(newIncidentSites(&e.inc)) })
	e.whole = sync.OnceValues(func() (*page, error) { return newPage(e.inc) })
	return e, nil
}

// shortened returns the entry without the sites that lists leave out.
func (e *entry) shortened() *entry {
	s := &entry{inc: e.inc.Listed(), complete: e.inc.SitesTotal <= faultline.ListedSites, listed: e.listed}
	s.inc.Sites = slices.Clone(s.inc.Sites) // lets go of the long array
	s.sites = sync.OnceValues(func() (*page, error) { return newPage(newIncidentSites(&s.inc)) })
	s.whole = sync.OnceValues(func() (*page, error) { return newPage(s.inc) })
	return s
}

// Meta says how old an answer is.
type Meta struct {
	AsOf  *time.Time `json:"as_of"` // of the newest view; null before the first
	Stale bool       `json:"stale"` // older than 15 seconds
}

// snapshot is all that a node knows at one moment. It never changes; the next
// one replaces it.
type snapshot struct {
	meta     Meta // of everything but lists
	listMeta Meta // at most metaEvery older
	view     faultline.View
	bySite   map[string]int // index into view.Sites
	byID     map[string]*entry
	order    []*entry // newest onset first

	summary *page
	lists   *pageCache // depends on order and listMeta
	sites   *pageCache // depends on view
}

// site returns how a site does, if anybody has said anything about it.
func (s *snapshot) site(name string) (faultline.SiteStatus, bool) {
	i, ok := s.bySite[name]
	if !ok {
		return faultline.SiteStatus{}, false
	}
	return s.view.Sites[i], true
}

// foremost returns the incident of those ids that a person would be told of:
// confirmed before recovering before candidate, then the newest onset.
func (s *snapshot) foremost(ids []string) *entry {
	rank := map[faultline.IncidentState]int{
		faultline.StateConfirmed: 3, faultline.StateRecovering: 2, faultline.StateCandidate: 1}
	var best *entry
	for _, id := range ids {
		e := s.byID[id]
		if e == nil || !e.inc.State.Open() {
			continue
		}
		if best == nil || rank[e.inc.State] > rank[best.inc.State] ||
			rank[e.inc.State] == rank[best.inc.State] && cursorOf(&e.inc).before(cursorOf(&best.inc)) {
			best = e
		}
	}
	return best
}

// arrange sorts entries newest onset first and keeps the memory bounded: closed
// incidents beyond maxIncidents are forgotten, sites beyond maxKeptSites are
// left to the source, in both cases the oldest first.
func arrange(entries map[string]*entry) []*entry {
	order := make([]*entry, 0, len(entries))
	for _, e := range entries {
		order = append(order, e)
	}
	slices.SortFunc(order, func(a, b *entry) int {
		if cursorOf(&a.inc).before(cursorOf(&b.inc)) {
			return -1
		}
		return 1
	})
	kept, sites := order[:0], 0
	for _, e := range order {
		if len(kept) >= maxIncidents && !e.inc.State.Open() {
			delete(entries, e.inc.ID)
			continue
		}
		if sites += len(e.inc.Sites); sites > maxKeptSites && len(e.inc.Sites) > faultline.ListedSites {
			e = e.shortened()
			entries[e.inc.ID] = e
		}
		kept = append(kept, e)
	}
	return slices.Clip(kept)
}

// maxCachedPages bounds the bytes of the pages that a snapshot renders on
// demand. Beyond it they are rendered for each request.
const maxCachedPages = 8 << 20

// pageCache keeps what was rendered on demand, for as long as its snapshot
// holds.
type pageCache struct {
	mu    sync.RWMutex
	pages map[string]*page
	bytes int
}

func newPageCache() *pageCache { return &pageCache{pages: map[string]*page{}} }

func (c *pageCache) get(key string, render func() (*page, error)) (*page, error) {
	c.mu.RLock()
	p := c.pages[key]
	c.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	p, err := render()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if size := len(p.body) + len(key); c.bytes+size <= maxCachedPages {
		c.pages[key] = p
		c.bytes += size
	}
	return p, nil
}
