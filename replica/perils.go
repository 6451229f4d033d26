package replica

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline/store"
)

// perilEvery is the pause between two log lines about the same settings of Redis.
const perilEvery = time.Minute

// What is said about settings of Redis by which the log can be lost. Operators see these
// texts in /healthz, in /readyz/write and in the log of a node.
const (
	perilEvicts = "Redis may delete keys of the log when it is full: set maxmemory-policy noeviction"
	// What was acknowledged may be gone after a restart, whatever else was promised.
	perilUnwritten = "Redis keeps no append-only file, so that its end loses acknowledged reports: set appendonly yes"
)

// perils are settings of Redis by which the log can be lost although all works now. They make
// no node unready: to refuse reports would lose all of them. It is safe for concurrent use.
type perils struct {
	found  atomic.Pointer[[]string]
	logged time.Time // by whoever calls Set alone
}

// Set takes in how Redis keeps what it has, and reports whether it is time to log it.
func (p *perils) Set(m store.Memory, now time.Time) (due bool) {
	var found []string
	if m.Evicts {
		found = append(found, perilEvicts)
	}
	if m.Unwritten {
		found = append(found, perilUnwritten)
	}
	p.found.Store(&found)
	if len(found) == 0 {
		p.logged = time.Time{}
		return false
	}
	if !p.logged.IsZero() && now.Sub(p.logged) < perilEvery {
		return false
	}
	p.logged = now
	return true
}

// All are the perils that were last found, each a line for people.
func (p *perils) All() []string {
	if found := p.found.Load(); found != nil {
		return *found
	}
	return nil
}

// examine notes, counts and logs settings of Redis by which the log can be lost.
func (w *watcher) examine(m store.Memory) {
	setFlag(w.m.evicts, m.Evicts)
	setFlag(w.m.unwritten, m.Unwritten)
	if !w.perils.Set(m, w.now()) {
		return
	}
	for _, what := range w.perils.All() {
		w.log.Warn("a setting of Redis can lose the log", slog.String("what", what))
	}
}

// setFlag sets a gauge that is 1 or 0.
func setFlag(g prometheus.Gauge, on bool) {
	if on {
		g.Set(1)
		return
	}
	g.Set(0)
}

// Perils are settings of Redis by which the log can be lost although this node works now,
// each a line for people.
func (r *Replica) Perils() []string { return r.watch.perils.All() }
