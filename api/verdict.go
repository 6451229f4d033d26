package api

import (
	"fmt"
	"net/netip"
	"net/url"

	"faultline"

	"github.com/gin-gonic/gin"
)

// What a verdict asks for before it speaks.
const (
	verdictProbes = 3  // of the site, all well, to say that everyone else is fine
	verdictSites  = 10 // reported by one network, to say that it is the network
	verdictRise   = 5. // times what is expected of that network
	verdictOthers = 3  // reports of the site beyond what is usual that need no explaining
)

// VerdictAnswer is a verdict with how old it is.
type VerdictAnswer struct {
	Meta Meta `json:"meta"`
	faultline.Verdict
}

// getVerdict answers "is it me?". The viewer's network is read off the address
// of the request, for this answer alone.
//
// @ID       getVerdict
// @Summary  Is it me? The site, its provider, your ISP, or you
// @Description The network that the question comes from is looked up for this answer, and never stored. Its numbers are of the last 10 minutes.
// @Tags     sites
// @Produce  json
// @Param    site query string true "as a person would name it" example(bbc.co.uk)
// @Success  200 {object} VerdictAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Header   200 {string} Faultline-As-Of "when what is said was true (RFC 3339)"
// @Failure  400,401,404,429,503 {object} Problem
// @Router   /v1/verdict [get]
func (a *api) getVerdict(c *gin.Context, query url.Values) error {
	if !query.Has("site") {
		return invalidParameter("site", "is needed here: which site is it about?")
	}
	record, err := a.cfg.Lookup(query.Get("site"))
	if err != nil {
		return parameterFault(err, "site")
	}
	s, err := a.cfg.Board.snapshot()
	if err != nil {
		return err
	}
	p, err := newPage(VerdictAnswer{Meta: s.meta, Verdict: s.verdict(record, a.network(c))})
	if err != nil {
		return err
	}
	a.writeRead(c, p.plain(), s, cachePersonal)
	return nil
}

// network is the autonomous system that a request comes from, 0 if unknown.
func (a *api) network(c *gin.Context) uint32 {
	addr, err := netip.ParseAddr(c.ClientIP())
	if err != nil || a.cfg.Network == nil {
		return 0
	}
	asn, _ := a.cfg.Network.Label(addr.Unmap())
	return asn
}

// Verdict answers "is it me?" for a site and a viewer's network, 0 if unknown,
// from what the Board holds. It fails with [faultline.ErrUnavailable] until the
// source was read once.
func (b *Board) Verdict(record faultline.SiteRecord, asn uint32) (faultline.Verdict, error) {
	s, err := b.snapshot()
	if err != nil {
		return faultline.Verdict{}, err
	}
	return s.verdict(record, asn), nil
}

// verdict weighs the answers, those with firm evidence first: an incident that
// explains it, then the viewer's network, then what the probes see.
func (s *snapshot) verdict(record faultline.SiteRecord, asn uint32) faultline.Verdict {
	status, network := s.status(record), s.network(asn)
	v := faultline.Verdict{Site: record.Site, Reports: status.Reports, Probes: status.Probes, ProbesFailed: status.ProbesFailed,
		ASN: int(asn), NetworkSites: network.Sites, NetworkReports: network.Reports}
	inc := s.explaining(status.Incidents, asn)
	switch {
	case inc != nil && status.State == faultline.SiteRecovered && !ispOf(inc, asn):
		v.Blame, v.Incident = faultline.BlameYou, inc
		v.Because = v.Site + " was failing, and its last probes succeed: if it still fails for you, the fault is near you."
	case inc != nil:
		v.Incident = inc
		v.Blame, v.Because = explain(v.Site, status, inc)
	case network.Sites >= verdictSites && float64(network.Reports) >= verdictRise*network.Expected && v.ProbesFailed == 0 &&
		float64(v.Reports) <= float64(network.Reports)+faultline.ExpectedHigh(status.Expected)+verdictOthers && v.Probes > 0:
		v.Blame = faultline.BlameISP
		v.Because = fmt.Sprintf("Your network, AS%d, is where it fails: its people made %d reports of %d sites in the last 10 minutes (%.0f are usual), and all %d probes of %s succeeded.",
			asn, network.Reports, network.Sites, network.Expected, v.Probes, v.Site)
	default:
		v.Blame, v.Because = withoutIncident(v, status.State, status.Expected)
	}
	return v
}

// explain says what an open incident means for one of its sites.
func explain(site string, status faultline.SiteStatus, inc *faultline.Incident) (faultline.Blame, string) {
	sure := "is failing"
	if inc.State == faultline.StateCandidate {
		sure = "seems to be failing, which nothing confirms yet"
	}
	share := fmt.Sprintf("%d of %d sites", inc.Impact.Failing, inc.Impact.Observed)
	switch {
	case inc.Cause == nil:
		return faultline.BlameUnknown, fmt.Sprintf("It is not you: %s fails for others too, among %s; what these share is not known.", site, share)
	case inc.Cause.Kind == faultline.KindISP:
		return faultline.BlameISP, fmt.Sprintf("Your network, %s, %s: its people miss %d sites that others reach.", inc.Cause.Name, sure, inc.Impact.Observed)
	case inc.Cause.Kind == faultline.KindSite:
		return faultline.BlameSite, fmt.Sprintf("%s %s: %d of %d probes of it failed in the last 10 minutes and %d people reported it, while what it stands on works for others.",
			site, sure, status.ProbesFailed, status.Probes, status.Reports)
	}
	return faultline.BlameProvider, fmt.Sprintf("%s, which %s stands on, %s: %s on it that we observe fail.", inc.Cause.Name, site, sure, share)
}

// withoutIncident is the verdict where no incident and no network explains it.
func withoutIncident(v faultline.Verdict, state faultline.SiteState, usual float64) (faultline.Blame, string) {
	seen := fmt.Sprintf("%d of %d probes of %s failed in the last 10 minutes and %d people reported it", v.ProbesFailed, v.Probes, v.Site, v.Reports)
	switch {
	case state == faultline.SiteDown:
		return faultline.BlameSite, "It is not you: " + seen + ". Nothing else that we know of fails with it."
	case v.ProbesFailed > 0:
		return faultline.BlameUnknown, "We do not know: " + seen + "."
	case v.Probes < verdictProbes && v.Reports == 0:
		return faultline.BlameUnknown, "We do not know: hardly anything was heard of " + v.Site + " in the last 10 minutes, and silence is no evidence."
	case v.Probes < verdictProbes:
		return faultline.BlameUnknown, fmt.Sprintf("We do not know: %d people reported %s in the last 10 minutes, and no probe of ours looked.", v.Reports, v.Site)
	}
	if float64(v.Reports) > faultline.ExpectedHigh(usual)+verdictOthers {
		return faultline.BlameUnknown, fmt.Sprintf("We do not know: all %d probes of %s succeeded in the last 10 minutes, and %d people report it all the same (%.0f are usual).", v.Probes, v.Site, v.Reports, usual)
	}
	return faultline.BlameYou, fmt.Sprintf("Everyone else is fine: all %d probes of %s succeeded in the last 10 minutes and %d people reported it. The fault is most likely near you.", v.Probes, v.Site, v.Reports)
}

// explaining returns the open incident that explains what a viewer of that
// network sees of a site: the foremost of the site's own, but for those of other
// networks, or else that of the viewer's.
func (s *snapshot) explaining(ids []string, asn uint32) *faultline.Incident {
	fits := make([]string, 0, len(ids))
	for _, id := range ids {
		if e := s.byID[id]; e != nil && (e.inc.Cause == nil || e.inc.Cause.Kind != faultline.KindISP || ispOf(&e.inc, asn)) {
			fits = append(fits, id)
		}
	}
	e := s.foremost(fits)
	for i := 0; e == nil && asn != 0 && i < len(s.order); i++ {
		if o := s.order[i]; o.inc.State.Open() && ispOf(&o.inc, asn) {
			e = o
		}
	}
	if e == nil {
		return nil
	}
	listed := e.inc.Listed()
	return &listed
}

// ispOf reports whether an incident's cause is that network.
func ispOf(inc *faultline.Incident, asn uint32) bool {
	return inc.Cause != nil && asn != 0 && inc.Cause.Component == faultline.NewComponent(faultline.KindISP, fmt.Sprintf("AS%d", asn))
}

// network is what the people of one network say.
func (s *snapshot) network(asn uint32) faultline.NetworkStatus {
	for _, n := range s.view.Networks {
		if asn != 0 && n.ASN == int(asn) {
			return n
		}
	}
	return faultline.NetworkStatus{ASN: int(asn)}
}
