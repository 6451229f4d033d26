package correlate

// explain raises the chance of failure of a component's members.
func (e *Engine) explain(c uint32, q float64) {
	for _, on := range e.dependentsOf(c) {
		j := &e.s.evidence[on.at]
		settled := e.s.changes[e.active[on.at]]&quiescent != 0
		if !settled && e.components.rows[c].kind.excluded(e.evidenceAt(on.at).step) {
			continue
		}
		e.s.explain(on.at, 1-(1-j.p0)*(1-q*on.weight))
	}
}

// explainOpen starts the explanation from the incidents that are open. Young ones
// must win their cause again, and may lose it to a better one, unless they are sure
// of it.
func (e *Engine) explainOpen(sure bool) {
	for _, in := range e.incidents {
		if !in.holds(e.clock) || in.traits().viewers {
			continue // a viewer's ISP fails no site
		}
		young := in.young(e.clock) && !sure
		if in.traits().own && in.State.Open() && e.clock-in.Detected <= renameWithin {
			continue // several such sites may yet have a cause in common
		}
		if c, ok := e.components.find(string(in.Cause)); ok && !young {
			e.explain(c, in.heldFraction())
		}
		for _, m := range in.Members {
			if at := e.s.place(m.Site); at >= 0 && (!young || m.Adopted) {
				e.s.explain(at, max(e.s.evidence[at].p0, memberChance))
			}
		}
	}
}

// explainNothing forgets what explains what.
func (e *Engine) explainNothing() {
	for _, at := range e.s.explained {
		j := &e.s.evidence[at]
		j.p0, j.held, j.explained = 0, 0, false
	}
	e.s.explained = e.s.explained[:0]
}

// leakIn is the chance that a site that was well began to fail on its own within
// a window: sites that fail at one moment do so for one reason.
func (e *Engine) leakIn(w int) float64 {
	return e.leak * min(1, float64(windowMS[w]+leakGrace)/float64(windowMS[windows-1]))
}

// backgroundProb is the chance that a site fails since a window by anything but the
// cause that is being weighed.
func (e *Engine) backgroundProb(j *siteEvidence, w int) float64 {
	return 1 - (1-e.leakIn(w))*(1-j.p0)*(1-e.s.unmappedProb)
}

// young reports whether the cause of an incident is still open to doubt.
func (in *incident) young(now int64) bool {
	kind := in.traits()
	return in.State.Open() && now-in.Detected <= renameWithin && !kind.viewers && !kind.own
}

// evidenceOf returns what is known of a site, nil if it is not active.
func (e *Engine) evidenceOf(id uint32) *siteEvidence {
	if at := e.s.place(id); at >= 0 {
		return e.evidenceAt(at)
	}
	return nil
}

// place is where a site stands in evidence, -1 if it does not.
func (s *derived) place(id uint32) int32 {
	if int(id) >= len(s.byID) {
		return -1
	}
	return s.byID[id]
}

// explain sets the chance that an active site fails by what is known already.
func (s *derived) explain(at int32, p0 float64) {
	j := &s.evidence[at]
	if j.p0 = p0; !j.explained {
		j.explained = true
		s.explained = append(s.explained, at)
	}
}

func (e *Engine) weight(id, c uint32) float64 {
	for _, d := range e.sites.rows[id].Deps {
		if d.C() == c {
			return d.W()
		}
	}
	return 0
}
