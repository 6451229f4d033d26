package faultline

import (
	"fmt"
	"iter"
	"time"
)

// ProbeRun says that a probe stands for several: consecutive results of one site at one vantage
// that all found it well, evenly spaced, of which the probe itself is the last. Almost all
// results are healthy, and a log in which each has a record of its own is mostly these records.
type ProbeRun struct {
	From time.Time `json:"from"` // when the first of them was
	// Count is how many there are, with the first and the last: 2 to [MaxRunCount].
	Count int `json:"count" minimum:"2" maximum:"8"`
	// LatencyMS is what they took: the least, the median and the most, in milliseconds.
	LatencyMS [3]int `json:"latency_ms"`
}

// The bounds of a run. A run is handed in with its last result, so that its first one is older
// by the span, which is three periods of a minute with what a schedule draws them longer: within
// [LateBound] with a minute and a half to spare for the way. At least an eighth of what
// arrives is thus new, which is more than the tenth by which the fold judges a vantage's clock.
const (
	MaxRunSpan  = 200 * time.Second
	MaxRunCount = 8
)

// Results are the results that a probe stands for, in order of time: those of its run, or
// itself. The times of a run are spaced evenly and cut to whole milliseconds, and each of its
// results took the median.
func (p Probe) Results() iter.Seq[Probe] {
	return func(yield func(Probe) bool) {
		run := p.Run
		p.Run = nil
		if run == nil {
			yield(p)
			return
		}
		last, one := p.At, p
		span := last.Sub(run.From)
		one.LatencyMS, one.CertificateEnds = run.LatencyMS[1], time.Time{}
		for i := range run.Count - 1 {
			one.At = Millis(run.From.Add(span * time.Duration(i) / time.Duration(run.Count-1)))
			if !yield(one) {
				return
			}
		}
		one.At, one.CertificateEnds = last, p.CertificateEnds
		yield(one)
	}
}

// InMillis is the probe as a log keeps it: its times in whole milliseconds, and of a run the
// median as what it took. The run is a copy.
func (p Probe) InMillis() Probe {
	p.At = Millis(p.At)
	if p.Run != nil {
		run := *p.Run
		run.From = Millis(run.From)
		p.Run, p.LatencyMS = &run, run.LatencyMS[1]
	}
	return p
}

// Count is how many results a probe stands for.
func (p Probe) Count() int {
	if p.Run == nil {
		return 1
	}
	return p.Run.Count
}

// fault names the member of a run that can't be, and says why; empty when none is.
func (r ProbeRun) fault(p Probe) (member, why string) {
	least, median, most := r.LatencyMS[0], r.LatencyMS[1], r.LatencyMS[2]
	switch {
	case ProbeSymptom(string(p.Symptom), p.Status) != SymptomOK:
		return "run", "is of results that found the site well, and of no others"
	case r.Count < 2 || r.Count > MaxRunCount:
		return "run/count", fmt.Sprintf("is not within 2 to %d", MaxRunCount)
	case p.At.IsZero():
		return "at", "is missing: a run ends at the time of its last result"
	case p.At.Sub(r.From) < time.Duration(r.Count-1)*time.Millisecond || p.At.Sub(r.From) > MaxRunSpan:
		return "run/from", fmt.Sprintf("is not before at by %d ms to %v", r.Count-1, MaxRunSpan)
	case least < 0 || median < least || most < median || most > int(MaxLatency.Milliseconds()):
		return "run/latency_ms", fmt.Sprintf("does not ascend within 0 to %d", MaxLatency.Milliseconds())
	}
	return "", ""
}
