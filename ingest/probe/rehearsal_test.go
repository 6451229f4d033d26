package probe

import (
	"testing"
	"time"

	"faultline"
)

// rehearse drives a vantage for a while; fails says what fails, and the result is
// how many probes it handed in and how many it kept.
func rehearse(r *Rehearsal, from time.Time, span time.Duration, fails func(site string) bool) (handed, kept int) {
	for at := from; at.Before(from.Add(span)); at = at.Add(100 * time.Millisecond) {
		for {
			task, _, ok := r.Next(at)
			if !ok {
				break
			}
			symptom := faultline.SymptomOK
			if fails(task.Site) {
				symptom = faultline.SymptomTimeout
			}
			p, counts := r.Finish(task, resultOf(task.Site, symptom), at)
			if counts {
				handed++
			} else {
				kept++
			}
			if p.Vantage != "v" {
				return 0, 0
			}
		}
	}
	return handed, kept
}

func TestARehearsalDecidesAsAProberDoes(t *testing.T) {
	r := NewRehearsal("v", time.Minute)
	r.Do(Work{Sites: sitesOf(60)}, noon)
	handed, kept := rehearse(r, noon, 2*time.Minute, func(string) bool { return false })
	if handed < 100 || kept > 0 {
		t.Errorf("%d handed in, %d kept while all is well", handed, kept)
	}
	if _, kept = rehearse(r, noon.Add(2*time.Minute), 2*time.Minute, func(string) bool { return true }); kept < 50 {
		t.Errorf("%d kept at a vantage at which everything fails", kept)
	}
	now := noon.Add(5 * time.Minute)
	r.Do(Work{CheckRequests: []faultline.CheckRequest{{Site: "asked.net", Until: now.Add(time.Minute)}}}, now)
	seen := false
	rehearse(r, now, 2*time.Second, func(site string) bool { seen = seen || site == "asked.net"; return false })
	if !seen {
		t.Error("a check request is not heard")
	}
}
