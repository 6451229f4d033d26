package ingest

import (
	"context"
	"fmt"
	"hash/maphash"
	"time"

	"faultline"
	"faultline/trace"
)

// Bounds of a batch of probes and of what one of them says.
const (
	maxProbes   = 5000
	maxVia      = 16
	maxVantage  = 64
	maxDetail   = 64
	maxVantages = faultline.MaxVantages // remembered; beyond, records are appended again
)

// What one token may send. A vantage that checks every site of the list four
// times a minute sends all that can be of use.
const (
	minLines       = 6_000 // a minute, however short the list of sites is
	linesOfSite    = 4     // a minute, for each site of the list
	lineKeyBits    = 12    // 2^12 vantages are remembered, 64 KiB
	maxRefusedVias = 20    // components that one answer names
)

// Probes takes what one vantage has checked, at most 5,000 probes. It returns
// once all that were accepted, and the vantage's record when that is new or
// changed, are in the log together. A probe that says no time was made just
// now. Those refused are named by pointers such as /3/site, everything else is
// kept: a site that is not on the list is refused, and so is a component that is
// not recognised, without which its probe is kept.
//
// The result of a check that a person asked for counts as accepted, and goes to
// that person and not into the log.
//
// Errors: [faultline.InvalidError] when the batch is refused whole,
// [faultline.BusyError] when the vantage has sent too many, or
// [faultline.ErrUnavailable], after which the same batch may be sent again: a
// site, vantage and time count once.
func (d *Door) Probes(ctx context.Context, v faultline.Vantage, probes []faultline.Probe) (accepted int,
	rejected []faultline.Invalid, err error) {
	if err := checkVantage(v); err != nil {
		return 0, nil, err
	}
	if len(probes) > maxProbes {
		return 0, nil,
			faultline.InvalidError{{Pointer: fmt.Sprintf("/%d", maxProbes),
				Detail: fmt.Sprintf("a batch carries at most %d probes", maxProbes)}}
	}
	if err := d.admit(v, resultsOf(probes)); err != nil {
		return 0, nil, err
	}
	ctx, span := d.commit.tracer.Start(ctx, "take probes")
	defer span.End()
	good, unknown, rejected := d.readProbes(v, probes)
	checked, refused := d.answerChecks(ctx, unknown)
	rejected = append(rejected, refused...)
	span.Count("faultline.probes", len(probes))
	span.Count("faultline.rejected", len(rejected))
	accepted, err = d.commitProbes(ctx, span, v, good)
	if err != nil {
		span.Fail(outcomeUnavailable)
		return 0, rejected, err
	}
	return accepted + checked, rejected, nil
}

// checkVantage refuses a vantage without a name that can be one.
func checkVantage(v faultline.Vantage) error {
	if v.Vantage == "" || !isWord(v.Vantage, maxVantage) {
		return faultline.InvalidError{{Parameter: "vantage", Detail: fmt.Sprintf("is not a word of 1 to %d characters",
			maxVantage)}}
	}
	return nil
}

// resultsOf is how many results a batch holds. Each of a run counts, or a token could send so
// many times what it may.
func resultsOf(probes []faultline.Probe) (n int) {
	for _, p := range probes {
		n += max(1, min(p.Count(), faultline.MaxRunCount)) // one that can't be is refused later
	}
	return n
}

// admit takes n results of what a vantage may send in a minute.
func (d *Door) admit(v faultline.Vantage, n int) error {
	most := max(minLines, linesOfSite*d.names.Len())
	_, wait := d.lines.take(maphash.String(d.seed, v.Vantage), perMinute(most, most), n, d.now())
	if wait == 0 {
		return nil
	}
	d.metrics.refused.WithLabelValues(refusedLines).Add(float64(n))
	return faultline.BusyError{RetryAfter: wait, Limit: faultline.LimitLines}
}

// readProbes brings a batch to the form that the log carries. It sets apart the
// probes of sites that are not on the list, and names what is refused.
func (d *Door) readProbes(v faultline.Vantage, probes []faultline.Probe) (good []faultline.Event,
	unknown unlistedProbes, rejected []faultline.Invalid) {
	now := d.now()
	// One more for the vantage's record, which is put in front.
	good = make([]faultline.Event, 0, len(probes)+1)
	vias := 0
	for i, p := range probes {
		p, known, wrong := d.readProbe(v.Vantage, p, now)
		if wrong != nil {
			wrong.Pointer = fmt.Sprintf("/%d%s", i, wrong.Pointer)
			rejected = append(rejected, *wrong)
			d.metrics.probes.WithLabelValues(outcomeInvalid).Inc()
			continue
		}
		if !known {
			unknown.add(i, p)
			continue
		}
		var foreign []int
		p.Via, foreign = d.recognised(p)
		for _, at := range foreign {
			if vias++; vias <= maxRefusedVias {
				rejected = append(rejected, faultline.Invalid{Pointer: fmt.Sprintf("/%d/via/%d", i, at),
					Detail: "is no component that is recognised here; the probe is kept without it"})
			}
		}
		good = append(good, p)
	}
	d.metrics.refused.WithLabelValues(refusedComponent).Add(float64(vias))
	return good, unknown, rejected
}

// recognised returns the components of a probe that can be there, and where the
// others stood.
func (d *Door) recognised(p faultline.Probe) (kept []faultline.Component, foreign []int) {
	if d.recognises == nil {
		return p.Via, nil
	}
	for i, c := range p.Via {
		if d.recognises(p.Site, p.Via, c) {
			kept = append(kept, c)
		} else {
			foreign = append(foreign, i)
		}
	}
	return kept, foreign
}

// commitProbes has probes appended to the log, after the vantage's record when
// that is new or changed.
func (d *Door) commitProbes(ctx context.Context, span *trace.Span, v faultline.Vantage,
	probes []faultline.Event) (accepted int, err error) {
	if len(probes) == 0 {
		return 0, nil
	}
	events := probes
	if !d.logged(v) {
		events = append([]faultline.Event{v}, probes...)
	}
	b, err := d.commit.addFrom(span, events...)
	if err == nil {
		err = b.wait(ctx)
	}
	if err != nil {
		d.metrics.probes.WithLabelValues(outcomeUnavailable).Add(float64(len(probes)))
		return 0, err
	}
	d.metrics.probes.WithLabelValues(outcomeCounted).Add(float64(len(probes)))
	d.remember(v)
	d.ends.see(ctx, probes, d.now())
	return len(probes), nil
}

// logged reports whether the log's newest record of the vantage, as far as this
// door wrote it, is v.
func (d *Door) logged(v faultline.Vantage) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.vantages[v.Vantage] == v
}

// remember keeps what a vantage last said of itself. Beyond the bound all are forgotten,
// which costs one record of each vantage more in the log.
func (d *Door) remember(v faultline.Vantage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.vantages) >= maxVantages {
		clear(d.vantages)
	}
	d.vantages[v.Vantage] = v
}

// readProbe brings one probe to the form that the log carries and says whether
// its site is on the list, or what is wrong with it, by a pointer into it.
func (d *Door) readProbe(vantage string, p faultline.Probe, now time.Time) (read faultline.Probe, known bool,
	wrong *faultline.Invalid) {
	site, known, err := d.names.read(p.Site)
	if err != nil {
		return p, false, &faultline.Invalid{Pointer: "/site", Detail: err.Error()}
	}
	if p.Vantage != "" && p.Vantage != vantage {
		return p, false, &faultline.Invalid{Pointer: "/vantage", Detail: "is not the vantage that sends this"}
	}
	if p.At.IsZero() && p.Run == nil {
		p.At = now
	}
	p = p.InMillis()
	if wrong := checkProbe(p); wrong != nil {
		return p, false, wrong
	}
	p.Site, p.Vantage = site, vantage
	p.Symptom = faultline.ProbeSymptom(string(p.Symptom), p.Status)
	return p, known, nil
}

// checkProbe says which member of a result is wrong; nil: none is.
func checkProbe(p faultline.Probe) *faultline.Invalid {
	wrong := func(pointer, format string, args ...any) *faultline.Invalid {
		return &faultline.Invalid{Pointer: pointer, Detail: fmt.Sprintf(format, args...)}
	}
	if member, why := p.Fault(); member != "" {
		return wrong("/"+member, "%s", why)
	}
	switch {
	case p.At.Year() < 1970 || p.At.Year() > 9999:
		return wrong("/at", "is not within the years 1970 to 9999")
	case p.Symptom == "" || !isWord(string(p.Symptom), maxSymptom):
		return wrong("/symptom", "is not a word of 1 to %d characters", maxSymptom)
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
