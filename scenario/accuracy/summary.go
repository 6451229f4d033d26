package accuracy

import (
	"math"
	"slices"
)

// Summary is a score in the figures that are compared. A figure that nothing was
// measured for is absent. Times are in seconds.
type Summary struct {
	Precision    float64  `json:"precision"`
	Recall       float64  `json:"recall"`
	F1           float64  `json:"f1"` // of components
	Named        float64  `json:"named_share"`
	FalsePerWeek float64  `json:"false_per_week"`
	TTDMedian    *float64 `json:"ttd_median"`
	TTDp90       *float64 `json:"ttd_p90"`
	OnsetErr     *float64 `json:"onset_err_median"`
	OnsetCover   *float64 `json:"onset_cover"`
	OnsetWidth   *float64 `json:"onset_width_median"`
	EndErr       *float64 `json:"end_err_median"`
	SitesF1      *float64 `json:"sites_f1"`
	Brier        *float64 `json:"brier"`
}

// Summary works the figures out.
func (r Score) Summary() Summary {
	s := Summary{
		Precision: ratio(r.Found, r.Found+r.False), Recall: ratio(r.Found, r.Demanded), Named: ratio(r.Named, r.Found),
		TTDMedian: quantile(r.TTD, 0.5), TTDp90: quantile(r.TTD, 0.9), OnsetErr: quantile(r.OnsetErr, 0.5),
		OnsetWidth: quantile(r.Width, 0.5), EndErr: quantile(r.EndErr, 0.5), SitesF1: mean(r.SitesF1),
		Brier: mean(r.Brier),
	}
	if r.Timed > 0 {
		cover := ratio(r.Covered, r.Timed)
		s.OnsetCover = &cover
	}
	if s.Precision+s.Recall > 0 {
		s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
	}
	if r.Hours > 0 {
		s.FalsePerWeek = float64(r.False) / r.Hours * 7 * 24
	}
	return s
}

// ratio is 1 when there was nothing to get wrong.
func ratio(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

// quantile is the q-quantile of values; nil where there are none.
func quantile(values []float64, q float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	return &sorted[min(len(sorted)-1, int(math.Floor(q*float64(len(sorted)))))]
}

// mean is the mean of values; nil where there are none.
func mean(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	total := 0.
	for _, v := range values {
		total += v
	}
	total /= float64(len(values))
	return &total
}
