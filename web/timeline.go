package web

import (
	"context"
	"sync"
	"time"

	"faultline"
)

// Bounds of what is kept to draw charts from: incidents, points of each, and how long a page
// waits for what is missing. A point is some hundred bytes, so all of them are at most 30 MB.
const (
	timelinesKept = 128
	pointsKept    = 2_048
	timelineLimit = 250 * time.Millisecond // reading what is missing, for one page
)

// point is what an incident said at one revision, or at one step of its course.
type point struct {
	At                time.Time
	Failing, Observed int
	// Others are the sites that nothing of this incident concerns, counted in the same way.
	OthersFailing, Others int
	State                 faultline.IncidentState
	// Unknown is since when nothing was known until At, and Unread that this is only because
	// it could not be read; zero: all is known since the point before.
	Unknown time.Time
	Unread  bool
}

// why is the reason of what is not known before a point.
func (p point) why() string {
	if p.Unread {
		return notRead
	}
	return notObserved
}

// pointOf is what a revision says.
func pointOf(inc *faultline.Incident) point {
	im := inc.Impact
	return point{At: inc.UpdatedAt, Failing: im.Failing, Observed: im.Observed,
		OthersFailing: im.ElsewhereFailing, Others: im.ElsewhereObserved, State: inc.State}
}

// share is what of the observed sites fails, 0 to 1.
func (p point) share() float64 { return portion(p.Failing, p.Observed) }

// others is what of the other sites fails, 0 to 1.
func (p point) others() float64 { return portion(p.OthersFailing, p.Others) }

func portion(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return min(1, float64(n)/float64(of))
}

// shared reports whether the failing are always counted out of the observed: else there
// is no share to draw, only a number.
func shared(points []point) bool {
	observed := false
	for _, p := range points {
		if p.Observed > 0 && p.Failing > p.Observed {
			return false
		}
		observed = observed || p.Observed > 0 // where nothing was observed the counts say nothing
	}
	return observed
}

// timelines keep the revisions of the incidents that are read, in the few numbers that a
// chart needs. Revisions never change: what was read once is never read again. Incidents of
// newer releases carry their course with them and need none of this.
type timelines struct {
	source Source
	mu     sync.Mutex
	byID   map[string]*timeline
	looks  int64
}

type timeline struct {
	looked int64      // when somebody last looked, in looks
	mu     sync.Mutex // held while reading: one reader at a time for each incident
	points []point    // of revision 1, 2, …
}

func newTimelines(source Source) *timelines {
	return &timelines{source: source, byID: map[string]*timeline{}}
}

// upTo returns what an incident said at its revisions up to the given one, and whether that
// is all of them. What can't be read in time is left out. Readers of the same incident wait
// for one another, so that each revision is read once.
func (t *timelines) upTo(ctx context.Context, inc *faultline.Incident) (points []point, whole bool) {
	if len(inc.Timeline) > 0 {
		return courseOf(inc), true
	}
	id, revision := inc.ID, inc.Revision
	line := t.of(id)
	line.mu.Lock()
	defer line.mu.Unlock()
	want := min(revision, pointsKept)
	if missing := want - len(line.points); missing > 0 {
		ctx, cancel := context.WithTimeout(ctx, timelineLimit)
		defer cancel()
		read, _ := t.source.Revisions(ctx, id, len(line.points), missing) // the chart says that it lacks the rest
		for _, inc := range read {
			if inc.Revision != len(line.points)+1 {
				break
			}
			line.points = append(line.points, pointOf(&inc))
		}
	}
	n := min(want, len(line.points))
	return line.points[:n:n], n == revision
}

// told is upTo for one revision of an incident, whose own numbers are always
// there: a chart may lack what came before, never what is.
func (t *timelines) told(ctx context.Context, inc *faultline.Incident) (points []point, whole bool) {
	points, whole = t.upTo(ctx, inc)
	if !whole {
		last := pointOf(inc)
		last.Unknown, last.Unread = inc.DetectedAt, true
		if n := len(points); n > 0 {
			last.Unknown = points[n-1].At
		}
		points = append(points, last)
	}
	return points, whole
}

// of returns an incident's timeline. Where there are too many, the one goes
// that nobody has looked at for longest.
func (t *timelines) of(id string) *timeline {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.looks++
	line, ok := t.byID[id]
	if !ok {
		if len(t.byID) >= timelinesKept {
			delete(t.byID, t.oldest())
		}
		line = &timeline{}
		t.byID[id] = line
	}
	line.looked = t.looks
	return line
}

// oldest is the incident whose timeline nobody has read for longest.
func (t *timelines) oldest() string {
	id := ""
	for other, l := range t.byID {
		if id == "" || l.looked < t.byID[id].looked {
			id = other
		}
	}
	return id
}
