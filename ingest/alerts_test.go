package ingest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"faultline"
)

// probesOf is what the log holds of a vantage's probes, as seconds: symptom.
func probesOf(log *memLog, began time.Time) (said []string) {
	_, events := log.state()
	for _, ev := range events {
		if p, ok := ev.(faultline.Probe); ok {
			said = append(said, fmt.Sprintf("%.0f %s %s", p.At.Sub(began).Seconds(), p.Site, p.Symptom))
		}
	}
	return said
}

func TestAlertIsRestatedUntilResolvedOrSilent(t *testing.T) {
	firing := faultline.Alert{Site: "https://www.bbc.co.uk/news", Symptom: "http_503", Status: 503, Key: "a"}
	resolved := faultline.Alert{Site: "bbc.co.uk", Key: "a", Resolved: true}
	second := faultline.Alert{Site: "bbc.co.uk", Symptom: "timeout", Key: "b"}
	for name, c := range map[string]struct {
		at   map[int]faultline.Alert // by second
		want []string
	}{
		"resolved": {map[int]faultline.Alert{0: firing, 130: resolved},
			[]string{"0 bbc.co.uk http_503", "60 bbc.co.uk http_503", "120 bbc.co.uk http_503", "130 bbc.co.uk ok"}},
		"silent for five minutes, and no word of health": {map[int]faultline.Alert{0: firing},
			[]string{"0 bbc.co.uk http_503", "60 bbc.co.uk http_503", "120 bbc.co.uk http_503",
				"180 bbc.co.uk http_503", "240 bbc.co.uk http_503"}},
		"repeated: no more often than each minute": {map[int]faultline.Alert{0: firing, 1: firing, 30: firing,
			59: firing, 70: resolved},
			[]string{"0 bbc.co.uk http_503", "60 bbc.co.uk http_503", "70 bbc.co.uk ok"}},
		"one of two resolved": {map[int]faultline.Alert{0: firing, 10: second, 20: resolved,
			80: {Site: "bbc.co.uk", Key: "b", Resolved: true}},
			[]string{"0 bbc.co.uk http_503", "10 bbc.co.uk timeout", "70 bbc.co.uk timeout", "80 bbc.co.uk ok"}},
		"resolved, and never heard of": {map[int]faultline.Alert{0: resolved}, []string{"0 bbc.co.uk ok"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log := &memLog{}
				d, closeDoor := open(t, log, &dayKeys{})
				began := time.Now()
				for second := range 600 {
					if a, ok := c.at[second]; ok {
						if n, rejected, err := d.Alerts(t.Context(), london, []faultline.Alert{a}); n != 1 ||
							rejected != nil || err != nil {
							t.Fatalf("%d, %v, %v", n, rejected, err)
						}
					}
					time.Sleep(time.Second)
				}
				if got := probesOf(log, began); fmt.Sprint(got) != fmt.Sprint(c.want) {
					t.Errorf("the log has\n%q, want\n%q", got, c.want)
				}
				if err := closeDoor(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// What has stood for ten minutes is no news of a change any more, whether the
// program says so or the door has heard it for so long.
func TestAlertsSayWhetherTheyAreNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		d.names.Add("cnn.com")
		began := time.Now()
		fresh := faultline.Alert{Site: "bbc.co.uk", Symptom: "timeout", Since: began.Add(-9 * time.Minute)}
		old := faultline.Alert{Site: "ft.com", Symptom: "timeout", Since: began.Add(-11 * time.Minute)}
		// by a clock that is ahead
		unsaid := faultline.Alert{Site: "cnn.com", Symptom: "timeout", Since: began.Add(time.Hour)}
		for range 13 {
			if n, _, err := d.Alerts(t.Context(), london, []faultline.Alert{fresh, old, unsaid}); n != 3 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
			time.Sleep(time.Minute)
		}
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
		news := map[string]float64{} // seconds until an alert is no news any more
		_, events := log.state()
		for _, ev := range events {
			if p, ok := ev.(faultline.Probe); ok && p.Detail == faultline.DetailAlert {
				news[p.Site] = max(news[p.Site], p.At.Sub(began).Seconds()+60)
			} else if ok && p.Detail != faultline.DetailStandingAlert {
				t.Errorf("%s is said with %q", p.Site, p.Detail)
			}
		}
		if got, want := fmt.Sprint(news), fmt.Sprint(map[string]float64{"bbc.co.uk": 60, "cnn.com": 600}); got != want {
			t.Errorf("news for %s, want %s", got, want)
		}
	})
}

// One sender that fills its own room takes nobody else's, whatever names it sends.
func TestAlertsAreBoundedBySenderAndNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &memLog{}
		d, closeDoor := open(t, log, &dayKeys{})
		for i := range 2 * maxAlertsOfOne {
			d.names.Add(fmt.Sprintf("s%d.com", i))
		}
		flood := faultline.Vantage{Vantage: "flood"}
		for round := range 5 {
			alerts := make([]faultline.Alert, maxAlertBatch)
			for i := range alerts {
				alerts[i] = faultline.Alert{Site: fmt.Sprintf("stranger%d-%d.com", round, i), Symptom: "timeout"}
			}
			n, rejected, err := d.Alerts(t.Context(), flood, alerts)
			if n != 0 || len(rejected) != maxAlertBatch || err != nil ||
				!strings.Contains(rejected[7].Detail, fmt.Sprintf("stranger%d-7.com", round)) {
				t.Fatalf("round %d: %d taken, %d rejected, %v", round, n, len(rejected), err)
			}
		}
		alerts := make([]faultline.Alert, 2*maxAlertsOfOne)
		alerts = alerts[:min(len(alerts), maxAlertBatch)]
		for i := range alerts {
			alerts[i] = faultline.Alert{Site: fmt.Sprintf("s%d.com", i), Symptom: "timeout"}
		}
		if n, rejected, err := d.Alerts(t.Context(), flood, alerts); n != maxAlertsOfOne ||
			len(rejected) != len(alerts)-n || err != nil {
			t.Errorf("%d taken, %d rejected, %v", n, len(rejected), err)
		}
		if n, rejected, err := d.Alerts(t.Context(), london,
			[]faultline.Alert{{Site: "bbc.co.uk", Symptom: "timeout"}}); n != 1 || rejected != nil || err != nil {
			t.Errorf("another sender: %d, %+v, %v", n, rejected, err)
		}
		n, rejected, err := d.Alerts(t.Context(), london,
			[]faultline.Alert{{Site: "10.0.0.1"}, {Site: "bbc.co.uk", Resolved: true}})
		if n != 1 || len(rejected) != 1 || rejected[0].Pointer != "/0/site" || err != nil {
			t.Errorf("%d, %+v, %v", n, rejected, err)
		}
		log.fail(100)
		time.Sleep(alertSilence + time.Minute) // restated in vain, and then silent
		if err := closeDoor(); err != nil {
			t.Error(err)
		}
		if len(d.alerts.standing) != 0 || len(d.alerts.of) != 0 {
			t.Errorf("%d stand, of %v", len(d.alerts.standing), d.alerts.of)
		}
	})
}
