package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"faultline"
)

// TestMidnightMakesNobodyTwo: in the first ten minutes of a day both keys are
// known; who reported just before is a repeat, and after that a new face.
func TestMidnightMakesNobodyTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // at midnight UTC
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		for _, step := range []struct {
			wait    time.Duration
			counted bool
		}{
			{23*time.Hour + 55*time.Minute, true},
			{6 * time.Minute, false}, // 00:01
			{3 * time.Minute, false}, // 00:04
			{90 * time.Second, true}, // 00:05:30: ten minutes have passed
			{3 * time.Minute, false}, // by today's name
		} {
			time.Sleep(step.wait)
			r, err := d.Report(t.Context(), alice, "bbc.co.uk", "")
			if err != nil || r.Counted != step.counted {
				t.Errorf("at %s: counted %t, %v", time.Now().UTC().Format(time.TimeOnly), r.Counted, err)
			}
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
		_, events := log.state()
		if len(events) != 2 || events[0].(faultline.Report).Reporter == events[1].(faultline.Report).Reporter {
			t.Errorf("the log has %+v", events)
		}
	})
}
