package correlate

import "testing"

// A crowd that nobody has known quiet can't be said to have risen.
func TestCrowdsNeedAPast(t *testing.T) {
	t.Parallel()
	loud := func(from int) *world {
		w := quietTown(30, from+30)
		w.blind(w.all())
		w.crowds = []crowdOf{{sites: w.on("cdn:x"), from: float64(from), to: float64(from + 20), perMinute: 60,
			asns: asns(3000, 40), symptom: "http_503"}}
		return w
	}
	loud(1).run(t).wantNone(t)
	loud(60).run(t).wantOne(t, "cdn:x")
}
