package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"faultline"
)

// benchSource is a board's source in memory: two incidents, and a change for each line on
// standard input. It stands for the store, which reads must not depend on.
type benchSource struct {
	mu        sync.Mutex
	incidents []faultline.Incident
	changes   []faultline.Change
	news      chan struct{} // closed and replaced at each change
}

// newBenchSource makes a source with two incidents.
func newBenchSource() *benchSource {
	s := &benchSource{news: make(chan struct{})}
	for i := range 2 {
		s.publish(benchIncident(i, 1))
	}
	return s
}

// benchIncident is an outage of many sites, of which lists carry 20: two of them are
// some 19 KB. It is as large as an incident of a CDN, because small answers would
// measure the cost of a request alone.
func benchIncident(i, revision int) faultline.Incident {
	at := time.Date(2021, 6, 8, 9, 47, 5, 0, time.UTC)
	inc := faultline.Incident{ID: fmt.Sprint("inc_BENCH", i), Revision: revision, State: faultline.StateConfirmed,
		Basis: faultline.BasisBoth,
		Title: "Fastly-fronted sites, 503, began ~09:47 UTC",
		Cause: &faultline.Cause{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly", Confidence: 0.97,
			Alternatives: []faultline.Alternative{{Component: "asn:AS54113", Confidence: 0.97,
				Reason: "same members"}}},
		Onset:      faultline.Onset{Earliest: at, At: at, Latest: at},
		DetectedAt: at, ConfirmedAt: &at, UpdatedAt: at.Add(time.Duration(revision) * time.Second),
		SitesTotal: readSites}
	for n := range readSites {
		inc.Sites = append(inc.Sites, faultline.IncidentSite{Site: fmt.Sprintf("a-site-with-a-name-%03d.example", n),
			State:   faultline.SiteDown,
			Symptom: "http_503", Onset: at.Add(time.Duration(n) * time.Millisecond), Reports: n * 7, Probes: 40,
			ProbesFailed: n % 40})
	}
	for n := range 30 {
		inc.Exonerated = append(inc.Exonerated, faultline.Exonerated{Site: fmt.Sprintf("another-site-%03d.example", n),
			Reason: "reports rose, probes clean"})
	}
	for n := range 12 {
		inc.Statements = append(inc.Statements, faultline.SaidStatement{At: at.Add(time.Duration(n) * time.Minute),
			Status: "investigating",
			Source: "provider status page",
			Text: fmt.Sprintf(
				"We are investigating potential impact to performance with our CDN services, update %d.", n),
			LagS: 60 * n})
	}
	return inc
}

// publish adds a revision and wakes whoever waits for one.
func (s *benchSource) publish(inc faultline.Incident) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.incidents = append(s.incidents, inc)
	s.changes = append(s.changes, faultline.Change{ID: fmt.Sprint(len(s.changes)+1, "-0"), Incident: inc.Listed()})
	close(s.news)
	s.news = make(chan struct{})
}

// publishOnInput makes a revision for each line of standard input until it ends. The
// bench writes a line and takes the time until every stream has the revision. End of
// input ends the server, so that none is left behind when the bench is killed.
func (s *benchSource) publishOnInput(end func()) {
	lines := bufio.NewReader(os.Stdin)
	for n := 2; ; n++ {
		if _, err := lines.ReadString('\n'); err != nil {
			end()
			return
		}
		s.publish(benchIncident(0, n))
	}
}

// Changes waits for changes after an id, as the store's method does. It blocks as Redis
// does, since a board that polls would measure the pace of its polling.
func (s *benchSource) Changes(ctx context.Context, after string, limit int,
	block time.Duration) ([]faultline.Change, error) {
	timeout := time.NewTimer(block)
	defer timeout.Stop()
	for {
		s.mu.Lock()
		from := 0
		for i, c := range s.changes {
			if c.ID == after {
				from = i + 1
			}
		}
		found, news := append([]faultline.Change(nil), s.changes[from:min(len(s.changes), from+limit)]...), s.news
		s.mu.Unlock()
		if len(found) > 0 || block == 0 {
			return found, nil
		}
		select {
		case <-news:
		case <-timeout.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Incident returns an incident, or one of its revisions.
func (s *benchSource) Incident(_ context.Context, id string, revision int) (faultline.Incident, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.incidents) - 1; i >= 0; i-- {
		if in := s.incidents[i]; in.ID == id && (revision == 0 || in.Revision == revision) {
			return in, nil
		}
	}
	return faultline.Incident{}, faultline.ErrNotFound
}

// Revisions is called by nothing that is measured.
func (s *benchSource) Revisions(context.Context, string, int, int) ([]faultline.Incident, error) {
	return nil, faultline.ErrNotFound
}

// Incidents returns both, as they were first. Later revisions come as changes.
func (s *benchSource) Incidents(context.Context, int) ([]faultline.Incident, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]faultline.Incident(nil), s.incidents[:2]...), nil
}

// Older returns none: there is no past.
func (s *benchSource) Older(context.Context, time.Time, string, int) ([]faultline.Incident, error) {
	return nil, nil
}

// View is a view that stands still: what it says of sites does not matter here.
func (s *benchSource) View(context.Context, int64) (faultline.View, int64, error) {
	return faultline.View{AsOf: s.incidents[0].UpdatedAt, Vantages: 3}, 1, nil
}

// bareStream is what gin's own helper makes of a stream: a goroutine for each client,
// and the event rendered for each. It is what the fan-out of package api/stream is
// compared with.
func (s *benchSource) bareStream(c *gin.Context) {
	s.mu.Lock()
	seen := len(s.changes)
	s.mu.Unlock()
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Time{})
	c.Header("Content-Type", "text/event-stream")
	c.Writer.WriteHeaderNow()
	c.Writer.Flush()
	c.Stream(func(io.Writer) bool {
		for {
			s.mu.Lock()
			var next *faultline.Change
			if seen < len(s.changes) {
				next = &s.changes[seen]
			}
			news := s.news
			s.mu.Unlock()
			if next != nil {
				seen++
				c.SSEvent("incident", next.Incident)
				return true
			}
			select {
			case <-news:
			case <-c.Request.Context().Done():
				return false
			}
		}
	})
}
