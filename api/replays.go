package api

import (
	"net/url"
	"strconv"
	"time"

	"faultline"
	"faultline/board/page"
	"faultline/scenario/history"

	"github.com/gin-gonic/gin"
)

// replayBounds are those of what is rendered of replays, which a release fixes.
var replayBounds = page.Bounds{Bytes: 16 << 20, Pages: 1_024}

// ReplayList is every outage of the past that can be replayed.
type ReplayList struct {
	Replays []ReplayRef `json:"replays"` // the oldest first
}

// ReplayRef is one outage of the past, with how Faultline did on a reconstruction of it.
type ReplayRef struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Reconstruction is always true: what Faultline was fed with is made from the public
	// record, and was not measured.
	Reconstruction bool                `json:"reconstruction"`
	Cause          faultline.Component `json:"cause"` // that the post-mortem names
	PostMortem     string              `json:"post_mortem"`
	Start          time.Time           `json:"start"`
	Onset          time.Time           `json:"onset"`
	End            time.Time           `json:"end"`   // of the reconstruction
	Ended          *time.Time          `json:"ended"` // of the outage, where it is later; null: it is not
	// FirstWord is when the provider first spoke of it; null: that is not known, or it had
	// spoken before.
	FirstWord *time.Time    `json:"first_word"`
	Score     history.Score `json:"score"`
	Revisions int           `json:"revisions"` // that Faultline published
	URL       string        `json:"url"`
	Page      string        `json:"page"`
}

// ReplayAnswer is one outage of the past and all that Faultline said of it.
type ReplayAnswer struct {
	ReplayRef
	Why       string                    `json:"why"`
	Sources   []string                  `json:"sources"`
	Uncertain []string                  `json:"uncertain"` // what is made up, or not known to the minute
	WordNote  string                    `json:"word_note"` // how well the time of the first word is known
	Said      []faultline.SaidStatement `json:"statements"`
	Frames    []ReplayFrame             `json:"frames"`
}

// ReplayFrame is one revision, in the order in which they were published, in short.
type ReplayFrame struct {
	N        int                     `json:"n"` // from 1 on
	At       time.Time               `json:"at"`
	Incident string                  `json:"incident"`
	Revision int                     `json:"revision"`
	State    faultline.IncidentState `json:"state"`
	Title    string                  `json:"title"`
	Cause    *faultline.Component    `json:"cause"`
	Failing  int                     `json:"failing"`
	Observed int                     `json:"observed"`
	URL      string                  `json:"url"` // of the revision whole
}

func (a *api) replayRef(r history.Replay) ReplayRef {
	s, base := r.Spec, a.cfg.Board.PublicURL()
	ref := ReplayRef{Name: s.Name, Title: s.Title, Reconstruction: true, Cause: s.Record.Cause,
		PostMortem: s.Record.URL,
		Start:      s.Start.UTC(), Onset: s.Onset.UTC(), End: s.End.UTC(), Score: r.Score, Revisions: len(r.Revisions),
		URL: base + "/v1/replays/" + s.Name, Page: base + "/replays/" + s.Name}
	if at := s.Record.Ended; !at.IsZero() {
		ref.Ended = &at
	}
	if at := s.Record.FirstWord; !at.IsZero() {
		ref.FirstWord = &at
	}
	return ref
}

// getReplays lists the outages of the past.
//
// @ID       getReplays
// @Summary  Outages of the past that can be replayed, the oldest first
// @Description Each is a reconstruction from the public record. It says what Faultline named, when, and how that compares with the post-mortem. These are not incidents of this server.
// @Tags     replays
// @Produce  json
// @Success  200 {object} ReplayList
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Router   /v1/replays [get]
func (a *api) getReplays(c *gin.Context, _ url.Values) error {
	return a.serveReplay(c, "replays", func() (any, error) {
		out := ReplayList{Replays: []ReplayRef{}}
		for _, name := range history.Names() {
			r, err := history.Open(name)
			if err != nil {
				return nil, err
			}
			out.Replays = append(out.Replays, a.replayRef(r))
		}
		return out, nil
	})
}

// getReplay returns one outage of the past.
//
// @ID       getReplay
// @Summary  One outage of the past, with a summary of each revision that Faultline published
// @Tags     replays
// @Produce  json
// @Param    name path string true "the name of the replay" example(fastly-2021-06-08)
// @Success  200 {object} ReplayAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404 {object} Problem
// @Router   /v1/replays/{name} [get]
func (a *api) getReplay(c *gin.Context, _ url.Values) error {
	name := c.Param("name")
	return a.serveReplay(c, "replay "+name, func() (any, error) {
		r, err := history.Open(name)
		if err != nil {
			return nil, err
		}
		out := ReplayAnswer{ReplayRef: a.replayRef(r), Why: r.Spec.Why, Sources: r.Spec.Sources,
			Uncertain: r.Spec.Record.Uncertain, WordNote: r.Spec.Record.WordNote, Said: r.Said(r.Spec.End),
			Frames: []ReplayFrame{}}
		for i, inc := range r.Revisions {
			n := i + 1
			f := ReplayFrame{N: n, At: inc.UpdatedAt, Incident: inc.ID, Revision: inc.Revision, State: inc.State,
				Title: inc.Title, Failing: inc.Impact.Failing, Observed: inc.Impact.Observed,
				URL: out.URL + "/revisions/" + strconv.Itoa(n)}
			if inc.Cause != nil {
				f.Cause = &inc.Cause.Component
			}
			out.Frames = append(out.Frames, f)
		}
		return out, nil
	})
}

// getReplayRevision answers with one revision of a replay.
//
// @ID       getReplayRevision
// @Summary  One revision that Faultline published during an outage of the past
// @Tags     replays
// @Produce  json
// @Param    name path string true "the name of the replay" example(fastly-2021-06-08)
// @Param    n    path int    true "number of the revision, from 1" minimum(1) example(1)
// @Success  200 {object} faultline.Incident
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Failure  404 {object} Problem
// @Router   /v1/replays/{name}/revisions/{n} [get]
func (a *api) getReplayRevision(c *gin.Context, _ url.Values) error {
	name := c.Param("name")
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil || n < 1 {
		return invalidParameter("n", "must be a number from 1 on")
	}
	return a.serveReplay(c, "replay "+name+" "+strconv.Itoa(n), func() (any, error) {
		r, err := history.Open(name)
		if err != nil {
			return nil, err
		}
		if n > len(r.Revisions) {
			return nil, faultline.ErrNotFound
		}
		return r.Revisions[n-1], nil
	})
}

// serveReplay answers with what never changes while this program runs.
func (a *api) serveReplay(c *gin.Context, key string, of func() (any, error)) error {
	p, err := a.fixed.Get(key, func() (*page.Page, error) {
		v, err := of()
		if err != nil {
			return nil, err
		}
		return page.New(v)
	})
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, page.CacheDocuments)
	return nil
}
