package correlate

// checkReferences refuses a restored state in which something points beyond a table.
// The checksum of a checkpoint says that it is what was written, and not that whoever wrote
// it was right. Such a state would end the process at some later event, on each node that
// begins from it; one that is refused has an older one to fall back to.
func (e *Engine) checkReferences() error {
	for _, s := range e.sites.rows {
		if s.Incident != 0 && e.incident(s.Incident) == nil {
			return errMalformed
		}
	}
	for _, v := range e.vantages.rows {
		if int(v.Region) >= len(e.vantages.rows) {
			return errMalformed
		}
	}
	for i, in := range e.incidents {
		if i > 0 && in.Ordinal <= e.incidents[i-1].Ordinal || !e.refersWell(in) {
			return errMalformed
		}
	}
	return nil
}

// refersWell reports whether all that an incident points to is there, in the order in which
// it is searched.
func (e *Engine) refersWell(in *incident) bool {
	for i, m := range in.Members {
		if int(m.Site) >= len(e.sites.rows) || i > 0 && m.Site <= in.Members[i-1].Site {
			return false
		}
	}
	for i, v := range in.ByVantage {
		if int(v.Vantage) >= len(e.vantages.rows) || i > 0 && v.Vantage <= in.ByVantage[i-1].Vantage {
			return false
		}
	}
	for i, n := range in.Networks {
		if int(n) >= len(e.networks.rows) || i > 0 && n <= in.Networks[i-1] {
			return false
		}
	}
	return true
}
