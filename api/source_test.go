package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"
)

// memSource is a Source in memory that keeps its last kept changes.
type memSource struct {
	mu        sync.Mutex
	news      chan struct{} // closed and replaced at each change
	seq       int
	changes   []Change
	trimmed   int // position of the last change that is no longer kept
	kept      int
	revisions map[string][]faultline.Incident
	view      faultline.View
	version   int64
	failing   error
	noList    error          // of Incidents alone
	asked     map[string]int // reads by name
}

func newMemSource() *memSource {
	return &memSource{news: make(chan struct{}), kept: 10_000,
		revisions: map[string][]faultline.Incident{}, asked: map[string]int{}}
}

// tell stores a revision and tells of it.
func (m *memSource) tell(inc faultline.Incident) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.revisions[inc.ID] = append(m.revisions[inc.ID], inc)
	m.seq++
	m.changes = append(m.changes, Change{ID: position(m.seq), Incident: inc.Listed()})
	if over := len(m.changes) - m.kept; over > 0 {
		m.changes = m.changes[over:]
		m.trimmed = m.seq - m.kept
	}
	close(m.news)
	m.news = make(chan struct{})
}

func position(seq int) string { return fmt.Sprintf("1623145623000-%d", seq) }

func (m *memSource) see(v faultline.View) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.view = v
	m.version++
}

func (m *memSource) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failing = err
	close(m.news) // a blocked read ends when the connection does
	m.news = make(chan struct{})
}

func (m *memSource) Changes(ctx context.Context, after string, limit int, block time.Duration) ([]Change, error) {
	timeout := time.NewTimer(block)
	defer timeout.Stop()
	for {
		m.mu.Lock()
		m.asked["changes"]++
		news, err := m.news, m.failing
		found, lost := m.behind(after, limit)
		m.mu.Unlock()
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

func (m *memSource) behind(after string, limit int) (found []Change, lost bool) {
	if after == "" {
		return slices.Clone(m.changes[max(0, len(m.changes)-limit):]), false
	}
	var seq int
	if _, err := fmt.Sscanf(after, "1623145623000-%d", &seq); err != nil || seq < m.trimmed {
		return nil, true
	}
	from := min(max(seq-m.trimmed, 0), len(m.changes))
	return slices.Clone(m.changes[from:min(from+limit, len(m.changes))]), false
}

func (m *memSource) Incident(_ context.Context, id string, revision int) (faultline.Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked["incident"]++
	all := m.revisions[id]
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

func (m *memSource) Incidents(_ context.Context, limit int) ([]faultline.Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked["incidents"]++
	if err := cmp.Or(m.failing, m.noList); err != nil {
		return nil, err
	}
	last := m.newest()
	return last[:min(limit, len(last))], nil
}

func (m *memSource) newest() (last []faultline.Incident) {
	for _, all := range m.revisions {
		last = append(last, all[len(all)-1])
	}
	slices.SortFunc(last, func(a, b faultline.Incident) int {
		return cmp.Or(b.Onset.At.Compare(a.Onset.At), strings.Compare(b.ID, a.ID))
	})
	return last
}

func (m *memSource) Older(_ context.Context, onset time.Time, id string, limit int) ([]faultline.Incident, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked["older"]++
	if m.failing != nil {
		return nil, m.failing
	}
	older := slices.DeleteFunc(m.newest(), func(inc faultline.Incident) bool {
		return inc.Onset.At.After(onset) || inc.Onset.At.Equal(onset) && inc.ID >= id
	})
	return older[:min(limit, len(older))], nil
}

func (m *memSource) View(_ context.Context, known int64) (faultline.View, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failing != nil {
		return faultline.View{}, known, m.failing
	}
	if m.version == known || m.version == 0 {
		return faultline.View{}, known, nil
	}
	return m.view, m.version, nil
}

func (m *memSource) count(read string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked[read]
}

// t0 is when the incidents of these tests began.
var t0 = time.Date(2021, 6, 8, 9, 47, 5, 0, time.UTC)

// incident returns revision n of the i-th incident, onset i minutes after t0,
// with so many sites.
func incident(i, n, sites int) faultline.Incident {
	at := t0.Add(time.Duration(i) * time.Minute)
	inc := faultline.Incident{
		ID: "inc_01F7NM" + strconv.Itoa(100_000+i), Revision: n, State: faultline.StateConfirmed, Basis: faultline.BasisBoth,
		Title: fmt.Sprintf("Fastly-fronted sites, 503, revision %d", n),
		Cause: &faultline.Cause{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly", Confidence: 0.97, LogOdds: 12,
			Alternatives: []faultline.Alternative{{Component: "asn:AS54113", Confidence: 0.97, Reason: "same members"}}},
		Scope:    faultline.Scope{Worldwide: true, Fraction: 0.85},
		Symptoms: []faultline.SymptomShare{{Symptom: "http_503", Share: 1}},
		Onset:    faultline.Onset{Earliest: at.Add(-25 * time.Second), At: at, Latest: at.Add(25 * time.Second)},

		DetectedAt: at.Add(20 * time.Second), UpdatedAt: at.Add(time.Duration(n) * time.Minute),
		Impact:     faultline.Impact{Failing: sites, Observed: sites + 9, PeakFailing: sites, ElsewhereObserved: 2110},
		Evidence:   faultline.Evidence{Reports: 18234, Reporters: 15120, Networks: 43, Countries: []string{"GB", "US"}, Probes: 1240, ProbesFailed: 1098, Vantages: 3},
		SitesTotal: sites,
		Exonerated: []faultline.Exonerated{{Site: "verizon.com", Reason: "reports rose, probes clean"}},
		Statements: []faultline.SaidStatement{{At: at, Status: "investigating", Source: "provider status page", Text: "…", LagS: 660}},
	}
	confirmed := at.Add(35 * time.Second)
	inc.ConfirmedAt = &confirmed
	for s := range sites {
		inc.Sites = append(inc.Sites, faultline.IncidentSite{Site: fmt.Sprintf("site%03d.example", s),
			State: faultline.SiteDown, Symptom: "http_503", Onset: at, Reports: 812, Probes: 9, ProbesFailed: 8})
	}
	return inc
}

// eventually waits for what another goroutine does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("not in 10 s: %s", what)
		case <-tick.C:
		}
	}
}
