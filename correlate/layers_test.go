package correlate

import (
	"slices"
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

// A timeout proves what worked before the step that took too long, if the probe says which
// one it was; a network or an edge may hang at any step.
func TestATimeoutExcludesWhatWorkedBefore(t *testing.T) {
	t.Parallel()
	dns := []string{faultline.KindDNS, faultline.KindTLD}
	all := []string{faultline.KindDNS, faultline.KindCA, faultline.KindTLD}
	for name, c := range map[string]struct {
		probe faultline.Probe
		out   []string
	}{
		"says nothing":           {faultline.Probe{Symptom: "timeout"}, nil},
		"of its own words":       {faultline.Probe{Symptom: "timeout", Detail: "gave up"}, nil},
		"resolving":              {faultline.Probe{Symptom: "timeout", Detail: "dns"}, []string{faultline.KindCA}},
		"connecting":             {faultline.Probe{Symptom: "timeout", Detail: "connect"}, all},
		"in the handshake":       {faultline.Probe{Symptom: "timeout", Detail: "tls"}, dns},
		"waiting for an answer":  {faultline.Probe{Symptom: "timeout", Detail: "http"}, all},
		"in the midst of a page": {faultline.Probe{Symptom: "timeout", Status: 200}, all},
		"a reset":                {faultline.Probe{Symptom: "connect", Detail: "reset"}, all},
	} {
		code := evidence.ProbeCode(c.probe)
		var got []string
		for i := range kindTable {
			if kindTable[i].Excluded(evidence.FailedStep(code)) {
				got = append(got, kindTable[i].kind)
			}
		}
		if !slices.Equal(got, c.out) {
			t.Errorf("%s: excludes %v, want %v", name, got, c.out)
		}
		if s := evidence.CodeSymptom(code); s != c.probe.Symptom {
			t.Errorf("%s: is told as %s", name, s)
		}
	}
}

// Sites that share nothing but their DNS provider, and time out after the handshake, accuse
// neither it nor their authority.
func TestATimeoutAfterTheHandshakeAccusesNoNameServer(t *testing.T) {
	t.Parallel()
	for detail, blamed := range map[string]bool{"dns": true, "http": false, "tls": false, "connect": false} {
		w := quietTown(60, 45)
		w.faults = []fault{{sites: w.on("dns:p"), from: 35, to: 45, symptom: "timeout", detail: detail}}
		found := false
		for _, in := range w.run(t).published() {
			found = found || causeOf(in) == "dns:p"
		}
		if found != blamed {
			t.Errorf("%s: the DNS provider is blamed: %v", detail, found)
		}
	}
}
