package faultline_test

import (
	"fmt"
	"testing"

	"faultline"
)

// TestRefusalsAreNoEvidence: an event line with a status by which the prober was
// refused reads as blocked, wherever the line says so.
func TestRefusalsAreNoEvidence(t *testing.T) {
	for _, status := range []int{401, 403, 405, 406, 407, 412, 418, 426, 428, 429, 444, 451, 505, 511, 999} {
		for _, symptom := range []string{"ok", "other", "content", "http_503", fmt.Sprint("http_", status)} {
			if got := faultline.ProbeSymptom(symptom, status); got != faultline.SymptomBlocked {
				t.Errorf("%s with status %d reads as %s", symptom, status, got)
			}
		}
		if got := faultline.ProbeSymptom(fmt.Sprint("http_", status), 0); got != faultline.SymptomBlocked {
			t.Errorf("http_%d without a status reads as %s", status, got)
		}
		if !faultline.ValidStatus(status) {
			t.Errorf("a probe may not carry %d", status)
		}
	}
	for _, status := range []int{400, 404, 408, 410, 500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530} {
		want := faultline.Symptom(fmt.Sprint("http_", status))
		if got := faultline.ProbeSymptom(string(want), status); got != want {
			t.Errorf("http_%d reads as %s", status, got)
		}
	}
	for _, status := range []int{-1, 1, 99, 600, 998, 1000, 99999} {
		if faultline.ValidStatus(status) {
			t.Errorf("a probe may carry %d", status)
		}
	}
}

func TestHowFarAProbeGot(t *testing.T) {
	for _, c := range []struct {
		symptom faultline.Symptom
		status  int
		detail  string
		want    faultline.Layer
	}{
		{"ok", 200, "", faultline.LayerAnswered}, {"http_503", 0, "", faultline.LayerAnswered},
		{"slow", 0, "", faultline.LayerAnswered}, {"content", 200, "short", faultline.LayerAnswered},
		{"content", 0, "garbage", faultline.LayerSecured}, {"blocked", 403, "", faultline.LayerAnswered},
		{"blocked", 0, "guard", faultline.LayerNone}, {"tls", 0, "expired", faultline.LayerConnected},
		{"connect", 0, "refused", faultline.LayerResolved}, {"connect", 0, "reset", faultline.LayerConnected},
		{"timeout", 0, "dns", faultline.LayerNone}, {"timeout", 0, "connect", faultline.LayerResolved},
		{"timeout", 0, "tls", faultline.LayerConnected}, {"timeout", 0, "http", faultline.LayerSecured},
		{"timeout", 0, "", faultline.LayerNone}, {"dns", 0, "nxdomain", faultline.LayerNone},
		{"other", 0, "", faultline.LayerNone},
	} {
		p := faultline.Probe{Symptom: c.symptom, Status: c.status, Detail: c.detail}
		if got := p.Reached(); got != c.want {
			t.Errorf("%s %d %q: %d, not %d", c.symptom, c.status, c.detail, got, c.want)
		}
	}
}
