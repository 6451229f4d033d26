package correlate

// failures is which members failed a probe, and how many probes failed at each vantage.
type failures struct {
	sites     []uint32
	byVantage map[uint32]int
}

// failuresOf reads them from the results of an incident's members since the earliest
// time that it may have begun at. What it counts for readers begins later.
func (e *Engine) failuresOf(in *incident) failures {
	f := failures{byVantage: map[uint32]int{}}
	for i := range in.Members {
		id, failed := in.Members[i].Site, 0
		for _, t := range e.sites.rows[id].Tracks {
			n := t.FailuresSince(in.Onset[0])
			failed += n
			f.byVantage[t.Vantage] += n
		}
		if failed > 0 {
			f.sites = append(f.sites, id)
		}
	}
	return f
}
