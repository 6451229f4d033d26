package correlate

import (
	"fmt"
	"math"
	"strings"
	"time"

	"faultline"
)

// title is the sentence that is safe to quote: what fails, how, and since when.
func title(in faultline.Incident) string {
	var b strings.Builder
	if in.State == faultline.StateCandidate || in.State == faultline.StateRetracted && in.ConfirmedAt == nil {
		b.WriteString("Unconfirmed: ")
	}
	b.WriteString(subject(in))
	if where := place(in); where != "" {
		b.WriteString(" in " + where)
	}
	if s := symptomPhrase(in.Symptoms); s != "" {
		b.WriteString(", " + s)
	}
	if in.ConfirmedAt != nil && in.Basis == faultline.BasisReports {
		b.WriteString(", by people's reports alone")
	}
	b.WriteString(", began ~" + in.Onset.At.Round(time.Minute).Format("15:04") + " UTC")
	return b.String()
}

// subject names the sites by what they share.
func subject(in faultline.Incident) string {
	if in.Cause == nil {
		return fmt.Sprintf("%d sites with nothing known in common", in.SitesTotal)
	}
	name := in.Cause.Name
	switch in.Cause.Kind {
	case faultline.KindCDN:
		return name + "-fronted sites"
	case faultline.KindDNS:
		return "Sites whose DNS is at " + name
	case faultline.KindCA:
		return "Sites with certificates of " + name
	case faultline.KindTLD:
		return name + " sites"
	case faultline.KindISP:
		return "Many sites as seen from " + name
	case faultline.KindSite:
		return name
	}
	return "Sites on " + name
}

func place(in faultline.Incident) string {
	if in.Scope.Worldwide || in.Cause != nil && in.Cause.Kind == faultline.KindISP {
		return ""
	}
	return strings.Join(in.Scope.Countries, ", ")
}

// A symptom is part of the title when so many of the sites show it.
const titleShare = 0.5

// symptomPhrase says the commonest telling symptom in words.
func symptomPhrase(shares []faultline.SymptomShare) string {
	for _, s := range shares {
		if s.Symptom == faultline.SymptomOther || s.Symptom == faultline.SymptomOK {
			continue
		}
		if s.Share < titleShare && math.Abs(s.Share-shares[0].Share) > 1e-9 {
			return ""
		}
		if n := s.Symptom.HTTPStatus(); n != 0 {
			return fmt.Sprint(n)
		}
		return map[faultline.Symptom]string{
			faultline.SymptomConnect: "connection failure", faultline.SymptomTimeout: "timeouts",
			faultline.SymptomDNS: "DNS failure", faultline.SymptomTLS: "TLS failure",
			faultline.SymptomSlow: "slow", faultline.SymptomContent: "wrong content",
		}[s.Symptom]
	}
	return ""
}
