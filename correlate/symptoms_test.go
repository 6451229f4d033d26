package correlate

import (
	"testing"

	"faultline"
	"faultline/correlate/cause"
)

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
