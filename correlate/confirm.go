package correlate

import "faultline"

// What confirms an incident is evidence that a crowd cannot fake: probes failing
// from two vantages, or from one whose other sites are well while reports over
// several networks agree. Reports alone confirm where nothing probes and they come
// from many networks, and for a viewer's ISP.

const (
	confirmVantages  = 2
	confirmNetworks  = 3  // that agree with one vantage
	confirmASNs      = 20 // where nothing probes
	ownFaultAge      = 60 * second
	ownFaultFailures = 2 // of each of two vantages; one where the crowd agrees and little doubt is left
	sureOdds         = 6.0

	stirFor    = 5 * minute
	stirWithin = 2 * minute
)

// confirms reports whether the evidence of a candidate confirms it, and its basis.
func (e *Engine) confirms(in *incident) (string, bool) {
	if in.Cause.Kind() == faultline.KindISP {
		return faultline.BasisReports, true // viewers asks for all that the contract does
	}
	if in.LogOdds < confirmOdds {
		return "", false
	}
	probed, failing := 0, 0
	for _, m := range in.Members {
		if len(e.sites.rows[m.Site].Tracks) > 0 {
			probed++
		}
		if m.Failed > 0 {
			failing++
		}
	}
	need := 1
	if in.Cause.Kind() == faultline.KindSite && (in.LogOdds < sureOdds || e.agreeing(in) < confirmNetworks) {
		need = ownFaultFailures
	}
	agree, alone := 0, false
	for _, v := range in.ByVantage {
		if v.Failed >= need {
			agree++
			alone = e.vantages.rows[v.Vantage].voice[windowOf(2*minute)] == 1
		}
	}
	single := in.Cause.Kind() == faultline.KindSite
	switch {
	case single && (e.clock-in.Onset[1] < ownFaultAge || e.stirs(in)):
		return "", false
	case agree >= confirmVantages && (single || failing >= 2):
		return e.basis(in), true
	case agree >= confirmVantages && failing > 0 && e.autonomous(in) >= confirmASNs:
		return faultline.BasisBoth, true // one probed site fails, the crowd is broad on the others
	case agree == 1 && alone && e.agreeing(in) >= confirmNetworks:
		return faultline.BasisBoth, true
	case probed == 0 && e.autonomous(in) >= confirmASNs && !e.echo(in):
		return faultline.BasisReports, true
	}
	return "", false
}

// basis says what a confirmed incident rests on.
func (e *Engine) basis(in *incident) string {
	switch {
	case in.ProbesFailed == 0:
		return faultline.BasisReports
	case e.agreeing(in) >= confirmNetworks:
		return faultline.BasisBoth
	}
	return faultline.BasisProbes
}

// agreeing counts the networks that report the incident's sites, if the crowd is
// above normal there at all.
func (e *Engine) agreeing(in *incident) int {
	for _, m := range in.Members {
		if j := e.judgedSite(m.Site); j != nil && j.crowd[windowOf(8*minute)] > 0 && m.Reports > fewReports {
			return len(in.Networks)
		}
	}
	if in.Basis == faultline.BasisBoth {
		return len(in.Networks)
	}
	return 0
}

// autonomous counts the ASNs among the networks that report an incident.
func (e *Engine) autonomous(in *incident) int {
	n := 0
	for _, id := range in.Networks {
		if e.networks.rows[id].ASN != 0 {
			n++
		}
	}
	return n
}

// echoMass is how many times an incident's reports another one must have for the
// smaller to be its echo: people blame their own provider for what is not there.
const echoMass = 5

// echo reports whether a site that only people complain of does so in the shadow
// of a much larger incident.
func (e *Engine) echo(in *incident) bool {
	if in.Cause.Kind() != faultline.KindSite {
		return false
	}
	for _, o := range e.incidents {
		if o != in && o.holds(e.clock) && o.Confirmed != 0 && o.Reports > echoMass*in.Reports && o.Onset[0] <= in.Onset[2]+minute {
			return true
		}
	}
	return false
}

// stirs reports whether other sites on what a failing site stands on began to
// fail, unexplained, at about the same time: then a component may yet speak, and
// the site's own fault waits for it.
func (e *Engine) stirs(in *incident) bool {
	if e.clock-in.Onset[1] >= stirFor || len(in.Members) == 0 {
		return false
	}
	deps := e.sites.rows[in.Members[0].Site].Deps
	for _, o := range e.incidents {
		if o == in || !o.State.Open() || o.Cause.Kind() != faultline.KindSite || max(o.Onset[1]-in.Onset[1], in.Onset[1]-o.Onset[1]) > stirWithin {
			continue
		}
		for _, m := range o.Members {
			for _, d := range deps {
				if e.components.rows[d.C()].Name.Kind() != faultline.KindTLD && e.weight(m.Site, d.C()) > 0 {
					return true
				}
			}
		}
	}
	return false
}
