package web

import (
	"fmt"

	"faultline"
)

// shortHash is how many digits of a revision's hash a widget or a card has room for. The whole
// hash is on the incident's page, in the API and in the signed record.
const shortHash = 8

// proofOf is where a reader finds that a revision is in the public record, and how to check it
// without trust in these pages.
type proofOf struct{ Hash, URL, Keys, Command string }

// proofOf of a revision; nil without a hash, as in a drill or a replay.
func (v *localizer) proofOf(inc *faultline.Incident) *proofOf {
	if inc.Hash == "" {
		return nil
	}
	return &proofOf{
		Hash:    inc.Hash,
		URL:     fmt.Sprintf("%s/v1/incidents/%s/revisions/%d/proof", v.prefix, inc.ID, inc.Revision),
		Keys:    v.prefix + "/.well-known/faultline-keys",
		Command: "faultline verify " + v.whole(incidentPath(inc.ID, inc.Revision)),
	}
}

// beginningOf is the beginning of a revision's hash, empty without one.
func beginningOf(hash string) string { return hash[:min(len(hash), shortHash)] }
