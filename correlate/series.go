package correlate

import (
	"cmp"
	"slices"

	"faultline"
	"faultline/correlate/evidence"
)

// What the charts are drawn from: how much was reported of each site, by minute and
// by hour. It is counted as it is folded, for the windows forget and cap what
// they hold; nothing of it has a say in what is concluded.

// eventCounts counts what was reported of a site in one minute or hour.
type eventCounts struct {
	At                      int64 // minutes, or hours, since 1970
	Reports, Probes, Failed uint32
}

// tally is what a site's series are made of.
type tally struct {
	Minutes []eventCounts // ascending, at most tallyMinutes
	Hours   []eventCounts // ascending, at most tallyHours
}

// count adds to the minute and the hour of at. What is older than all that is
// kept comes too late for its minute.
func (s *site) count(at int64, reported eventCounts) {
	if s.Tally == nil {
		s.Tally = &tally{}
	}
	s.Tally.Minutes = addCounts(s.Tally.Minutes, at/minute, reported, tallyMinutes)
	s.Tally.Hours = addCounts(s.Tally.Hours, at/hour, reported, tallyHours)
}

// addCounts adds to the row of a minute or hour. When there are most rows the oldest goes,
// unless the new one would be older still.
func addCounts(kept []eventCounts, at int64, reported eventCounts, most int) []eventCounts {
	i, ok := slices.BinarySearchFunc(kept, at, func(h eventCounts, at int64) int { return cmp.Compare(h.At, at) })
	if !ok {
		if len(kept) == most {
			// All rows are newer: there is no room for what came so late.
			if i == 0 {
				return kept
			}
			kept = slices.Delete(kept, 0, 1)
			i--
		}
		kept = slices.Insert(kept, i, eventCounts{At: at})
	}
	kept[i].Reports += reported.Reports
	kept[i].Probes += reported.Probes
	kept[i].Failed += reported.Failed
	return kept
}

// countsOf is what one probe adds.
func countsOf(r evidence.Result) eventCounts {
	if r.Failed() {
		return eventCounts{Probes: 1, Failed: 1}
	}
	return eventCounts{Probes: 1}
}

// notable reports whether a minute is worth a row: probes that all succeeded are in the
// count of their hour.
func (h eventCounts) notable() bool { return h.Reports > 0 || h.Failed > 0 }

// Series returns the minutes and hours that an event may have changed within the
// last minute: of sites in the order of the map, then of components. Whoever asks
// twice a minute misses nothing. It reads the state and changes none.
func (e *Engine) Series() []faultline.SeriesRow {
	if e.clock == 0 {
		return nil
	}
	var rows []faultline.SeriesRow
	parts := map[uint32]*part{}
	for _, id := range slices.Sorted(slices.Values(e.active)) {
		s := e.sites.rows[id]
		if s.Tally == nil {
			continue
		}
		rows = e.appendRows(rows, s.Name, s.Tally, e.expected(s), nil)
		observed, fails := e.observedNow(id)
		for _, d := range s.Deps {
			p := parts[d.C()]
			if p == nil {
				p = &part{}
				parts[d.C()] = p
			}
			p.join(s.Tally, observed, fails)
		}
	}
	for _, c := range sortedKeys(parts) {
		p, expected := parts[c], 0.
		for _, id := range e.components.rows[c].Members {
			expected += e.expected(e.sites.rows[id])
		}
		rows = e.appendRows(rows, string(e.components.rows[c].Name), &p.tally, expected, p)
	}
	return rows
}

// part is what the members of a component add up to.
type part struct {
	tally           tally
	observed, fails int
}

// join adds what was counted of one member.
func (p *part) join(t *tally, observed, fails bool) {
	for _, h := range t.Minutes {
		p.tally.Minutes = addCounts(p.tally.Minutes, h.At, h, tallyMinutes)
	}
	for _, h := range t.Hours {
		p.tally.Hours = addCounts(p.tally.Hours, h.At, h, tallyHours)
	}
	if observed {
		p.observed++
	}
	if fails {
		p.fails++
	}
}

// observedNow says whether probes or reports judge a site now, and whether it fails.
func (e *Engine) observedNow(id uint32) (observed, fails bool) {
	s := e.sites.rows[id]
	if s.Incident != 0 {
		if m := e.incident(s.Incident).member(id); m != nil {
			switch m.State {
			case faultline.SiteDown, faultline.SiteDegraded:
				return true, true
			case faultline.SiteRecovered:
				return true, false
			}
		}
	}
	now := e.recentChecks(s)
	return now.all > 0, now.all > 0 && 2*now.fails >= now.all
}

// appendRows appends the loud minutes, and every hour, of one site or component.
func (e *Engine) appendRows(rows []faultline.SeriesRow, of string, t *tally, perMinute float64,
	p *part) []faultline.SeriesRow {
	// Results may arrive as late as lateBound, so every minute since then may still change.
	oldest := (e.clock-lateBound)/minute - 1
	row := func(h eventCounts, step int64, covered int64, stands bool) faultline.SeriesRow {
		r := faultline.SeriesRow{Of: of, StepS: int(step / second), Covered: int(covered), Point: faultline.SeriesPoint{
			At: ms(h.At * step), Reports: int(h.Reports), Expected: perMinute * float64(step/minute),
			Probes: int(h.Probes), ProbesFailed: int(h.Failed)}}
		if p != nil && stands {
			r.Stands, r.Point.Sites, r.Point.SitesFailing = true, p.observed, p.fails
		}
		return r
	}
	current := e.clock / minute
	for _, h := range t.Minutes {
		// A minute that has just ended is published once more with how things stood then.
		if stands := h.At >= current-1; h.At >= oldest && (h.notable() || p != nil && stands && p.fails > 0) {
			rows = append(rows, row(h, minute, 0, stands))
		}
	}
	if e.clock%minute >= hoursUntil {
		return rows // hours are published in the first half of each minute
	}
	for _, h := range t.Hours {
		if end := (h.At + 1) * hour; end > e.clock-lateBound-minute {
			// How many minutes of the hour have been observed. A chart that took an unfinished hour
			// for a whole one would show a fall.
			covered := min(hourMinutes, max(0, (e.clock-h.At*hour)/minute))
			rows = append(rows, row(h, hour, covered, h.At == e.clock/hour))
		}
	}
	return rows
}

// well appends a site whose probes all succeed and that nobody reported.
func well(list []faultline.WellSite, st faultline.SiteStatus) []faultline.WellSite {
	if st.Probes == 0 || st.ProbesFailed > 0 || st.Reports > 0 || st.State != faultline.SiteOK ||
		len(st.Incidents) > 0 {
		return list
	}
	return append(list, faultline.WellSite{Site: st.Site, Probes: st.Probes})
}

// networkStatuses says what the people of each network report just now.
func (e *Engine) networkStatuses() []faultline.NetworkStatus {
	reported := map[uint32]*faultline.NetworkStatus{}
	for _, id := range slices.Sorted(slices.Values(e.active)) {
		c := e.sites.rows[id].Crowd
		if c == nil {
			continue
		}
		seen := map[uint32]bool{}
		for i := len(c.Recent) - 1; i >= 0 && e.clock-c.Recent[i].At <= statusReach; i-- {
			h := c.Recent[i]
			row := e.networks.rows[h.Network]
			if h.Code == evidence.CodeOK || row.ASN == 0 {
				continue
			}
			n := reported[h.Network]
			if n == nil {
				n = &faultline.NetworkStatus{ASN: int(row.ASN),
					Expected: row.Base.PerMinute(evidence.NetworkStart,
						evidence.NetworkWeight) * float64(statusReach/minute)}
				reported[h.Network] = n
			}
			n.Reports++
			if !seen[h.Network] {
				seen[h.Network] = true
				n.Sites++
			}
		}
	}
	all := make([]faultline.NetworkStatus, 0, len(reported))
	for _, n := range reported {
		if n.Reports >= fewOfOneNetwork {
			all = append(all, *n)
		}
	}
	slices.SortFunc(all, func(a, b faultline.NetworkStatus) int {
		return cmp.Or(cmp.Compare(b.Sites, a.Sites), cmp.Compare(b.Reports, a.Reports), cmp.Compare(a.ASN, b.ASN))
	})
	return all[:min(len(all), faultline.ViewNetworks)]
}
