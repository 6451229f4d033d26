package correlate

import (
	"testing"

	"faultline"
)

// titled is an incident of a component, changed as a title may show it.
func titled(c faultline.Component, change func(*faultline.Incident)) faultline.Incident {
	at := after(47)
	in := faultline.Incident{
		State: faultline.StateConfirmed, Basis: faultline.BasisProbes, ConfirmedAt: &at,
		Scope: faultline.Scope{Worldwide: true}, Onset: faultline.Onset{At: at}, SitesTotal: 9,
		Symptoms: []faultline.SymptomShare{{Symptom: "http_503", Share: 0.9}},
	}
	if c != "" {
		in.Cause = &faultline.Cause{Component: c, Kind: c.Kind(), Name: c.DisplayName()}
	}
	if change != nil {
		change(&in)
	}
	return in
}

func TestTitles(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]faultline.Incident{
		"Fastly-fronted sites, 503, began ~09:47 UTC":                     titled("cdn:fastly", nil),
		"Sites on AWS us-east-1, 503, began ~09:47 UTC":                   titled("cloud:aws/us-east-1", nil),
		"Sites whose DNS is at Dyn, 503, began ~09:47 UTC":                titled("dns:dyn", nil),
		"Sites with certificates of Let's Encrypt, 503, began ~09:47 UTC": titled("ca:letsencrypt", nil),
		".club sites, 503, began ~09:47 UTC":                              titled("tld:club", nil),
		"Sites on Fastly (AS54113), 503, began ~09:47 UTC":                titled("asn:AS54113", nil),
		"Sites on 151.101.0.0/16, 503, began ~09:47 UTC":                  titled("prefix:151.101.0.0/16", nil),
		"Sites on Akamai lhr, 503, began ~09:47 UTC":                      titled("pop:akamai/lhr", nil),
		"reddit.com, 503, began ~09:47 UTC":                               titled("site:reddit.com", nil),
		"9 sites with nothing known in common, 503, began ~09:47 UTC":     titled("", nil),
		"Many sites as seen from Rogers (AS812), 503, by people's reports alone, began ~09:47 UTC": titled("isp:AS812",
			func(in *faultline.Incident) {
				in.Basis, in.Scope = faultline.BasisReports,
					faultline.Scope{ISPs: []string{"AS812"}, Countries: []string{"CA"}}
			}),
		"Unconfirmed: reddit.com, 503, began ~09:47 UTC": titled("site:reddit.com", func(in *faultline.Incident) {
			in.State, in.ConfirmedAt, in.Basis = faultline.StateCandidate, nil, faultline.BasisReports
		}),
		"Unconfirmed: dyn.com, 503, began ~09:47 UTC": titled("site:dyn.com", func(in *faultline.Incident) {
			in.State, in.ConfirmedAt = faultline.StateRetracted, nil
		}),
		// The minute that a clock shows, as the JSON has it.
		"ft.com, 503, began ~09:48 UTC": titled("site:ft.com",
			func(in *faultline.Incident) { in.Onset.At = after(48.9) }),
		"ft.com, 503, began ~09:47 UTC": titled("site:ft.com",
			func(in *faultline.Incident) { in.State = faultline.StateRetracted }),
		"Fastly-fronted sites in GB, US, 503, began ~09:47 UTC": titled("cdn:fastly", func(in *faultline.Incident) {
			in.Scope = faultline.Scope{Countries: []string{"GB", "US"}}
		}),
		"Cloudflare-fronted sites, by people's reports alone, began ~09:47 UTC": titled("cdn:cloudflare",
			func(in *faultline.Incident) {
				in.Basis, in.Symptoms = faultline.BasisReports, nil
			}),
		"Akamai-fronted sites, timeouts, began ~09:47 UTC": titled("cdn:akamai", func(in *faultline.Incident) {
			in.Symptoms = []faultline.SymptomShare{{Symptom: "other", Share: 0.7}, {Symptom: "timeout", Share: 0.5}}
		}),
		"Edgio-fronted sites, began ~09:47 UTC": titled("cdn:edgio", func(in *faultline.Incident) {
			in.Symptoms = []faultline.SymptomShare{{Symptom: "other", Share: 0.7}, {Symptom: "timeout", Share: 0.2}}
		}),
	} {
		if got := title(in); got != want {
			t.Errorf("title %q, want %q", got, want)
		}
	}
	for symptom, want := range map[faultline.Symptom]string{
		"connect": "connection failure", "timeout": "timeouts", "dns": "DNS failure", "tls": "TLS failure",
		"slow": "slow", "content": "wrong content", "http_522": "522", "other": "", "ok": "",
	} {
		if got := symptomPhrase([]faultline.SymptomShare{{Symptom: symptom, Share: 1}}); got != want {
			t.Errorf("%s is told as %q, want %q", symptom, got, want)
		}
	}
}

func TestDisplayNames(t *testing.T) {
	t.Parallel()
	for c, want := range map[faultline.Component]string{
		"cdn:fastly": "Fastly", "dns:route53": "Amazon Route 53", "cloud:gcp": "Google Cloud",
		"cloud:aws/us-east-1": "AWS us-east-1",
		"ca:letsencrypt":      "Let's Encrypt", "cdn:nobody": "Nobody", "tld:ru": ".ru",
		"asn:AS54113":           "Fastly (AS54113)",
		"isp:AS812":             "Rogers (AS812)",
		"prefix:151.101.0.0/16": "151.101.0.0/16", "site:reddit.com": "reddit.com",
		"pop:cloudflare/ams": "Cloudflare ams", "cdn:": "",
	} {
		if got := c.DisplayName(); got != want {
			t.Errorf("%s is written %q, want %q", c, got, want)
		}
	}
}
