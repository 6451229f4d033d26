package stream

import (
	"context"
	"math/rand/v2"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"
)

const (
	// Clients that lose their stream come back after 2 to 5 seconds.
	streamRetry       = 2 * time.Second
	streamRetrySpread = 3 * time.Second
	// maxOlder bounds what a stream resumes with from the source, in changes.
	maxOlder = 4 * board.Recent
)

// opening is what a stream begins with: what is not observed, what the client missed, or else the
// open incidents if it asked for them. The position stands behind them, so that
// a break in the middle loses nothing.
func (s *Streams) opening(ctx context.Context, j joined, after string, snapshot bool) [][]byte {
	open := [][]byte{openFrame(streamRetry + rand.N(streamRetrySpread))}
	if j.snap != nil && j.snap.Coverage().State != faultline.Observing {
		open = append(open, coverageFrame(j.snap.Coverage()))
	}
	resumed := after != ""
	// The ring has forgotten the position. The source may still have the changes since.
	if !j.known {
		older, err := s.older(ctx, after, j.backlog)
		if err != nil {
			resumed, j.backlog = false, nil
			open = append(open, resetFrame("the position asked for is not kept", j.position))
		}
		for i := range older {
			if j.wants(&older[i]) {
				open = append(open, older[i].bytes)
			}
		}
	}
	for i := range j.backlog {
		if j.wants(&j.backlog[i]) {
			open = append(open, j.backlog[i].bytes)
		}
	}
	// Who resumes has the open incidents already.
	if snapshot && !resumed {
		for _, e := range j.snap.Order {
			if e.Incident.State.Open() && (!j.filtered() || j.filter.Takes(&e.Incident)) {
				open = append(open, incidentFrame("", e.Listed).bytes)
			}
		}
	}
	return append(open, positionFrame(j.position))
}

// older reads the changes behind a position that has left the ring, up to the
// ring's first. It fails where they do not join up.
func (s *Streams) older(ctx context.Context, after string, ring []frame) ([]frame, error) {
	if len(ring) == 0 {
		return nil, board.ErrNotKept
	}
	changes, err := s.board.ChangesBetween(ctx, after, ring[0].id, maxOlder)
	if err != nil {
		return nil, err
	}
	frames := make([]frame, 0, len(changes))
	last := map[string]*faultline.Incident{}
	for _, c := range changes {
		listed, err := page.Render(c.Incident.Listed())
		if err != nil {
			return nil, err
		}
		frames = append(
			frames,
			frameOf(board.Update{ID: c.ID, Incident: &c.Incident, Before: last[c.Incident.ID], Listed: listed}),
		)
		last[c.Incident.ID] = &c.Incident
	}
	return frames, nil
}
