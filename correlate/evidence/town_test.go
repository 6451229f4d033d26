package evidence

import (
	"math"
	"testing"

	"faultline/correlate/cause"
)

// near fails unless a number is as expected to a part in a million.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-6*math.Max(1, math.Abs(want)) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// sick is when a vantage failed itself: from the first time to the second; both 0 is never.
type sick [2]int64

func (s sick) SickAt(at int64) bool      { return s[1] != 0 && at >= s[0] && at <= s[1] }
func (s sick) SickSince(from int64) bool { return s[1] != 0 && s[1] >= from }

// people come from as many networks, each with an even share of all reports but for the
// shares that are named.
type people struct {
	count  int
	shares map[uint32]float64
	failed map[uint32]bool
}

func (p people) Count() int          { return p.count }
func (p people) Failing() int        { return len(p.failed) }
func (p people) Fails(n uint32) bool { return p.failed[n] }

func (p people) Usual(n uint32) share {
	if usual, named := p.shares[n]; named {
		return usual
	}
	return 1 / float64(p.count)
}

// town is what its sites depend on. Every vantage has checked all of them.
type town [][]cause.Dep

func (t town) Depends(site uint32) []cause.Dep { return t[site] }

func (t town) Sick(int) bool { return false }

func (t town) SeenBy(int, int, Standing) []uint32 {
	ids := make([]uint32, len(t))
	for i := range ids {
		ids[i] = uint32(i)
	}
	return ids
}

// probed is what a vantage saw of a site, a letter each: o is well and x a failure, the last
// one now, so many seconds apart.
func probed(vantage uint32, outcomes string, now, apart int64) *Track {
	t := &Track{Vantage: vantage, OK: 100}
	for i, o := range outcomes {
		code := CodeOK
		if o == 'x' {
			code = 503
		}
		t.Add(NewResult(now-int64(len(outcomes)-1-i)*apart*second, code))
	}
	return t
}
