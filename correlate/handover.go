package correlate

import "faultline"

// Two causes may hold the same sites. When everything that only the one of them
// holds is back, what still fails fails by the other.

// handOver gives the sites of an incident that fail on to another open one that
// explains them too, once all that this one holds alone has recovered.
func (e *Engine) handOver(in *incident) {
	if in.Confirmed == 0 || in.Failing == 0 || in.traits().Own {
		return
	}
	alone, back := 0, int64(0)
	var contested []int
	for i := range in.Members {
		m := &in.Members[i]
		switch {
		case m.Left:
		case e.holder(in, m.Site) != nil:
			if m.fails() {
				contested = append(contested, i)
			}
		case len(e.sites.rows[m.Site].Tracks) == 0 && in.ProbesFailed > 0: // its crowd goes on for a while
		case m.fails():
			return
		case m.State == faultline.SiteRecovered:
			alone++
			back = max(back, m.Recovered)
		}
	}
	// One or two sites that are back may be so by chance.
	if alone < handOverSites {
		return
	}
	for _, i := range contested {
		m := &in.Members[i]
		m.State, m.Recovered, m.Left = faultline.SiteRecovered, max(m.Onset, back), true
		e.enlist(e.holder(in, m.Site), m.Site, m.Recovered).Taken = true
	}
}

// holder returns another confirmed incident that is open and whose cause a site
// depends on.
func (e *Engine) holder(in *incident, id uint32) *incident {
	for _, o := range e.incidents {
		if o == in || !o.State.Open() || o.Confirmed == 0 || o.Failing == 0 || o.member(id) != nil {
			continue
		}
		if c, ok := e.components.find(string(o.Cause)); ok && e.weight(id, c) > 0 {
			return o
		}
	}
	return nil
}
