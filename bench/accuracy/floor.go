package main

import (
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
)

// floor is what our own method must reach (floor.json): least values by figure, and greatest
// ones. Figures by kind stand under the kind's name. A change that falls below it is refused
// by `make accuracy`, so that a gain for one kind of outage is not paid for by another.
type floor struct {
	F1           float64            `json:"f1"`
	KindF1       map[string]float64 `json:"kind_f1"`
	SitesF1      float64            `json:"sites_f1"`
	OnsetCover   float64            `json:"onset_cover"`
	FalsePerWeek float64            `json:"false_per_week"` // at most
	TTDMedian    float64            `json:"ttd_median"`     // at most
	Brier        float64            `json:"brier"`          // at most
	Live         liveFloor          `json:"live"`
}

// readFloor reads the floor. Without a path there is none, as when parts are taken out. A
// member that it does not know is an error, since a mistyped limit would hold nobody.
func readFloor(path string) (*floor, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the floor: %w", err)
	}
	f := &floor{}
	if err := json.Unmarshal(data, f, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("read the floor %s: %w", path, err)
	}
	return f, nil
}

// below names what the table misses of the floor. A figure for which nothing was measured is
// left out: a run of one kind has no figures of the others.
func (f *floor) below(t *table) []string {
	if f == nil {
		return nil
	}
	var out []string
	least := func(name string, got *float64, want float64) {
		if got != nil && *got < want {
			out = append(out, fmt.Sprintf("%s %.3f, at least %.3f", name, *got, want))
		}
	}
	most := func(name string, got *float64, want float64) {
		if got != nil && *got > want {
			out = append(out, fmt.Sprintf("%s %.3f, at most %.3f", name, *got, want))
		}
	}
	total := t.total[ours]
	s := total.Summary()
	if total.Demanded > 0 {
		least("f1", &s.F1, f.F1)
	}
	least("sites_f1", s.SitesF1, f.SitesF1)
	least("onset_cover", s.OnsetCover, f.OnsetCover)
	most("false_per_week", &s.FalsePerWeek, f.FalsePerWeek)
	most("ttd_median", s.TTDMedian, f.TTDMedian)
	most("brier", s.Brier, f.Brier)
	for _, k := range t.kinds {
		if want, asked := f.KindF1[k]; asked && t.byKind[k].Demanded > 0 {
			got := t.byKind[k].Summary().F1
			least("f1 of "+k, &got, want)
		}
	}
	return out
}
