package web

import (
	"cmp"
	"slices"

	"faultline"
)

// victims is how many sites the answer of the first page names.
const victims = 3

// byReach orders incidents for a reader in a hurry: those that still fail before those
// that recover, then by how many sites they take down, then the newest onset.
func byReach(a, b *faultline.Incident) int {
	recovering := func(inc *faultline.Incident) int {
		if inc.State == faultline.StateRecovering {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(recovering(a), recovering(b)),
		cmp.Compare(b.Impact.Failing, a.Impact.Failing),
		b.Onset.At.Compare(a.Onset.At),
		cmp.Compare(a.ID, b.ID))
}

// failing says what fails with its best-known sites: "Fastly is failing: reddit.com,
// cnn.com, bbc.co.uk and 73 more sites."
func (v *localizer) failing(inc *faultline.Incident) string {
	sites := v.victims(inc)
	key := "failing."
	switch {
	case inc.Cause == nil:
		key += "none"
	case inc.Cause.Kind == faultline.KindISP:
		key += "isp"
		if inc.Basis == faultline.BasisReaders { // nobody reported anything
			key += "_silent"
		}
	case inc.State == faultline.StateRecovering:
		key += "recovering"
	case inc.Cause.Kind == faultline.KindSite || sites == "":
		key += "alone"
	case inc.Basis == faultline.BasisReports:
		key += "reported"
	default:
		key += "any"
	}
	name := ""
	if inc.Cause != nil {
		name = inc.Cause.Name
	}
	return v.say(key, "Name", name, "Sites", sites)
}

// victims names the first sites of an incident that fail, and counts the others. Joined
// sites are neither named nor counted: our list does not say that they depend on the cause.
func (v *localizer) victims(inc *faultline.Incident) string {
	var names []string
	for _, s := range inc.Sites {
		if s.Member != faultline.MemberJoined && (s.State == faultline.SiteDown || s.State == faultline.SiteDegraded) {
			names = append(names, hostName(s.Site))
		}
	}
	named := names[:min(len(names), victims)]
	more := max(inc.Impact.Failing, len(names)) - len(named)
	if more > 0 && len(named) > 0 {
		return v.count("failing.more", more, "Names", v.listed(named, victims))
	}
	return v.and(slices.Clone(named))
}

// and joins the last of some names with the word for "and".
func (v *localizer) and(names []string) string {
	if len(names) < 2 {
		return v.listed(names, victims)
	}
	last := len(names) - 1
	return v.say("failing.and", "Names", v.listed(names[:last], victims), "Last", names[last])
}
