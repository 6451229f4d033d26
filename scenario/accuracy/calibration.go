package accuracy

import (
	"slices"

	"faultline"
)

// Claim is one confirmed cause: how sure it was said, and whether it was right.
// Calibration is computed from all claims of a run.
type Claim struct {
	Confidence   float64
	Right        bool
	Alternatives int // said beside the cause
	Accepted     int // of those, that would have been right too
	Held         int // causes that are right and stand nowhere: neither cause nor alternative
}

// claim reads what a confirmed incident says of its cause. Fault is the one that it
// is about; nil when it is about none. An incident without a cause claims nothing.
func claim(in faultline.Incident, fault *Fault) (Claim, bool) {
	if in.Cause == nil {
		return Claim{}, false
	}
	c := Claim{Confidence: in.Cause.Confidence, Right: fault != nil, Alternatives: len(in.Cause.Alternatives)}
	if fault == nil {
		return c, true
	}
	said := []faultline.Component{in.Cause.Component}
	for _, a := range in.Cause.Alternatives {
		said = append(said, a.Component)
		if slices.Contains(fault.Accept, a.Component) {
			c.Accepted++
		}
	}
	for _, right := range fault.Accept {
		if !slices.Contains(said, right) {
			c.Held++
		}
	}
	return c, true
}

// Bin is the claims of one range of confidence.
type Bin struct {
	From       float64 `json:"from"` // confidence, up to the next bin's
	Claims     int     `json:"claims"`
	Confidence float64 `json:"confidence"` // mean
	Right      float64 `json:"right"`      // share
}

// bins are where the ranges of confidence begin.
var bins = []float64{0, 0.5, 0.7, 0.8, 0.9, 0.95}

// Reliability is how often claims are right, by how sure they were: where both are
// equal the confidence is honest. Ranges without a claim are left out.
func Reliability(claims []Claim) []Bin {
	var out []Bin
	for i, from := range bins {
		b := Bin{From: from}
		for _, c := range claims {
			if c.Confidence < from || i+1 < len(bins) && c.Confidence >= bins[i+1] {
				continue
			}
			b.Claims++
			b.Confidence += c.Confidence
			if c.Right {
				b.Right++
			}
		}
		if b.Claims > 0 {
			b.Confidence /= float64(b.Claims)
			b.Right /= float64(b.Claims)
			out = append(out, b)
		}
	}
	return out
}

// Sharpness is how well alternatives are chosen, over the claims that were right.
type Sharpness struct {
	Claims       int     `json:"claims"`
	Alternatives float64 `json:"alternatives"` // said beside a cause, mean
	Accepted     float64 `json:"accepted"`     // share of those that would have been right too
	Held         float64 `json:"held_back"`    // right causes that were not said at all, mean
}

// SharpnessOf works it out.
func SharpnessOf(claims []Claim) Sharpness {
	var s Sharpness
	said, accepted, held := 0, 0, 0
	for _, c := range claims {
		if c.Right {
			s.Claims++
			said, accepted, held = said+c.Alternatives, accepted+c.Accepted, held+c.Held
		}
	}
	if s.Claims > 0 {
		s.Alternatives, s.Held = float64(said)/float64(s.Claims), float64(held)/float64(s.Claims)
	}
	s.Accepted = ratio(accepted, said)
	return s
}
