package evidence

import (
	"fmt"
	"testing"

	"faultline"
	"faultline/correlate/cause"
)

func TestSymptomCodesRoundTrip(t *testing.T) {
	t.Parallel()
	for _, s := range []faultline.Symptom{"ok", "connect", "timeout", "dns", "tls", "slow", "content",
		"blocked", "other"} {
		if got := CodeSymptom(SymptomCode(s)); got != s {
			t.Errorf("%s becomes %s", s, got)
		}
	}
	for n := 400; n < 600; n++ {
		s := faultline.Symptom(fmt.Sprint("http_", n))
		if got := CodeSymptom(SymptomCode(s)); got != s || SymptomCode(s) >= 1<<codeBits {
			t.Errorf("%s becomes %s", s, got)
		}
	}
	for s, want := range map[faultline.Symptom]faultline.Symptom{"http_200": "ok", "http_301": "ok", "": "other",
		"gremlins": "other", "http_999": "other"} {
		if got := CodeSymptom(SymptomCode(s)); got != want {
			t.Errorf("%q is read as %s, want %s", s, got, want)
		}
	}
}

func TestSymptomClasses(t *testing.T) {
	t.Parallel()
	for s, want := range map[faultline.Symptom]int{
		"http_500": cause.ClassEdge, "http_503": cause.ClassEdge, "http_522": cause.ClassOrigin,
		"http_530": cause.ClassEdge, "http_404": cause.ClassVague,
		"connect": cause.ClassConnect, "timeout": cause.ClassConnect, "dns": cause.ClassDNS, "tls": cause.ClassTLS,
		"slow": cause.ClassVague, "other": cause.ClassVague,
	} {
		if got := SymptomClass(SymptomCode(s)); got != want {
			t.Errorf("%s is of class %d, want %d", s, got, want)
		}
	}
}

// The commonest failure of late is a site's symptom; where a probe failed, what it saw
// counts and not what people say, and the clearer of two as common.
func TestCommonSymptom(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	tr := func(codes ...uint16) *Track {
		out := &Track{}
		for i, c := range codes {
			out.Recent = append(out.Recent, NewResult(now-minute+int64(i), c))
		}
		return out
	}
	people := func(codes ...uint16) *Crowd {
		out := &Crowd{}
		for _, c := range codes {
			out.Recent = append(out.Recent, Report{At: now - minute, Code: c})
		}
		return out
	}
	for name, c := range map[string]struct {
		tracks []*Track
		people *Crowd
		want   uint16
	}{
		"nothing":           {nil, nil, CodeOther},
		"commonest":         {[]*Track{tr(503, 503, CodeTimeout, CodeOK, CodeOK, CodeOK)}, nil, 503},
		"people alone":      {nil, people(CodeDNS, CodeOther, CodeOther, CodeOK), CodeDNS},
		"probe over people": {[]*Track{tr(CodeTLS)}, people(CodeSlow, CodeSlow), CodeTLS},
		"many people":       {[]*Track{tr(CodeTLS)}, people(CodeDNS, CodeDNS, CodeDNS, CodeDNS), CodeTLS},
		"clearer of two":    {[]*Track{tr(CodeSlow, 503)}, nil, 503},
	} {
		if got, _, _ := CommonSymptom(c.tracks, c.people, now); got != c.want {
			t.Errorf("%s: %s, want %s", name, CodeSymptom(got), CodeSymptom(c.want))
		}
	}
}

// Timeouts are one symptom, whatever step took too long, and the commonest of their codes
// stands for them.
func TestTimeoutsAreOneSymptom(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	tr := &Track{}
	for i, c := range []uint16{codeTimeoutTLS, CodeDNS, CodeDNS, codeTimeoutHTTP, codeTimeoutHTTP, 503} {
		tr.Recent = append(tr.Recent, NewResult(now-minute+int64(i), c))
	}
	if got, _, _ := CommonSymptom([]*Track{tr}, nil, now); got != codeTimeoutHTTP {
		t.Errorf("code %d", got)
	}
}

// Failures at several steps exclude what more than half of them exclude.
func TestFailuresAtSeveralStepsExcludeTogether(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	for name, c := range map[string]struct {
		codes []uint16
		want  faultline.Layer
	}{
		"one step":                      {[]uint16{CodeTLS, CodeTLS, CodeDNS}, faultline.LayerSecured},
		"after the name, in three ways": {[]uint16{CodeConnect, 503, codeTimeoutTLS}, faultline.LayerConnected},
		"half by the certificate":       {[]uint16{CodeTLS, 503}, faultline.LayerSecured},
		"half by the name":              {[]uint16{CodeDNS, CodeConnect}, faultline.LayerResolved},
		"half unknown":                  {[]uint16{CodeTimeout, CodeTimeout, CodeConnect, 503}, faultline.LayerNone},
		"by name and by certificate":    {[]uint16{CodeDNS, CodeTLS}, faultline.LayerNone},
		"nothing failed":                {nil, faultline.LayerNone},
	} {
		tr := &Track{}
		for i, code := range c.codes {
			tr.Recent = append(tr.Recent, NewResult(now-minute+int64(i), code))
		}
		if _, got, _ := CommonSymptom([]*Track{tr}, nil, now); got != c.want {
			t.Errorf("%s: step %d, want %d", name, got, c.want)
		}
	}
}
