package correlate

import (
	"testing"

	"faultline"
	"faultline/correlate/evidence"
)

// A probe that got so far proves that everything before worked: what fails otherwise is
// no fault of an authority, a registry or a DNS provider.
func TestWhatAProbeProvesIsExcluded(t *testing.T) {
	t.Parallel()
	for symptom, out := range map[faultline.Symptom][]string{
		"http_500": {faultline.KindDNS, faultline.KindTLD, faultline.KindCA},
		"http_522": {faultline.KindCDN, faultline.KindPOP, faultline.KindDNS, faultline.KindTLD, faultline.KindCA},
		"content":  {faultline.KindDNS, faultline.KindTLD, faultline.KindCA},
		"tls":      {faultline.KindDNS, faultline.KindTLD},
		"connect":  {faultline.KindDNS, faultline.KindTLD, faultline.KindCA},
		"dns":      {faultline.KindCA},
		"timeout":  nil,
		"other":    nil,
	} {
		step := evidence.FailedStep(evidence.SymptomCode(symptom))
		var got []string
		for i := range kindTable {
			if kindTable[i].Excluded(step) {
				got = append(got, kindTable[i].kind)
			}
		}
		want := map[string]bool{}
		for _, k := range out {
			want[k] = true
		}
		for _, k := range got {
			if !want[k] {
				t.Errorf("%s excludes %s", symptom, k)
			}
			delete(want, k)
		}
		for k := range want {
			t.Errorf("%s does not exclude %s", symptom, k)
		}
	}
}

// Sites that answer with an error and share nothing but their authority accuse no
// authority, whoever else is likely.
func TestAnErrorPageAccusesNoAuthority(t *testing.T) {
	t.Parallel()
	for symptom, blamed := range map[faultline.Symptom]bool{"tls": true, "http_500": false, "dns": false} {
		w := quietTown(60, 45)
		w.faults = []fault{{sites: w.on("ca:a"), from: 35, to: 45, symptom: symptom}}
		found := false
		for _, in := range w.run(t).published() {
			found = found || causeOf(in) == "ca:a"
		}
		if found != blamed {
			t.Errorf("%s: the authority is blamed: %v", symptom, found)
		}
	}
}
