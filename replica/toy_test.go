package replica

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"faultline"
)

// toyEngine is a fold whose revisions a test can foresee: at a tick that follows
// a report it makes the next revision of one incident, whose title counts the
// reports. It stands for the engine where what is tested is what becomes of a
// fold's revisions.
type toyEngine struct {
	At        time.Time
	Reports   int
	Published int
	Revision  int
	Salt      string // goes into the title: two salts are two ways of folding
	Sites     map[string]faultline.SiteRecord
}

func newToy(salt string) func([]byte) (Engine, error) {
	return func(checkpoint []byte) (Engine, error) {
		e := &toyEngine{Sites: map[string]faultline.SiteRecord{}}
		if checkpoint != nil {
			if err := json.Unmarshal(checkpoint, e); err != nil {
				return nil, err
			}
		}
		e.Salt = salt
		return e, nil
	}
}

func (e *toyEngine) Fold(ev faultline.Event) []faultline.Incident {
	switch v := ev.(type) {
	case faultline.Report:
		e.Reports++
	case faultline.SiteRecord:
		e.Sites[v.Site] = v
	case faultline.Adopt:
		e.Revision = 0
		for _, in := range v.Incidents {
			e.Revision = max(e.Revision, in.Revision)
		}
		e.Reports = int(v.Counters.Reports)
		e.Published = e.Reports
	case faultline.Published:
		var lost []faultline.Incident
		for _, in := range v.Incidents {
			if in.Revision > e.Revision {
				e.Revision = in.Revision
				lost = append(lost, in)
			}
		}
		return lost
	case faultline.Tick:
		e.At = v.At
		if e.Reports > e.Published {
			e.Published = e.Reports
			e.Revision++
			return []faultline.Incident{toyRevision(e.Revision, e.Reports, e.Salt)}
		}
	}
	return nil
}

// century puts what the toy detects behind the start of any log.
const century = 100 * 365 * 24 * time.Hour

func toyRevision(revision, reports int, salt string) faultline.Incident {
	return faultline.Incident{ID: "inc_TOY", Revision: revision, Title: fmt.Sprintf("%d reports%s", reports, salt),
		State: faultline.StateCandidate, DetectedAt: noon.Add(century), UpdatedAt: noon.Add(century)}
}

func (e *toyEngine) View() faultline.View {
	return faultline.View{AsOf: e.At, Counters: faultline.Counters{Reports: int64(e.Reports)}}
}

func (e *toyEngine) Series() []faultline.SeriesRow {
	at := e.At.Truncate(time.Minute)
	return []faultline.SeriesRow{{Of: "toy.example", StepS: faultline.StepMinute, Point: faultline.SeriesPoint{At: at,
		Reports: e.Reports}}}
}

func (e *toyEngine) Snapshot() func() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return func() []byte {
		piece := b[:min(len(b), toyPiece)]
		if b = b[len(piece):]; len(piece) == 0 {
			return nil
		}
		return piece
	}
}

// toyPiece makes a checkpoint of several pieces even of what is small.
const toyPiece = 16

func (e *toyEngine) Settled() bool { return true }

func (e *toyEngine) Record(site string) (faultline.SiteRecord, bool) {
	r, ok := e.Sites[site]
	return r, ok
}
func (e *toyEngine) Counters() faultline.Counters {
	return faultline.Counters{Reports: int64(e.Reports)}
}
func (e *toyEngine) Names() iter.Seq[string]                 { return slices.Values(slices.Sorted(maps.Keys(e.Sites))) }
func (e *toyEngine) Clock() time.Time                        { return e.At }
func (e *toyEngine) CheckRequests() []faultline.CheckRequest { return nil }
func (e *toyEngine) Weighed() time.Time                      { return e.Clock() }
