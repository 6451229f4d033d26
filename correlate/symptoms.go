package correlate

import (
	"cmp"
	"slices"

	"faultline"
	"faultline/correlate/evidence"
)

// How the sites of an incident fail, as its title says: by what probes saw, or by what people
// said where probes did not look.

// symptoms is how the members fail, as shares of 0 to 1 with the largest first: each site that
// probes saw fail is counted once by its commonest symptom. Where they saw none or one of several
// fail, people are counted instead, since one of them may name every site.
func (e *Engine) symptoms(in *incident) []faultline.SymptomShare {
	count := map[uint16]float64{}
	seen := 0
	for _, m := range in.Members {
		if m.Failed > 0 {
			count[evidence.PlainCode(m.Code)]++
			seen++
		}
	}
	if seen < min(2, len(in.Members)) && !in.traits().viewers { // one may have failed by chance
		// What people said is forgotten after half an hour, and what they say after the end is of
		// something else: a title must not change by either.
		if count = e.symptomsSaid(in); len(in.Last.Symptoms) > 0 && (len(count) == 0 || in.Recovering != 0) {
			return in.Last.Symptoms
		}
	}
	if len(count) == 0 {
		for _, m := range in.Members {
			count[evidence.PlainCode(m.Code)]++
		}
	}
	total := 0.
	for _, code := range sortedKeys(count) { // in order, as sums of floats depend on it
		total += count[code]
	}
	out := []faultline.SymptomShare{}
	for _, code := range sortedKeys(count) {
		out = append(out, faultline.SymptomShare{Symptom: evidence.CodeSymptom(code),
			Share: round(count[code]/total, 2)})
	}
	slices.SortStableFunc(out, func(a, b faultline.SymptomShare) int { return cmp.Compare(b.Share, a.Share) })
	return out
}

// symptomsSaid is how many people name each symptom of an incident's sites since its onset, by
// plain code. A person counts once, by the symptom that he names most, and a network by no more
// than its part of all reports allows: neither one person who names every site nor the people
// of a few networks decide how the title says that sites fail. Those who name none count nothing.
func (e *Engine) symptomsSaid(in *incident) map[uint16]float64 {
	type person struct {
		network uint32
		said    map[uint16]int
	}
	people := map[uint64]*person{}
	for _, m := range in.Members {
		e.eachAccuser(e.sites.rows[m.Site], in.Onset[0], func(h *evidence.Report) {
			if h.Code == evidence.CodeOther {
				return
			}
			p := people[h.Who]
			if p == nil {
				p = &person{network: h.Network, said: map[uint16]int{}}
				people[h.Who] = p
			}
			p.said[evidence.PlainCode(h.Code)]++
		})
	}
	byNetwork := map[uint32]map[uint16]float64{}
	for _, p := range people {
		if byNetwork[p.network] == nil {
			byNetwork[p.network] = map[uint16]float64{}
		}
		most := slices.MaxFunc(sortedKeys(p.said), func(a, b uint16) int { return cmp.Compare(p.said[a], p.said[b]) })
		byNetwork[p.network][most]++
	}
	count := map[uint16]float64{}
	for _, id := range sortedKeys(byNetwork) {
		n := 0.
		for _, k := range byNetwork[id] {
			n += k // whole numbers, whose sum does not depend on the order
		}
		part := min(1, evidence.CapOf(e.shareOf(id), float64(len(people)))/n)
		for code, k := range byNetwork[id] {
			count[code] += k * part
		}
	}
	return count
}
