package correlate

import (
	"math"
	"slices"

	"faultline"
)

// Readers of these pages are evidence about their own network. If almost none of them read any
// more, that confirms an outage of the network. If they read as usual, that contradicts reports of
// one.

// silentViewers opens and refreshes the incidents of networks whose readers have fallen
// silent.
func (e *Engine) silentViewers() {
	e.judgeReaders()
	for _, in := range e.incidents {
		// Set again below for those that are silent now.
		in.Silent = false
	}
	for i := range e.readers.Networks {
		n := &e.readers.Networks[i]
		if n.Silent < silentMinutes {
			continue
		}
		id, ok := e.network(faultline.Report{ASN: n.ASN, Country: string(n.Country[:])})
		if !ok {
			e.counters.Refused++
			continue
		}
		cause := faultline.NewComponent(faultline.KindISP, e.networks.rows[id].Name)
		in := e.held(cause)
		switch {
		case in == nil:
			in = e.open(cause, silenceOdds)
			e.holdNetwork(in, id)
		case in.State == faultline.StateResolved:
			e.reopenISP(in, id)
		}
		// The minute at which reading stopped is a sharper onset than the reports are, and is set
		// once: a published onset must not move with each minute of silence.
		if !in.Silenced {
			in.Onset, in.CountedFrom = n.Since, roundedUp(n.Since[1])
		}
		in.Silent, in.Silenced, in.SilentSince = true, true, n.Since
		in.LogOdds, in.PeakOdds = max(in.LogOdds, silenceOdds), max(in.PeakOdds, silenceOdds)
		in.LastFail = max(in.LastFail, e.readers.Judged)
	}
}

// holdNetwork makes the reports of a network's people count for its own incident alone. They miss
// every site, so they would accuse all of them.
func (e *Engine) holdNetwork(in *incident, id uint32) {
	row := e.networks.rows[id]
	row.Incident = in.Ordinal
	if i, ok := slices.BinarySearch(in.Networks, id); !ok {
		in.Networks = slices.Insert(in.Networks, i, id)
	}
	e.s.failingISPs++
	e.s.capsGen++
}

// reopenISP goes on with an incident that had ended: it is the same one again.
func (e *Engine) reopenISP(in *incident, id uint32) {
	e.reopen(in)
	if e.networks.rows[id].Incident == 0 {
		e.holdNetwork(in, id)
	}
}

// readersOf is what is known of the readers from the network of an incident; nil: nothing,
// too few read.
func (e *Engine) readersOf(in *incident) *readNetwork {
	id, ok := e.networks.find(in.Cause.Name())
	if !ok || !in.traits().viewers {
		return nil
	}
	i, ok := e.readers.place(e.networks.rows[id].ASN)
	if !ok || !e.readers.Networks[i].known(readLeast) {
		return nil
	}
	return &e.readers.Networks[i]
}

// viewersConfirm reports whether the outage of a viewers' network is confirmed, and by what.
// That people complain of enough is what opened it.
func (e *Engine) viewersConfirm(in *incident) (string, bool) {
	if n := e.readersOf(in); !in.Silent && n != nil && n.Steady >= steadyMinutes {
		return "", false
	}
	return in.viewersBasis(), true
}

// viewersBasis says which witnesses the outage of a viewers' network has.
func (in *incident) viewersBasis() string {
	switch {
	case !in.Silenced:
		return faultline.BasisReports
	case len(in.Members) == 0: // people have not named sites enough
		return faultline.BasisReaders
	}
	return faultline.BasisReadersReports
}

// readersEvidence is what is published of the readers of an incident's network.
func (e *Engine) readersEvidence(in *incident) *faultline.ReadersEvidence {
	n := e.readersOf(in)
	if n == nil {
		return nil
	}
	// Rounded to tens, so that nobody can tell from the number whether one person read.
	tens := int(math.Round(n.Usual / decimal))
	out := &faultline.ReadersEvidence{State: faultline.ReadersUnclear, Usual: decimal * tens}
	switch {
	case in.Silent:
		out.State = faultline.ReadersSilent
	case n.Steady >= steadyMinutes:
		out.State = faultline.ReadersSteady
	}
	return out
}
