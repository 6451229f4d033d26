// Package boardtest is a source of incidents in memory, for tests of what follows
// one.
//
// What belongs here: the source, incidents to put into it, and waiting for what
// another goroutine does.
package boardtest

import (
	"cmp"
	"context"
	"faultline/pace"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"
)

// Source keeps incidents in memory, and its last Kept changes.
type Source struct {
	Mu      sync.Mutex    // guards what follows
	news    chan struct{} // closed and replaced at each change
	Seq     int           // of the last change
	Sent    []faultline.Change
	Trimmed int // position of the last change that is no longer kept
	Kept    int
	Revised map[string][]faultline.Incident
	view    faultline.View
	Version int64
	failing error
	NoList  error          // of Incidents alone
	asked   map[string]int // reads by name
}

// NewSource returns an empty one.
func NewSource() *Source {
	return &Source{news: make(chan struct{}), Kept: 10_000,
		Revised: map[string][]faultline.Incident{}, asked: map[string]int{}}
}

// Publish stores a revision and announces it.
func (m *Source) Publish(inc faultline.Incident) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.Revised[inc.ID] = append(m.Revised[inc.ID], inc)
	m.Seq++
	m.Sent = append(m.Sent, faultline.Change{ID: Position(m.Seq), Incident: inc.Listed()})
	if over := len(m.Sent) - m.Kept; over > 0 {
		m.Sent = m.Sent[over:]
		m.Trimmed = m.Seq - m.Kept
	}
	close(m.news)
	m.news = make(chan struct{})
}

// Position is that of the change of that number, from 1 on.
func Position(seq int) string { return fmt.Sprintf("1623145623000-%d", seq) }

// See stores a view.
func (m *Source) See(v faultline.View) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.view = v
	m.Version++
}

// Fail makes every read fail, or with nil succeed again.
func (m *Source) Fail(err error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.failing = err
	close(m.news) // a blocked read ends when the connection does
	m.news = make(chan struct{})
}

// Changes is as the board asks for it.
func (m *Source) Changes(ctx context.Context, after string, limit int,
	block time.Duration) ([]faultline.Change, error) {
	timeout := time.NewTimer(block)
	defer timeout.Stop()
	for {
		m.Mu.Lock()
		m.asked["changes"]++
		news, err := m.news, m.failing
		found, lost := m.behind(after, limit)
		m.Mu.Unlock()
		switch {
		case err != nil:
			return nil, err
		case lost:
			return nil, faultline.ErrNotFound
		case len(found) > 0 || block == 0 || after == "":
			return found, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timeout.C:
			return nil, nil
		case <-news:
		}
	}
}

func (m *Source) behind(after string, limit int) (found []faultline.Change, lost bool) {
	if after == "" {
		return slices.Clone(m.Sent[max(0, len(m.Sent)-limit):]), false
	}
	var seq int
	if _, err := fmt.Sscanf(after, "1623145623000-%d", &seq); err != nil || seq < m.Trimmed {
		return nil, true
	}
	from := min(max(seq-m.Trimmed, 0), len(m.Sent))
	return slices.Clone(m.Sent[from:min(from+limit, len(m.Sent))]), false
}

// Incident is as the board asks for it.
func (m *Source) Incident(_ context.Context, id string, revision int) (faultline.Incident, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.asked["incident"]++
	all := m.Revised[id]
	switch {
	case m.failing != nil:
		return faultline.Incident{}, m.failing
	case len(all) == 0 || revision > len(all):
		return faultline.Incident{}, faultline.ErrNotFound
	case revision == 0:
		revision = len(all)
	}
	return all[revision-1], nil
}

// Revisions is as the board asks for it.
func (m *Source) Revisions(_ context.Context, id string, first, last int) ([]faultline.Incident, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.asked["revisions"]++
	all := m.Revised[id]
	switch {
	case m.failing != nil:
		return nil, m.failing
	case len(all) == 0:
		return nil, faultline.ErrNotFound
	}
	return slices.Clone(all[min(first-1, len(all)):min(last, len(all))]), nil
}

// Incidents is as the board asks for it.
func (m *Source) Incidents(_ context.Context, limit int) ([]faultline.Incident, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.asked["incidents"]++
	if err := cmp.Or(m.failing, m.NoList); err != nil {
		return nil, err
	}
	last := m.newest()
	return last[:min(limit, len(last))], nil
}

func (m *Source) newest() (last []faultline.Incident) {
	for _, all := range m.Revised {
		last = append(last, all[len(all)-1])
	}
	slices.SortFunc(last, func(a, b faultline.Incident) int {
		return cmp.Or(b.Onset.At.Compare(a.Onset.At), strings.Compare(b.ID, a.ID))
	})
	return last
}

// Older is as the board asks for it.
func (m *Source) Older(_ context.Context, onset time.Time, id string, limit int) ([]faultline.Incident, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	m.asked["older"]++
	if m.failing != nil {
		return nil, m.failing
	}
	older := slices.DeleteFunc(m.newest(), func(inc faultline.Incident) bool {
		return inc.Onset.At.After(onset) || inc.Onset.At.Equal(onset) && inc.ID >= id
	})
	return older[:min(limit, len(older))], nil
}

// View is as the board asks for it.
func (m *Source) View(_ context.Context, known int64) (faultline.View, int64, error) {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	if m.failing != nil {
		return faultline.View{}, known, m.failing
	}
	if m.Version == known || m.Version == 0 {
		return faultline.View{}, known, nil
	}
	return m.view, m.Version, nil
}

// Count is how many reads of that name there were.
func (m *Source) Count(read string) int {
	m.Mu.Lock()
	defer m.Mu.Unlock()
	return m.asked[read]
}

// T0 is when the incidents of these tests began.
var T0 = time.Date(2021, 6, 8, 9, 47, 5, 0, time.UTC)

// Incident returns revision n of the i-th incident, onset i minutes after T0,
// with so many sites.
func Incident(i, n, sites int) faultline.Incident {
	at := T0.Add(time.Duration(i) * time.Minute)
	inc := faultline.Incident{
		ID: "inc_01F7NM" + strconv.Itoa(100_000+i), Revision: n, State: faultline.StateConfirmed,
		Basis: faultline.BasisBoth,
		Title: fmt.Sprintf("Fastly-fronted sites, 503, revision %d", n),
		Cause: &faultline.Cause{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly", Confidence: 0.97, LogOdds: 12,
			Alternatives: []faultline.Alternative{{Component: "asn:AS54113", Confidence: 0.97,
				Reason: "same members"}}},
		Scope:    faultline.Scope{Worldwide: true, Fraction: 0.85},
		Symptoms: []faultline.SymptomShare{{Symptom: "http_503", Share: 1}},
		Onset:    faultline.Onset{Earliest: at.Add(-25 * time.Second), At: at, Latest: at.Add(25 * time.Second)},

		DetectedAt: at.Add(20 * time.Second), UpdatedAt: at.Add(time.Duration(n) * time.Minute),
		Impact: faultline.Impact{Failing: sites, Observed: sites + 9, PeakFailing: sites, ElsewhereObserved: 2110},
		Evidence: faultline.Evidence{Reports: 18234, Reporters: 15120, Networks: 43, Countries: []string{"GB", "US"},
			Probes: 1240, ProbesFailed: 1098, Vantages: 3},
		SitesTotal: sites,
		Exonerated: []faultline.Exonerated{{Site: "verizon.com", Reason: "reports rose, probes clean"}},
		Statements: []faultline.SaidStatement{{At: at, Status: "investigating", Source: "provider status page",
			Text: "…", LagS: 660}},
	}
	confirmed := at.Add(35 * time.Second)
	inc.ConfirmedAt = &confirmed
	for s := range sites {
		inc.Sites = append(inc.Sites, faultline.IncidentSite{Site: fmt.Sprintf("site%03d.example", s),
			State: faultline.SiteDown, Symptom: "http_503", Onset: at, Reports: 812, Probes: 9, ProbesFailed: 8})
	}
	return inc
}

// Eventually waits for what another goroutine does.
func Eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	pace.Eventually(t, what, ok)
}
