package board

import (
	"slices"

	"faultline"
	"faultline/correlate/verdict"
)

// Verdict answers "is it me?" for a site and a viewer's network, 0 if unknown,
// from what the Board holds. It fails with [faultline.ErrUnavailable] until the
// source was read once.
func (b *Board) Verdict(record faultline.SiteRecord, asn uint32) (faultline.Verdict, error) {
	s, err := b.Snapshot()
	if err != nil {
		return faultline.Verdict{}, err
	}
	return s.Verdict(record, asn), nil
}

// Verdict is [Board.Verdict] as of the snapshot.
func (s *Snapshot) Verdict(record faultline.SiteRecord, asn uint32) faultline.Verdict {
	status := s.Status(record)
	q := verdict.Question{Site: record.Site, Status: status, ASN: asn, Network: s.network(asn),
		Incident: s.explaining(status.Incidents, asn), Blind: s.Blind()}
	switch {
	case q.Incident != nil && status.State == faultline.SiteRecovered:
		q.Owned = s.owns(record.Site, q.Incident)
	case q.Incident == nil:
		if e := s.OfOwner(record.Site); e != nil {
			listed := e.Incident.Listed()
			q.Incident, q.Owned = &listed, true
		} else if parts := s.PartsOf(record.Site); len(parts) > 0 {
			listed := parts[0].Incident.Listed()
			q.Incident, q.Partly = &listed, true
		}
	}
	return verdict.Of(q)
}

// explaining returns the open incident that explains what a viewer of that
// network sees of a site: the foremost of the site's own, but for those of other
// networks, or else that of the viewer's.
func (s *Snapshot) explaining(ids []string, asn uint32) *faultline.Incident {
	fits := make([]string, 0, len(ids))
	for _, id := range ids {
		if e := s.byID[id]; e != nil &&
			(e.Incident.Cause == nil || e.Incident.Cause.Kind != faultline.KindISP ||
				verdict.IsNetwork(&e.Incident, asn)) {
			fits = append(fits, id)
		}
	}
	e := s.Foremost(fits)
	for i := 0; e == nil && asn != 0 && i < len(s.Order); i++ {
		if o := s.Order[i]; o.Incident.State.Open() && verdict.IsNetwork(&o.Incident, asn) {
			e = o
		}
	}
	if e == nil {
		return nil
	}
	listed := e.Incident.Listed()
	return &listed
}

// OfOwner returns the foremost open incident of what the owner of a site runs, or nil:
// whoever asks about aws.amazon.com while AWS us-east-1 fails means that.
func (s *Snapshot) OfOwner(site string) *Entry {
	var ids []string
	for _, p := range s.providers.Running(site) {
		for _, e := range s.Order {
			if c := e.Incident.Cause; c != nil && e.Incident.State.Open() && p.Runs(c.Component) {
				ids = append(ids, e.Incident.ID)
			}
		}
	}
	return s.Foremost(ids)
}

// owns reports whether the owner of a site runs what an incident is about.
func (s *Snapshot) owns(site string, inc *faultline.Incident) bool {
	return inc.Cause != nil && slices.ContainsFunc(s.providers.Running(site),
		func(p faultline.Provider) bool { return p.Runs(inc.Cause.Component) })
}

// network is what the people of one network say.
func (s *Snapshot) network(asn uint32) faultline.NetworkStatus {
	for _, n := range s.View.Networks {
		if asn != 0 && n.ASN == int(asn) {
			return n
		}
	}
	return faultline.NetworkStatus{ASN: int(asn)}
}
