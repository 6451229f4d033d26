package board

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"faultline"
)

// Bounds of what a scorecard says of providers.
const (
	maxLagProviders = 50
	maxLagMonths    = 24
)

// ProviderLag is how late a provider spoke of incidents whose cause is something that it runs:
// from the onset to its first statement.
type ProviderLag struct {
	Slug     string `json:"slug"`
	Provider string `json:"provider"` // its name
	Lag
	// Months are those in which incidents began, the oldest first, the newest 24 of them.
	Months []MonthLag `json:"months"`
}

// MonthLag is the lag in one month (UTC).
type MonthLag struct {
	Month string `json:"month"` // such as 2021-06
	Lag
}

// Lag counts incidents, and how late a provider spoke of them.
type Lag struct {
	Incidents int `json:"incidents"`
	Spoken    int `json:"spoken"` // those of which the provider spoke
	// MedianMinutes is from the onset to the first statement, below 0: before it; null where
	// it never spoke.
	MedianMinutes *int `json:"median_minutes"`
}

// lags are the providers of the causes of a list. What was withdrawn is nobody's outage and is
// left out.
func lags(list []*faultline.Incident, providers *faultline.Providers) []ProviderLag {
	found := map[string][]*faultline.Incident{}
	for _, inc := range list {
		if !graded(inc) || inc.State == faultline.StateRetracted || inc.Cause == nil {
			continue
		}
		if p, ok := providers.Of(inc.Cause.Component); ok {
			found[p.Slug] = append(found[p.Slug], inc)
		}
	}
	all := make([]ProviderLag, 0, len(found))
	for _, slug := range slices.Sorted(maps.Keys(found)) {
		p, _ := providers.Slug(slug)
		all = append(all, ProviderLag{Slug: slug, Provider: p.Name, Lag: lagOf(found[slug]),
			Months: months(found[slug])})
	}
	slices.SortStableFunc(all, func(a, b ProviderLag) int { return cmp.Compare(b.Incidents, a.Incidents) })
	return all[:min(len(all), maxLagProviders)]
}

// months are the newest months of some incidents.
func months(of []*faultline.Incident) []MonthLag {
	in := map[string][]*faultline.Incident{}
	for _, inc := range of {
		month := inc.Onset.At.UTC().Format("2006-01")
		in[month] = append(in[month], inc)
	}
	names := slices.Sorted(maps.Keys(in))
	list := []MonthLag{}
	for _, name := range names[max(0, len(names)-maxLagMonths):] {
		list = append(list, MonthLag{Month: name, Lag: lagOf(in[name])})
	}
	return list
}

// lagOf is the lag over some incidents.
func lagOf(of []*faultline.Incident) Lag {
	l, minutes := Lag{Incidents: len(of)}, []int(nil)
	for _, inc := range of {
		if first, ok := firstStatement(inc); ok {
			l.Spoken++
			minutes = append(minutes, int(first.Sub(inc.Onset.At).Round(time.Minute)/time.Minute))
		}
	}
	l.MedianMinutes = median(minutes)
	return l
}
