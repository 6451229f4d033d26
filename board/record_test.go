package board

import (
	"testing"
	"time"

	"faultline"
)

func TestConcentrationCountsPartsAndFirebreaks(t *testing.T) {
	x := NewIndex()
	for site, on := range map[string][]faultline.Component{
		"a.example": {"cdn:fastly"}, "b.example": {"cdn:fastly", "cdn:akamai"}, "c.example": {"cdn:akamai"},
		"d.example": {"cdn:fastly"}, "e.example": {"dns:dyn"},
	} {
		x.Put(faultline.SiteRecord{Site: site, Rank: 5, Components: on})
	}
	c := Concentrations(x, nil, 10)[0]
	if c.Kind != faultline.KindCDN || c.Known != 4 || c.Sites != 5 || c.Firebreak != 1 || c.HHI != 5313 {
		t.Errorf("counted %+v", c)
	}
	if first := c.Providers[0]; first.Provider != "Fastly" || first.Sites != 3 || first.Alone != 2 ||
		first.Share != 0.625 {
		t.Errorf("the largest is %+v", first)
	}
	r := BlastRadius(x, "cdn:fastly", 2)
	if r.Sites != 3 || r.Alone != 2 || r.Known != 4 || len(r.Most) != 2 || r.Ranks[0].Sites != 3 {
		t.Errorf("the blast radius is %+v", r)
	}
}

func TestScorecardGradesWhatIsOver(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	confirmed := at.Add(30 * time.Second)
	over := faultline.Incident{State: faultline.StateResolved, ConfirmedAt: &confirmed, Onset: faultline.Onset{At: at},
		Cause:      &faultline.Cause{Component: "cdn:fastly", Confidence: 0.97},
		Statements: []faultline.SaidStatement{{At: at.Add(11 * time.Minute)}}}
	wrong := over
	wrong.State, wrong.Statements, wrong.Corrections = faultline.StateRetracted, nil, []faultline.Correction{{By: "x"}}
	open := over
	open.State = faultline.StateConfirmed
	unlisted := over
	unlisted.ConfirmedAt = nil
	s := Grade([]*faultline.Incident{&over, &wrong, &open, &unlisted})
	if s.Incidents != 2 || s.Named != 2 || s.Held != 1 || s.Retracted != 1 || s.Corrected != 1 || s.Before != 1 {
		t.Errorf("graded %+v", s)
	}
	if *s.MedianSeconds != 30 || *s.MedianAhead != 11 || s.Calibration[4].Incidents != 2 || s.Calibration[4].Held != 1 {
		t.Errorf("after %d s, %d min ahead, %+v", *s.MedianSeconds, *s.MedianAhead, s.Calibration)
	}
	if none := Grade(nil); none.MedianSeconds != nil || none.MedianAhead != nil {
		t.Errorf("nothing is graded %+v", none)
	}
}
