package board

import (
	"slices"
	"sync"
	"time"

	"faultline"
	"faultline/board/page"
	"faultline/trace"
)

// pageBounds are those of the pages that are rendered on demand of one snapshot.
var pageBounds = page.Bounds{Bytes: 16 << 20, Pages: 4_096}

// Entry is one incident at its last revision. It never changes.
type Entry struct {
	Incident faultline.Incident // all sites, or the first ones if not complete
	Complete bool
	Listed   []byte // rendered, as lists and streams carry it

	once     sync.Once
	revision *page.Page
	err      error
}

// newEntry renders an incident as lists and streams carry it. It fails for values that JSON
// can't hold.
func newEntry(inc faultline.Incident) (*Entry, error) {
	listed, err := page.Render(inc.Listed())
	if err != nil {
		return nil, err
	}
	return &Entry{Incident: inc, Complete: len(inc.Sites) == inc.SitesTotal, Listed: listed}, nil
}

// Revision returns the page of this revision, which render makes when it is first
// asked for.
func (e *Entry) Revision(render func(faultline.Incident) (*page.Page, error)) (*page.Page, error) {
	e.once.Do(func() { e.revision, e.err = render(e.Incident) })
	return e.revision, e.err
}

// shortened returns the entry without the sites that lists leave out.
func (e *Entry) shortened() *Entry {
	s := &Entry{
		Incident: e.Incident.Listed(),
		Complete: e.Incident.SitesTotal <= faultline.ListedSites,
		Listed:   e.Listed,
	}
	s.Incident.Sites = slices.Clone(s.Incident.Sites) // lets go of the long array
	s.Incident.Timeline = e.Incident.Timeline
	return s
}

// Snapshot is all that a node knows at one moment. It never changes; the next
// one replaces it. What it holds may not be written to.
type Snapshot struct {
	Meta     Meta     // of what bodies say: it moves with a change, or every 10 s
	MetaBody []byte   // the same, rendered
	Live     Meta     // of the newest view
	AsOf     []string // when Live was true (RFC 3339), as the value of a header field; nil: never
	View     faultline.View
	Order    []*Entry // newest onset first

	Pages *page.Cache // of what depends on Order and Meta
	Sites *page.Cache // of what depends on View besides

	providers *faultline.Providers
	past      bool // see [Board.Past]
	trace     trace.Context

	tallyOnce sync.Once
	tallies   map[faultline.Component]Tally // see Tallies

	uses      *Index // what pages use; nil: nothing is known
	partsOnce sync.Once
	parts     parts // see findParts

	bySite map[string]int // index into View.Sites
	wellAt map[string]int // index into View.Well
	byID   map[string]*Entry
	// floor is the place down to which Order lacks nothing; zero: it has all there is.
	floor Cursor
}

// Coverage is what can be said at all just now.
func (s *Snapshot) Coverage() faultline.Coverage {
	if s.Live.Coverage == nil {
		return faultline.Coverage{State: faultline.Blind}
	}
	return *s.Live.Coverage
}

// Blind reports whether nothing can be said of now: then nothing may be called well.
func (s *Snapshot) Blind() bool { return s.Coverage().State == faultline.Blind }

// Entry returns an incident that is held, or nil.
func (s *Snapshot) Entry(id string) *Entry { return s.byID[id] }

// Listed reports whether the view names a site as one with a report or a failed
// probe.
func (s *Snapshot) Listed(site string) bool { _, ok := s.bySite[site]; return ok }

// Now is the time of what is known, at which a reader's span ends: answers then
// change as often as that does and no more.
func (s *Snapshot) Now(b *Board) time.Time {
	if s.Meta.AsOf != nil {
		return s.Meta.AsOf.Add(time.Millisecond)
	}
	return b.cfg.Now()
}

// Status is how a site does, with what the map says of it.
func (s *Snapshot) Status(record faultline.SiteRecord) faultline.SiteStatus {
	status, ok := s.Site(record.Site)
	if !ok {
		status = faultline.SiteStatus{Site: record.Site, State: faultline.SiteUnknown}
	}
	if status.Rank == 0 {
		status.Rank = record.Rank
	}
	if len(status.Components) == 0 {
		status.Components = record.Components
	}
	if len(s.PartsOf(record.Site)) > 0 {
		status.State = faultline.SiteDegraded
	}
	return status
}

// Site returns how a site does, if there were reports or probes of it lately.
func (s *Snapshot) Site(name string) (faultline.SiteStatus, bool) {
	if i, ok := s.bySite[name]; ok {
		return s.View.Sites[i], true
	}
	if i, ok := s.wellAt[name]; ok {
		return faultline.SiteStatus{
			Site:    name,
			State:   faultline.SiteOK,
			Symptom: faultline.SymptomOK,
			Probes:  s.View.Well[i].Probes,
		}, true
	}
	return faultline.SiteStatus{}, false
}

// Foremost returns the incident of those ids that is shown to a person: confirmed before recovering
// before candidate, then the newest onset.
func (s *Snapshot) Foremost(ids []string) *Entry {
	rank := map[faultline.IncidentState]int{
		faultline.StateConfirmed: 3, faultline.StateRecovering: 2, faultline.StateCandidate: 1}
	var best *Entry
	for _, id := range ids {
		e := s.byID[id]
		if e == nil || !e.Incident.State.Open() {
			continue
		}
		if best == nil || rank[e.Incident.State] > rank[best.Incident.State] ||
			rank[e.Incident.State] == rank[best.Incident.State] &&
				CursorOf(&e.Incident).before(CursorOf(&best.Incident)) {
			best = e
		}
	}
	return best
}

// arrange sorts entries newest onset first and keeps the memory bounded: closed
// incidents beyond MaxIncidents are forgotten, sites beyond maxKeptSites are
// left to the source, in both cases the oldest first. It returns the order and down
// to where it lacks nothing, zero for all the way.
func arrange(entries map[string]*Entry) (_ []*Entry, floor Cursor) {
	order := make([]*Entry, 0, len(entries))
	for _, e := range entries {
		order = append(order, e)
	}
	slices.SortFunc(order, func(a, b *Entry) int {
		if CursorOf(&a.Incident).before(CursorOf(&b.Incident)) {
			return -1
		}
		return 1
	})
	kept, sites := order[:0], 0
	for _, e := range order {
		// Open incidents stay, however many and however old: a reader must find all that is
		// failing.
		if len(kept) >= MaxIncidents && !e.Incident.State.Open() {
			delete(entries, e.Incident.ID)
			continue
		}
		if sites += len(e.Incident.Sites); sites > maxKeptSites && len(e.Incident.Sites) > faultline.ListedSites {
			e = e.shortened()
			entries[e.Incident.ID] = e
		}
		if kept = append(kept, e); len(kept) == MaxIncidents {
			floor = CursorOf(&e.Incident)
		}
	}
	return slices.Clip(kept), floor
}
