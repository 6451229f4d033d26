package doctor_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"faultline/doctor"
)

func TestCertificatesAreJudgedByTheirEnd(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		cert  doctor.Certificate
		state doctor.State
		want  string
	}{
		"fresh":     {doctor.Certificate{Ends: now.AddDate(0, 0, 60)}, doctor.OK, "in 60 days"},
		"two weeks": {doctor.Certificate{Ends: now.AddDate(0, 0, 14)}, doctor.OK, "in 14 days"},
		"less":      {doctor.Certificate{Ends: now.AddDate(0, 0, 14).Add(-time.Second)}, doctor.Wrong, "in 13 days"},
		"ended":     {doctor.Certificate{Ends: now}, doctor.Wrong, "ended on 30 November 2026"},
		"unreadable": {doctor.Certificate{Err: errors.New("open node.pem: permission denied")}, doctor.Wrong,
			"permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.cert.Setting, tt.cert.File = "--tls-cert", "node.pem"
			got := doctor.Certificates([]doctor.Certificate{tt.cert}, now)
			if len(got) != 1 || got[0].State != tt.state || !strings.Contains(got[0].Found, tt.want) ||
				!strings.Contains(got[0].Found, "--tls-cert") || (got[0].Do == "") != (tt.state == doctor.OK) {
				t.Errorf("got %+v", got)
			}
		})
	}
	if got := doctor.Certificates(nil, now); len(got) > 0 {
		t.Errorf("of none: %v", got)
	}
}

func TestACollectorThatTakesNothingIsWrong(t *testing.T) {
	if got := doctor.Collector("http://c:4318", nil); got.State != doctor.OK || got.Do != "" {
		t.Errorf("got %+v", got)
	}
	got := doctor.Collector("http://c:4318", errors.New("connection refused"))
	if got.State != doctor.Wrong || !strings.Contains(got.Found, "connection refused") || got.Do == "" {
		t.Errorf("got %+v", got)
	}
}
