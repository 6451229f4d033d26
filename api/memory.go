package api

import (
	"slices"
	"sync"

	"faultline"
)

// entry is one incident at its last revision. What it renders never changes.
type entry struct {
	inc      faultline.Incident // all sites, or the first ones if not complete
	complete bool
	listed   []byte                // as lists, stream and its own answer carry it
	whole    func() (*page, error) // /revisions/{n}, rendered when first asked for
}

func newEntry(inc faultline.Incident, publicURL string) (*entry, error) {
	listed, err := render(inc.Listed())
	if err != nil {
		return nil, err
	}
	e := &entry{inc: inc, complete: len(inc.Sites) == inc.SitesTotal, listed: listed}
	e.whole = sync.OnceValues(func() (*page, error) { return revisionPage(e.inc, publicURL) })
	return e, nil
}

// shortened returns the entry without the sites that lists leave out.
func (e *entry) shortened() *entry {
	s := &entry{inc: e.inc.Listed(), complete: e.inc.SitesTotal <= faultline.ListedSites, listed: e.listed}
	s.inc.Sites = slices.Clone(s.inc.Sites) // lets go of the long array
	s.whole = e.whole                       // not asked of an entry that is not complete
	return s
}

// snapshot is all that a node knows at one moment. It never changes; the next
// one replaces it.
type snapshot struct {
	meta     Meta   // of what bodies say: it moves with a change, or every metaEvery
	metaBody []byte // the same, rendered
	live     Meta   // of the newest view
	asOf     []string
	view     faultline.View
	bySite   map[string]int // index into view.Sites
	wellAt   map[string]int // index into view.Well
	byID     map[string]*entry
	order    []*entry // newest onset first
	// floor is the place down to which order lacks nothing; zero: it has all there is.
	floor cursor

	pages *pageCache // depends on order and meta
	sites *pageCache // depends on view besides
}

// site returns how a site does, if anybody has said anything about it.
func (s *snapshot) site(name string) (faultline.SiteStatus, bool) {
	if i, ok := s.bySite[name]; ok {
		return s.view.Sites[i], true
	}
	if i, ok := s.wellAt[name]; ok {
		return faultline.SiteStatus{Site: name, State: faultline.SiteOK, Symptom: faultline.SymptomOK, Probes: s.view.Well[i].Probes}, true
	}
	return faultline.SiteStatus{}, false
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
// left to the source, in both cases the oldest first. It returns the order and down
// to where it lacks nothing, zero for all the way.
func arrange(entries map[string]*entry) (_ []*entry, floor cursor) {
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
		if kept = append(kept, e); len(kept) == maxIncidents {
			floor = cursorOf(&e.inc)
		}
	}
	return slices.Clip(kept), floor
}
