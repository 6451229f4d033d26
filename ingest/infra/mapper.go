package infra

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
)

// Mapper writes into the log what sites are observed to depend on, while its node
// leads. It goes by the components that probes in the log name. Those of this node's
// own prober are believed, those of others once two vantages agree. Sites that are not
// on the list are not followed. It is safe for concurrent use.
type Mapper struct {
	matcher  *Matcher
	believed func(site string) (faultline.SiteRecord, bool)
	changed  prometheus.Counter
	log      *slog.Logger

	mu    sync.Mutex
	own   map[string]observed // by site: what a prober of this node saw and the log has not brought back yet
	nets  map[string]uint32   // by vantage: the autonomous system that it says it is in
	term  *Map                // nil: this node does not lead
	news  map[string]Change   // not yet in the log, the newest of each site
	moved chan struct{}       // has one when there are news
}

// NewMapper returns a Mapper. believed is what the list of sites says of one already.
func NewMapper(matcher *Matcher, believed func(string) (faultline.SiteRecord, bool), log *slog.Logger,
	reg prometheus.Registerer) *Mapper {
	m := &Mapper{matcher: matcher, believed: believed, log: log, moved: make(chan struct{}, 1),
		changed: prometheus.NewCounter(prometheus.CounterOpts{Name: "faultline_map_changes_total",
			Help: "Changes of what sites depend on that this node has written into the log as leader."})}
	if reg != nil {
		reg.MustRegister(m.changed, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "faultline_map_sites",
			Help: "Sites whose infrastructure this node follows as leader."},
			func() float64 { return float64(m.sites()) }))
	}
	return m
}

// sites is how many sites are followed; 0 while this node does not lead.
func (m *Mapper) sites() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.term == nil {
		return 0
	}
	return m.term.Len()
}

// observed is what a prober of this node saw, with the evidence that a probe in
// the log does not carry.
type observed struct {
	Observation
	found []Finding
}

// maxObserved bounds the observations that wait for their probe; beyond it they are
// forgotten, and the probes are taken as any other's. An observation waits for a second
// or two, so this is reached only when the log stands still.
const maxObserved = 4096

// Via returns the components that a prober of this node saw, for its probe to name. It also keeps
// the evidence until the probe comes back through the log.
func (m *Mapper) Via(o Observation) []faultline.Component {
	found := m.matcher.Infer(o)
	m.mu.Lock()
	defer m.mu.Unlock()
	// Forgetting all at once is simpler than choosing. It only loses the evidence that is shown to
	// operators: the probes still count.
	if m.own == nil || len(m.own) >= maxObserved {
		m.own = map[string]observed{}
	}
	m.own[o.Site] = observed{o, found}
	return Via(found)
}

// Vantage notes which network a vantage is in.
func (m *Mapper) Vantage(v faultline.Vantage) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nets == nil || len(m.nets) >= faultline.MaxVantages {
		m.nets = map[string]uint32{}
	}
	m.nets[v.Vantage] = v.ASN
}

// observation is what a probe saw: with all evidence when it is one of this node's, by
// site, vantage and time; otherwise just the components that it names.
func (m *Mapper) observation(p faultline.Probe) observed {
	if own, ok := m.own[p.Site]; ok && own.Vantage == p.Vantage && faultline.Millis(own.At).Equal(p.At) {
		delete(m.own, p.Site)
		own.Trusted = true
		return own
	}
	o := Observation{Site: p.Site, At: p.At, Vantage: p.Vantage, Network: m.nets[p.Vantage], Via: p.Via}
	if p.Status != 0 {
		o.Header = http.Header{} // there was an answer
	}
	return observed{o, m.matcher.Infer(o)}
}

// mapBatch bounds how many records one entry of the log carries.
const mapBatch = 500

// How far the time of a probe may lie behind the log's clock or before it, as the
// fold has it.
const (
	mapLate   = 5 * time.Minute
	mapFuture = 2 * time.Minute
)

// Probe takes in a probe that was folded at clock.
func (m *Mapper) Probe(p faultline.Probe, clock time.Time) {
	if clock.Sub(p.At) > mapLate {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.term == nil {
		return
	}
	// Sites that people merely asked about are probed too. Following them would let anybody fill
	// the memory.
	if _, listed := m.believed(p.Site); !listed {
		return
	}
	seen := m.observation(p)
	// A vantage whose clock is ahead must not make a record of the future: later observations would
	// then all count as old.
	if p.At.Sub(clock) > mapFuture {
		seen.At = clock
	}
	change, ok := m.term.Observe(seen.Observation, seen.found)
	if !ok {
		return
	}
	// The log may be slower than the changes. Two changes of one site become one record, so the
	// number of waiting records is bounded by the number of sites.
	if earlier, waits := m.news[p.Site]; waits {
		change = earlier.Then(change)
	}
	m.news[p.Site] = change
	select {
	// The channel has room for one: a signal that waits already covers this change.
	case m.moved <- struct{}{}:
	default:
	}
}

// Append puts events into the log for as long as this node leads.
type Append func(ctx context.Context, events []faultline.Event) error

// Run follows what the log says from now on, and writes the changes back, until ctx
// ends or Append fails. It begins with what the list of sites says already. Records are
// written in batches, since a new leader may find hundreds of changes at once.
func (m *Mapper) Run(ctx context.Context, log Append) error {
	m.begin(NewMap(m.believed))
	defer m.begin(nil)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-m.moved:
		}
		for batch := range slices.Chunk(m.take(), mapBatch) {
			events := make([]faultline.Event, len(batch))
			for i, c := range batch {
				events[i] = c.Record
			}
			if err := log(ctx, events); err != nil {
				return err
			}
			m.changed.Add(float64(len(batch)))
			m.say(ctx, batch)
		}
	}
}

// say logs what changed, and by what evidence.
func (m *Mapper) say(ctx context.Context, batch []Change) {
	for _, c := range batch {
		level := slog.LevelInfo
		if c.First { // one for each site, once
			level = slog.LevelDebug
		}
		m.log.Log(ctx, level, "the list of sites changes", "change", c.String(), "checked_before", c.After, "evidence",
			m.evidence(c))
	}
}

// begin starts a term as leader, or ends it with nil. Each term starts from what the list says,
// because another leader may have written since.
func (m *Mapper) begin(term *Map) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.term, m.news = term, map[string]Change{}
}

// evidence says for each component that a change brought why it is believed.
func (m *Mapper) evidence(c Change) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var why []string
	for _, s := range m.term.Standings(c.Record.Site) {
		if slices.Contains(c.Joined, s.Component) {
			why = append(why, s.Describe())
		}
	}
	return why
}

// take returns what is not yet in the log, in order of site.
func (m *Mapper) take() []Change {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]Change, 0, len(m.news))
	for _, site := range slices.Sorted(maps.Keys(m.news)) {
		list = append(list, m.news[site])
	}
	clear(m.news)
	return list
}
