package history

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"faultline"
	"faultline/scenario"
)

// Score is how a replay did against the public record.
type Score struct {
	// Spec is the digest of the reconstruction that it was made from; see [Digest].
	Spec string `json:"spec"`
	// Named is the cause of the incident that is the outage, when it was confirmed; empty:
	// there was none, or it had no cause.
	Named faultline.Component `json:"named"`
	// Right reports whether that is what the post-mortem names, or something that
	// Faultline itself says to be the same thing or not to be told from it.
	Right bool `json:"right"`
	// Seconds is from the onset to when it was confirmed; meaningless when it never was.
	Seconds int `json:"seconds"`
	// Ahead is by how many minutes that was before the provider's first word; nil: it is
	// not known when that was, or it came before the outage.
	Ahead *int `json:"ahead"`
	// Sites is how many sites the incident had at most.
	Sites int `json:"sites"`
	// False counts confirmed incidents that were none of the outage.
	False int `json:"false"`
	// Cleared are the sites of the record that people reported in error and that Faultline
	// found well; Missed are those that it did not speak of. Neither may be named as failing.
	Cleared []string `json:"cleared"`
	Missed  []string `json:"missed"`
	Blamed  []string `json:"blamed"`
	// Incident is the id of the incident that is the outage; empty if there was none.
	Incident string `json:"incident"`
}

// Rate holds whole revisions against the record of the spec that they were made from.
func Rate(spec scenario.Spec, revisions []faultline.Incident) Score {
	r, record := Replay{Spec: spec, Revisions: revisions}, spec.Record
	s := Score{Spec: Digest(spec), Cleared: []string{}, Missed: []string{}, Blamed: []string{}}
	if record == nil {
		return s
	}
	at := map[string]time.Time{}
	for _, inc := range r.Revisions {
		_, seen := at[inc.ID]
		if inc.ConfirmedAt == nil || seen {
			continue
		}
		at[inc.ID] = *inc.ConfirmedAt
		right := inc.Cause != nil && names(inc.Cause, record)
		switch {
		case s.Incident == "" || right && !s.Right:
			if s.Incident != "" {
				s.False++
			}
			s.Incident, s.Right, s.Named = inc.ID, right, ""
			if inc.Cause != nil {
				s.Named = inc.Cause.Component
			}
			s.Seconds = int(inc.ConfirmedAt.Sub(r.Spec.Onset) / time.Second)
		default:
			s.False++
		}
	}
	if confirmed, ok := at[s.Incident]; ok && !record.FirstWord.IsZero() {
		ahead := int(record.FirstWord.Sub(confirmed).Round(time.Minute) / time.Minute)
		s.Ahead = &ahead
	}
	r.exonerations(&s)
	return s
}

// names reports whether a cause is one of the record, by another of its names too.
func names(c *faultline.Cause, record *scenario.Record) bool {
	same := []faultline.Component{c.Component}
	same = append(same, c.Aka...)
	for _, a := range c.Alternatives {
		if a.Confidence >= c.Confidence {
			same = append(same, a.Component)
		}
	}
	return slices.ContainsFunc(same, func(component faultline.Component) bool {
		return component == record.Cause || slices.Contains(record.Also, component)
	})
}

// exonerations says what became of the sites that were reported in error.
func (r Replay) exonerations(s *Score) {
	cleared, blamed := map[string]bool{}, map[string]bool{}
	for i := range r.Revisions {
		inc := &r.Revisions[i]
		if inc.ID == s.Incident {
			s.Sites = max(s.Sites, inc.SitesTotal)
		}
		if inc.ConfirmedAt == nil {
			continue
		}
		for _, x := range inc.Exonerated {
			cleared[x.Site] = true
		}
		for _, x := range inc.Sites {
			blamed[x.Site] = true
		}
	}
	for _, site := range r.Spec.Record.Well {
		switch {
		case blamed[site]:
			s.Blamed = append(s.Blamed, site)
		case cleared[site]:
			s.Cleared = append(s.Cleared, site)
		default:
			s.Missed = append(s.Missed, site)
		}
	}
}

// Digest is the SHA-256 of a spec with everything that its base adds, so that a recording
// of another state of it is recognised.
func Digest(spec scenario.Spec) string {
	body, err := json.Marshal(spec, json.Deterministic(true))
	if err != nil { // a spec is data that was read as JSON
		panic(err)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
