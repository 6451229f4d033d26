package correlate

import (
	"fmt"
	"math"
	"strings"

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
	if in.ConfirmedAt != nil {
		b.WriteString(crowdWitness[in.Basis].title)
	}
	b.WriteString(", began ~" + faultline.Minute(in.Onset.At).Format("15:04") + " UTC")
	return b.String()
}

// crowdWitness says what confirmed an incident that no probe can see, in a title and in a
// headline.
var crowdWitness = map[string]struct{ title, headline string }{
	faultline.BasisReports: {", by people's reports alone", ", according to people's reports alone,"},
	faultline.BasisReaders: {", by the silence of our readers there", ", judging by the silence of our readers there,"},
	faultline.BasisReadersReports: {", by people's reports and the silence of our readers there",
		", according to people's reports and the silence of our readers there,"},
}

// subject names the sites by what they share.
func subject(in faultline.Incident) string {
	if in.Cause == nil {
		return fmt.Sprintf("%d sites with nothing known in common", in.SitesTotal)
	}
	return fmt.Sprintf(kindNamed(in.Cause.Kind).title, in.Cause.Name)
}

// place is where an incident is felt, for its title; empty where it is felt everywhere, or
// where the title names a network anyway.
func place(in faultline.Incident) string {
	if in.Scope.Worldwide || in.Cause != nil && kindNamed(in.Cause.Kind).viewers {
		return ""
	}
	return strings.Join(in.Scope.Countries, ", ")
}

// symptomPhrase says the commonest telling symptom in words.
func symptomPhrase(shares []faultline.SymptomShare) string {
	for _, s := range shares {
		if s.Symptom == faultline.SymptomOther || s.Symptom == faultline.SymptomOK {
			continue
		}
		if s.Share < titleShare && math.Abs(s.Share-shares[0].Share) > titleTie {
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
