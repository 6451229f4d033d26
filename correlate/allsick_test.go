package correlate

import (
	"fmt"
	"testing"

	"faultline"
)

// vantagesOf is n vantages, each in a network and a country of its own.
func vantagesOf(n int) []faultline.Vantage {
	list := make([]faultline.Vantage, n)
	for i := range list {
		list[i] = faultline.Vantage{Vantage: fmt.Sprintf("v%02d", i), ASN: uint32(20_000 + i),
			Country: string([]byte{'A' + byte(i), 'A'})}
	}
	return list
}

// sicken has the first n vantages of a world fail for a part of all that they check, one after
// another within a minute.
func (w *world) sicken(n int, part float64, symptoms ...faultline.Symptom) {
	for i := range n {
		w.faults = append(w.faults, fault{sites: w.all(), vantages: []string{w.vantages[i].Vantage},
			from: 33 + 0.4*float64(i%3), to: 42, share: part, symptom: symptoms[i%len(symptoms)]})
	}
}

// When all vantages fail, none of them can be compared with one that is well. What is told of
// them comes from their own past, and from what they say of one another.
func TestVantagesThatAllFailAreNoOutage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		vantages, sick int
		part           float64
		symptoms       []faultline.Symptom
	}{
		"the resolvers of all three lose answers":     {3, 3, 0.6, []faultline.Symptom{"dns"}},
		"both lose a third":                           {2, 2, 0.3, []faultline.Symptom{"timeout"}},
		"all three lose a third":                      {3, 3, 0.3, []faultline.Symptom{"timeout"}},
		"all of five lose a third":                    {5, 5, 0.3, []faultline.Symptom{"timeout"}},
		"twelve go dark":                              {12, 12, 1, []faultline.Symptom{"timeout"}},
		"eleven of twelve lose half, each by its own": {12, 11, 0.5, []faultline.Symptom{"dns", "tls", "connect"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(60, 44)
			w.vantages, w.noise = vantagesOf(c.vantages), 0.002
			w.sicken(c.sick, c.part, c.symptoms...)
			w.run(t).wantNone(t)
		})
	}
}

// Vantages that see a true outage are well on the rest, so that their word stands: also
// where it fails a part of the requests, so that they contradict one another, and where
// several faults come at once.
func TestVantagesThatContradictOneAnotherSeeAnOutage(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]map[faultline.Component]float64{
		"half of its requests":  {"cdn:x": 0.5},
		"a fifth":               {"dns:q": 0.2},
		"two at once, in part":  {"cdn:x": 0.5, "cdn:y": 0.5},
		"all of it, and a half": {"cdn:x": 1, "cdn:z": 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := quietTown(100, 44)
			for c, part := range faults {
				symptom := faultline.Symptom("http_503")
				if c.Kind() == faultline.KindDNS {
					symptom = "dns"
				}
				w.faults = append(w.faults, fault{sites: w.on(c), from: 35, to: 44, share: part, symptom: symptom})
			}
			found := map[faultline.Component]bool{}
			for _, in := range w.run(t).published() {
				found[causeOf(in)] = true
			}
			for c := range faults {
				if !found[c] {
					t.Errorf("%s is not found", c)
				}
			}
			if len(found) != len(faults) {
				t.Errorf("found %v", found)
			}
		})
	}
}
