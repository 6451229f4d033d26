package correlate

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
		if got := codeSymptom(symptomCode(s)); got != s {
			t.Errorf("%s becomes %s", s, got)
		}
	}
	for n := 400; n < 600; n++ {
		s := faultline.Symptom(fmt.Sprint("http_", n))
		if got := codeSymptom(symptomCode(s)); got != s || symptomCode(s) >= 1<<codeBits {
			t.Errorf("%s becomes %s", s, got)
		}
	}
	for s, want := range map[faultline.Symptom]faultline.Symptom{"http_200": "ok", "http_301": "ok", "": "other",
		"gremlins": "other", "http_999": "other"} {
		if got := codeSymptom(symptomCode(s)); got != want {
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
		if got := symptomClass(symptomCode(s)); got != want {
			t.Errorf("%s is of class %d, want %d", s, got, want)
		}
	}
}

// Each kind of infrastructure has a symptom that speaks for it more than for any
// other, and no symptom decides alone.
func TestSymptomsSpeak(t *testing.T) {
	t.Parallel()
	for class, kinds := range map[int][2]string{
		cause.ClassDNS: {faultline.KindDNS, faultline.KindCDN}, cause.ClassTLS: {faultline.KindCA, faultline.KindCDN},
		cause.ClassEdge:    {faultline.KindCDN, faultline.KindDNS},
		cause.ClassOrigin:  {faultline.KindCloud, faultline.KindCDN},
		cause.ClassConnect: {faultline.KindASN, faultline.KindCA},
	} {
		if kindNamed(kinds[0]).Symptoms[class] <= kindNamed(kinds[1]).Symptoms[class] {
			t.Errorf("class %d speaks for %s rather than %s", class, kinds[1], kinds[0])
		}
	}
	for _, k := range kindTable {
		kind, gains := k.kind, k.Symptoms
		if gains[cause.ClassVague] != 0 {
			t.Errorf("a vague symptom speaks of %s", kind)
		}
		for class, g := range gains {
			if g < -2 || g > 2 {
				t.Errorf("class %d speaks of %s with %v", class, kind, g)
			}
		}
	}
}

// The commonest failure of late is a site's symptom; a machine's word counts more
// than a person's, and the clearer of two as common.
func TestSiteSymptom(t *testing.T) {
	t.Parallel()
	now := 100 * minute
	tr := func(codes ...uint16) *track {
		out := &track{}
		for i, c := range codes {
			out.Recent = append(out.Recent, newResult(now-minute+int64(i), c))
		}
		return out
	}
	people := func(codes ...uint16) *crowd {
		out := &crowd{}
		for _, c := range codes {
			out.Recent = append(out.Recent, userReport{At: now - minute, Code: c})
		}
		return out
	}
	for name, c := range map[string]struct {
		site site
		want uint16
	}{
		"nothing":             {site{}, codeOther},
		"commonest":           {site{Tracks: []*track{tr(503, 503, codeTimeout, codeOK, codeOK, codeOK)}}, 503},
		"people alone":        {site{Crowd: people(codeDNS, codeOther, codeOther, codeOK)}, codeDNS},
		"machine over people": {site{Tracks: []*track{tr(codeTLS)}, Crowd: people(codeSlow, codeSlow)}, codeTLS},
		"many people": {site{Tracks: []*track{tr(codeTLS)}, Crowd: people(codeDNS, codeDNS, codeDNS, codeDNS)},
			codeTLS},
		"clearer of two": {site{Tracks: []*track{tr(codeSlow, 503)}}, 503},
	} {
		if got := c.site.symptom(now); got != c.want {
			t.Errorf("%s: %s, want %s", name, codeSymptom(got), codeSymptom(c.want))
		}
	}
}
