package ingest

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"faultline"
)

const (
	// restateEvery is how often an open alert is written to the log again.
	restateEvery = time.Minute
	// alertSilence is how long an alert stands unless it is repeated or resolved.
	// Alertmanager and others repeat an open alert; one that nobody repeats may be of a
	// program that has died.
	alertSilence = 5 * time.Minute
	// alertFresh is how long an alert is news of a change: before it all was well.
	alertFresh = 10 * time.Minute
	// alertCheck is how often the door looks which are due.
	alertCheck = 5 * time.Second
)

// Bounds of what stands.
const (
	maxAlerts      = 1 << 14 // of all vantages
	maxAlertsOfOne = 512     // of one vantage, so that none takes the others' room
	maxAlertBatch  = 1000    // of one message
	// bytes: a key is kept in memory as long as its alert stands
	maxAlertKey     = 256
	outcomeStated   = "stated"
	outcomeRestated = "restated"
	outcomeResolved = "resolved"
	outcomeSilent   = "silent"
)

// alerts are those that stand. An alert is one event and no cadence: what it says
// is restated each minute, as a monitor that looks each minute would, until it is
// resolved or nobody has repeated it for five minutes. That there is none says
// nothing: only one that is resolved is a word of health. They live in this
// process; after a restart the program's next repetition brings them back.
type alerts struct {
	mu       sync.Mutex
	standing map[alertKey]*standing
	of       map[string]int // how many stand, by vantage
	outcomes *prometheus.CounterVec
}

// alertKey is what tells alerts of one sender apart: the site, and the sender's own key of
// the alert.
type alertKey struct{ vantage, site, key string }

// standing is an alert that is open. It is stated again while it lasts, because evidence
// only counts for some minutes.
type standing struct {
	vantage          faultline.Vantage
	symptom          faultline.Symptom
	status           int
	repeated, stated time.Time
	since            time.Time // when it began
}

// newAlerts returns the open alerts of this node: none.
func newAlerts(reg prometheus.Registerer) *alerts {
	auto := promauto.With(reg)
	a := &alerts{standing: map[alertKey]*standing{}, of: map[string]int{},
		outcomes: auto.NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_alerts_total",
			Help: "Alerts by what became of them: stated, restated, resolved, silent (nobody repeated it), invalid.",
		}, []string{"outcome"})}
	auto.NewGaugeFunc(prometheus.GaugeOpts{Name: "faultline_alerts_standing", Help: "Alerts that are open."},
		func() float64 { a.mu.Lock(); defer a.mu.Unlock(); return float64(len(a.standing)) })
	return a
}

// Alerts takes what a monitoring program says of sites, as the vantage that it is,
// at most 1,000 at once. It returns once what is new is in the log; a repetition
// only keeps an alert standing. Errors and pointers are those of [Door.Probes].
//
// One alert that is refused does not refuse the others. A program that sends a hundred
// of which one names an unknown site would else be silent about all of them.
func (d *Door) Alerts(ctx context.Context, v faultline.Vantage, alerts []faultline.Alert) (accepted int,
	rejected []faultline.Invalid, err error) {
	if err := checkVantage(v); err != nil {
		return 0, nil, err
	}
	if len(alerts) > maxAlertBatch {
		return 0, nil,
			faultline.InvalidError{{Pointer: fmt.Sprintf("/%d", maxAlertBatch),
				Detail: fmt.Sprintf("a message carries at most %d alerts", maxAlertBatch)}}
	}
	// One reading of the clock for the whole message: two alerts of it would else
	// differ in which of them is fresh.
	now := d.now()
	var probes []faultline.Probe
	for i, a := range alerts {
		probe, wrong := d.take(v, a, now)
		if wrong != nil {
			wrong.Pointer = fmt.Sprintf("/%d%s", i, wrong.Pointer)
			rejected = append(rejected, *wrong)
			d.alerts.outcomes.WithLabelValues(outcomeInvalid).Inc()
			continue
		}
		accepted++
		if probe != nil {
			probes = append(probes, *probe)
		}
	}
	if err := d.state(ctx, v, probes); err != nil {
		return 0, rejected, err
	}
	return accepted, rejected, nil
}

// state has the log take what alerts make known; what it does not take is said
// again in the next round.
func (d *Door) state(ctx context.Context, v faultline.Vantage, probes []faultline.Probe) error {
	events := make([]faultline.Event, len(probes))
	for i, p := range probes {
		events[i] = p
	}
	ctx, span := d.commit.tracer.Start(ctx, "take alerts")
	defer span.End()
	span.Count("faultline.probes", len(probes))
	_, err := d.commitProbes(ctx, span, v, events)
	if err != nil {
		d.unstate(v, probes)
	}
	return err
}

// drop ends an alert. The caller holds the lock.
func (a *alerts) drop(key alertKey) {
	if a.standing[key] == nil {
		return
	}
	delete(a.standing, key)
	if a.of[key.vantage]--; a.of[key.vantage] == 0 {
		delete(a.of, key.vantage)
	}
}

// take takes one alert in and returns what it makes known, nil when that is
// nothing new.
//
// One resolved alert says that the site works only where no other alert of that sender
// says the contrary. A beginning in the future is a wrong clock of the sender, and counts
// as now, or the alert would stay news beyond its time.
//
// The open alert is entered before the log has taken it. If the log then refuses,
// [Door.unstate] makes it due at once, so nothing is lost and no lock is held while the
// log writes.
func (d *Door) take(v faultline.Vantage, a faultline.Alert, now time.Time) (*faultline.Probe, *faultline.Invalid) {
	if len(a.Key) > maxAlertKey {
		return nil, &faultline.Invalid{Pointer: "/key", Detail: fmt.Sprintf("is longer than %d bytes", maxAlertKey)}
	}
	if a.Resolved {
		a.Symptom, a.Status = faultline.SymptomOK, 0
	}
	p, known, wrong := d.readProbe(v.Vantage,
		faultline.Probe{Site: a.Site, Symptom: cmp.Or(a.Symptom, faultline.SymptomOther), Status: a.Status}, now)
	if wrong != nil {
		return nil, wrong
	}
	if !known {
		d.metrics.refused.WithLabelValues(refusedSite).Inc()
		return nil, &faultline.Invalid{Pointer: "/site", Detail: unknownSite(p.Site)}
	}
	as := d.alerts
	as.mu.Lock()
	defer as.mu.Unlock()
	key := alertKey{v.Vantage, p.Site, a.Key}
	s := as.standing[key]
	if a.Resolved {
		as.drop(key)
		as.outcomes.WithLabelValues(outcomeResolved).Inc()
		for other := range as.standing {
			if other.vantage == key.vantage && other.site == key.site {
				return nil, nil // another alert says that it still fails
			}
		}
		return &p, nil
	}
	if s == nil {
		if as.of[key.vantage] >= maxAlertsOfOne || len(as.standing) >= maxAlerts {
			d.metrics.refused.WithLabelValues(refusedAlerts).Inc()
			return nil,
				&faultline.Invalid{
					Detail: fmt.Sprintf("%d alerts of this sender are open already, or %d of all senders",
						maxAlertsOfOne, maxAlerts)}
		}
		s = &standing{}
		as.standing[key] = s
		as.of[key.vantage]++
	}
	changed := s.symptom != p.Symptom
	since := s.since
	if since.IsZero() {
		since = now
		if !a.Since.IsZero() && a.Since.Before(now) {
			since = a.Since
		}
	}
	*s = standing{vantage: v, symptom: p.Symptom, status: p.Status, repeated: now, stated: s.stated, since: since}
	p.Detail = s.detail(now)
	if !changed && now.Sub(s.stated) < restateEvery {
		return nil, nil
	}
	s.stated = now
	as.outcomes.WithLabelValues(outcomeStated).Inc()
	return &p, nil
}

// detail says whether an alert is news of a change.
func (s *standing) detail(now time.Time) string {
	if now.Sub(s.since) < alertFresh {
		return faultline.DetailAlert
	}
	return faultline.DetailStandingAlert
}

// unstate has the next round say what did not reach the log. An alert without a moment
// at which it was stated is due at the next look.
func (d *Door) unstate(v faultline.Vantage, probes []faultline.Probe) {
	sites := make(map[string]bool, len(probes))
	for _, p := range probes {
		sites[p.Site] = true
	}
	d.alerts.mu.Lock()
	defer d.alerts.mu.Unlock()
	for key, s := range d.alerts.standing {
		if key.vantage == v.Vantage && sites[key.site] {
			s.stated = time.Time{}
		}
	}
}

// restate writes the open alerts to the log once a minute, until ctx ends. It looks
// every five seconds and not every minute, so that alerts are spread over the minute as
// they came in, and the log gets no burst.
func (d *Door) restate(ctx context.Context) {
	tick := time.NewTicker(alertCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for v, probes := range d.due(d.now()) {
			_ = d.state(ctx, v, probes) // what fails is said again
		}
	}
}

// due are the alerts to be restated now, by vantage; what nobody repeats is
// dropped, and nothing is said in its place.
//
// Only the table is locked here; the caller writes to the log afterwards. An alert that
// is marked as restated and then not written is put back by [Door.unstate].
func (d *Door) due(now time.Time) map[faultline.Vantage][]faultline.Probe {
	as := d.alerts
	as.mu.Lock()
	defer as.mu.Unlock()
	byVantage := map[faultline.Vantage][]faultline.Probe{}
	for key, s := range as.standing {
		switch {
		case now.Sub(s.repeated) >= alertSilence:
			as.drop(key)
			as.outcomes.WithLabelValues(outcomeSilent).Inc()
		case now.Sub(s.stated) >= restateEvery:
			s.stated = now
			as.outcomes.WithLabelValues(outcomeRestated).Inc()
			byVantage[s.vantage] = append(byVantage[s.vantage], faultline.Probe{
				At: faultline.Millis(now), Site: key.site, Vantage: key.vantage, Symptom: s.symptom, Status: s.status,
				Detail: s.detail(now)})
		}
	}
	return byVantage
}
