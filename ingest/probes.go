package ingest

import (
	"context"
	"fmt"
	"time"

	"faultline"
)

// Bounds of a batch of probes and of what one of them says.
const (
	maxProbes   = 5000
	maxVia      = 16
	maxVantage  = 64
	maxDetail   = 64
	maxLatency  = 10 * time.Minute
	maxVantages = faultline.MaxVantages // remembered; beyond, records are appended again
)

// Probes takes what one vantage has checked, at most 5,000 probes. It returns
// once all that were accepted, and the vantage's record when that is new or
// changed, are in the log together. A probe that says no time was made just
// now. Those refused are named by pointers such as /3/site, everything else is
// kept.
//
// Errors: [faultline.InvalidError] when the batch is refused whole, or
// [faultline.ErrUnavailable], after which the same batch may be sent again: a
// site, vantage and time count once.
func (d *Door) Probes(ctx context.Context, v faultline.Vantage, probes []faultline.Probe) (accepted int, rejected []faultline.Invalid, err error) {
	if v.Vantage == "" || !isWord(v.Vantage, maxVantage) {
		return 0, nil, faultline.InvalidError{{Parameter: "vantage", Detail: fmt.Sprintf("is not a word of 1 to %d characters", maxVantage)}}
	}
	if len(probes) > maxProbes {
		return 0, nil, faultline.InvalidError{{Pointer: fmt.Sprintf("/%d", maxProbes), Detail: fmt.Sprintf("a batch carries at most %d probes", maxProbes)}}
	}
	events := make([]faultline.Event, 0, len(probes)+1)
	if !d.logged(v) {
		events = append(events, v)
	}
	records := len(events)
	now := d.now()
	for i, p := range probes {
		p, wrong := d.readProbe(v.Vantage, p, now)
		if wrong != nil {
			wrong.Pointer = fmt.Sprintf("/%d%s", i, wrong.Pointer)
			rejected = append(rejected, *wrong)
			continue
		}
		events = append(events, p)
	}
	accepted = len(events) - records
	d.metrics.probes.WithLabelValues(outcomeInvalid).Add(float64(len(rejected)))
	if accepted == 0 {
		return 0, rejected, nil
	}
	b, err := d.commit.add(events...)
	if err == nil {
		err = b.wait(ctx)
	}
	if err != nil {
		d.metrics.probes.WithLabelValues(outcomeUnavailable).Add(float64(accepted))
		return 0, rejected, err
	}
	d.metrics.probes.WithLabelValues(outcomeCounted).Add(float64(accepted))
	d.remember(v)
	return accepted, rejected, nil
}

// logged reports whether the log's newest record of the vantage, as far as this
// door wrote it, is v.
func (d *Door) logged(v faultline.Vantage) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.vantages[v.Vantage] == v
}

func (d *Door) remember(v faultline.Vantage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.vantages) >= maxVantages {
		clear(d.vantages)
	}
	d.vantages[v.Vantage] = v
}

// readProbe brings one probe to the form that the log carries, or says what is
// wrong with it, by a pointer into it.
func (d *Door) readProbe(vantage string, p faultline.Probe, now time.Time) (faultline.Probe, *faultline.Invalid) {
	site, err := d.names.Normalise(p.Site)
	if err != nil {
		return p, &faultline.Invalid{Pointer: "/site", Detail: err.Error()}
	}
	if p.Vantage != "" && p.Vantage != vantage {
		return p, &faultline.Invalid{Pointer: "/vantage", Detail: "is not the vantage that sends this"}
	}
	if p.At.IsZero() {
		p.At = now
	}
	if wrong := checkProbe(p); wrong != nil {
		return p, wrong
	}
	p.Site, p.Vantage, p.At = site, vantage, faultline.Millis(p.At)
	p.Symptom = faultline.ProbeSymptom(string(p.Symptom), p.Status)
	return p, nil
}

func checkProbe(p faultline.Probe) *faultline.Invalid {
	wrong := func(pointer, format string, args ...any) *faultline.Invalid {
		return &faultline.Invalid{Pointer: pointer, Detail: fmt.Sprintf(format, args...)}
	}
	switch {
	case p.At.Year() < 1970 || p.At.Year() > 9999:
		return wrong("/at", "is not within the years 1970 to 9999")
	case p.Symptom == "" || !isWord(string(p.Symptom), maxSymptom):
		return wrong("/symptom", "is not a word of 1 to %d characters", maxSymptom)
	case !faultline.ValidStatus(p.Status):
		return wrong("/status", "is not an HTTP status")
	case p.LatencyMS < 0 || p.LatencyMS > int(maxLatency.Milliseconds()):
		return wrong("/latency_ms", "is not within 0 to %d", maxLatency.Milliseconds())
	case !isWord(p.Detail, maxDetail):
		return wrong("/detail", "is not a word of at most %d characters", maxDetail)
	case len(p.Via) > maxVia:
		return wrong("/via", "has more than %d components", maxVia)
	}
	for i, c := range p.Via {
		if !c.Valid() {
			return wrong(fmt.Sprintf("/via/%d", i), "is not a component, kind:name")
		}
	}
	return nil
}
