package ingest

import (
	"context"
	"testing"
	"time"

	"faultline"
)

// endsKept keeps certificates in memory.
type endsKept struct {
	noted map[string]faultline.Certificate
	saves int
}

func (w *endsKept) SaveCertificates(_ context.Context, list []faultline.Certificate) error {
	w.saves++
	for _, c := range list {
		w.noted[c.Site] = c
	}
	return nil
}

func (w *endsKept) ForgetCertificates(_ context.Context, sites []string) error {
	for _, s := range sites {
		delete(w.noted, s)
	}
	return nil
}

// A certificate that ends within seven days is noted, once in a while and not with each
// check; one that was renewed is forgotten at once, whichever node noted it, and a
// vantage that says otherwise is not believed while another sees a good one.
func TestCertificatesThatEndAreNoted(t *testing.T) {
	w := &endsKept{noted: map[string]faultline.Certificate{}}
	known := func(site string) (faultline.Certificate, bool) { c, ok := w.noted[site]; return c, ok }
	c := newCertificates(w, known)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	see := func(c *certificates, after, left time.Duration) {
		var ends time.Time
		if left != 0 {
			ends = now.Add(left)
		}
		c.see(t.Context(),
			[]faultline.Event{faultline.Vantage{}, faultline.Probe{Site: "a.net", CertificateEnds: ends}},
			now.Add(after))
	}
	see(c, 0, 30*24*time.Hour)
	see(c, 0, 0)
	if w.saves != 0 {
		t.Errorf("what is good is noted: %+v", w.noted)
	}
	for minute := range 9 {
		see(c, time.Duration(minute)*time.Minute, 20*time.Hour)
	}
	if w.saves != 1 || !w.noted["a.net"].Ends.Equal(now.Add(20*time.Hour)) {
		t.Errorf("%d notes, %+v", w.saves, w.noted)
	}
	see(c, 11*time.Minute, 20*time.Hour)
	if w.saves != 2 {
		t.Errorf("%d notes after eleven minutes", w.saves)
	}
	other := newCertificates(w, known) // of another node
	see(other, 12*time.Minute, 60*24*time.Hour)
	see(other, 13*time.Minute, time.Hour)
	if len(w.noted) != 0 {
		t.Errorf("a renewed certificate stays: %+v", w.noted)
	}
	see(other, 30*time.Minute, time.Hour)
	if len(w.noted) != 1 {
		t.Error("what ends half an hour later is not noted")
	}
	newCertificates(nil, nil).see(t.Context(), []faultline.Event{faultline.Probe{Site: "a.net", CertificateEnds: now}},
		now)
}
