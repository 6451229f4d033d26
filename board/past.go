package board

import (
	"slices"
	"time"

	"faultline"
	"faultline/board/page"
)

// Past is a snapshot of a moment of the past, of what was published of it then: the
// incidents, each at the revision that was its newest. Nothing else that was known at
// that moment is kept, so that of whatever no incident names nothing is known, and
// nothing is called well. It is rendered by the same code as the present, so that a
// page of the past looks as it did.
func (b *Board) Past(at time.Time, x *Index, published []faultline.Incident) (*Snapshot, error) {
	s := &Snapshot{
		Meta: NewMeta(b.cfg.PublicURL), View: faultline.View{AsOf: at}, byID: map[string]*Entry{},
		Pages: page.NewCache(pageBounds), Sites: page.NewCache(pageBounds),
		AsOf: []string{at.UTC().Format(time.RFC3339)}, providers: b.cfg.Providers, past: true,
	}
	s.Meta.AsOf = &at
	s.Live = s.Meta
	for _, inc := range published {
		e, err := newEntry(inc)
		if err != nil {
			return nil, err
		}
		s.Order, s.byID[inc.ID] = append(s.Order, e), e
	}
	slices.SortFunc(s.Order, func(a, b *Entry) int {
		if CursorOf(&a.Incident).before(CursorOf(&b.Incident)) {
			return -1
		}
		return 1
	})
	s.Tallies(x) // of the incidents alone, before their sites are in the view
	s.View.Sites = sitesOf(s.Order)
	s.index(nil)
	return s, nil
}

// sitesOf are the sites of open incidents as these have them. A site of several is as
// the one has it in which it fails. Whether a site failed is known only from its
// incidents here; the view of that moment is not kept.
func sitesOf(order []*Entry) []faultline.SiteStatus {
	var list []faultline.SiteStatus
	at := map[string]int{}
	for _, e := range order {
		if !e.Incident.State.Open() {
			continue
		}
		for _, x := range e.Incident.Sites {
			i, known := at[x.Site]
			if !known {
				i = len(list)
				at[x.Site] = i
				list = append(list, faultline.SiteStatus{Site: x.Site, State: x.State, Symptom: x.Symptom})
			}
			site := &list[i]
			site.Incidents = append(site.Incidents, e.Incident.ID)
			if fails(x.State) && !fails(site.State) {
				site.State, site.Symptom = x.State, x.Symptom
			}
		}
	}
	return list
}

// fails reports whether a site in a state fails.
func fails(state faultline.SiteState) bool {
	return state == faultline.SiteDown || state == faultline.SiteDegraded
}
