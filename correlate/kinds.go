package correlate

import (
	"faultline"
	"faultline/correlate/cause"
)

// traits is what differs between the kinds of component. Code asks for a trait and
// never for a kind by its string, so that a new kind is one more row here.
type traits struct {
	cause.Kind // what the search for causes knows of it
	kind       string
	// title names the sites of a failing component, whose name is at %s.
	title string
	// sufferers names those sites in a sentence, in the plural.
	sufferers string
	// viewers: it fails on the side of the people who look, and takes no site down.
	viewers bool
	// network: addresses, which may be those of an edge in front of a site or of its host.
	network bool
	// common: so many sites share it that two of them are not related by it.
	common bool
}

// kindTable has the kinds in the order of [faultline.Kinds]: what a person would name
// first stands in front.
//
// The symptoms are ln P(class | kind fails) / P(class): DNS faults show dns, authorities
// tls, edges 5xx. The signs follow from the layer that a kind serves. The sizes are set
// by hand, bounded so that no symptom decides alone, and tuned: ablation "symptoms".
var kindTable = ranked([...]traits{
	{kind: faultline.KindCDN, title: "%s-fronted sites", sufferers: "sites that use %s",
		Kind: cause.Kind{Edge: true, Symptoms: symptomGains{
			cause.ClassEdge: 0.5, cause.ClassConnect: 0.1, cause.ClassDNS: -0.9,
			cause.ClassTLS: -0.3, cause.ClassOrigin: -0.7,
		}}},
	{kind: faultline.KindCloud, title: "Sites on %s", sufferers: "sites that run on %s",
		Kind: cause.Kind{Symptoms: symptomGains{
			cause.ClassEdge: 0.3, cause.ClassConnect: 0.4, cause.ClassDNS: -0.9,
			cause.ClassTLS: -0.7, cause.ClassOrigin: 0.3,
		}}},
	{kind: faultline.KindDNS, title: "Sites whose DNS is at %s", sufferers: "sites whose DNS is at %s",
		Kind: cause.Kind{Step: faultline.LayerResolved, Symptoms: symptomGains{
			cause.ClassEdge: -1.2, cause.ClassConnect: -0.3, cause.ClassDNS: 1.0,
			cause.ClassTLS: -1.2, cause.ClassOrigin: -0.7,
		}}},
	{kind: faultline.KindCA, title: "Sites with certificates of %s", sufferers: "sites with certificates of %s",
		Kind: cause.Kind{Whole: true, Step: faultline.LayerSecured, Symptoms: symptomGains{
			cause.ClassEdge: -1.2, cause.ClassConnect: -1.2, cause.ClassDNS: -1.2,
			cause.ClassTLS: 1.5, cause.ClassOrigin: -1.0,
		}}},
	{kind: faultline.KindTLD, title: "%s sites", sufferers: "sites below %s", common: true,
		Kind: cause.Kind{Whole: true, Step: faultline.LayerResolved, Symptoms: symptomGains{
			cause.ClassEdge: -1.2, cause.ClassConnect: -0.7, cause.ClassDNS: 1.0,
			cause.ClassTLS: -1.2, cause.ClassOrigin: -0.7,
		}}},
	{kind: faultline.KindPOP, title: "Sites on %s", sufferers: "sites that use %s",
		Kind: cause.Kind{Edge: true, Symptoms: symptomGains{
			cause.ClassEdge: 0.4, cause.ClassConnect: 0.3, cause.ClassDNS: -0.9,
			cause.ClassTLS: -0.3, cause.ClassOrigin: -0.7,
		}}},
	{kind: faultline.KindASN, network: true, title: "Sites on %s", sufferers: "sites in the network %s",
		Kind: cause.Kind{Symptoms: symptomGains{
			cause.ClassConnect: 0.5, cause.ClassDNS: -0.7, cause.ClassTLS: -0.7,
			cause.ClassOrigin: 0.3,
		}}},
	{kind: faultline.KindPrefix, network: true, title: "Sites on %s", sufferers: "sites in the address range %s",
		Kind: cause.Kind{Symptoms: symptomGains{
			cause.ClassEdge: -0.3, cause.ClassConnect: 0.6, cause.ClassDNS: -0.7,
			cause.ClassTLS: -0.7, cause.ClassOrigin: 0.3,
		}}},
	{kind: faultline.KindISP, title: "Many sites as seen from %s", sufferers: "many sites as seen from %s",
		viewers: true},
	{kind: faultline.KindSite, title: "%s", sufferers: "hosts of %s", Kind: cause.Kind{Own: true}},
})

// symptomGains is what a failing site with a symptom of each class adds to a cause.
type symptomGains = [cause.Classes]nats

// kinds is how many kinds there are.
const kinds = 10

// ranked numbers the kinds in their order.
func ranked(table [kinds]traits) [kinds]traits {
	for i := range table {
		table[i].Rank = i
	}
	return table
}

// edgeNetwork is a network that a provider runs for its edges alone.
var edgeNetwork = func() traits {
	t := *kindNamed(faultline.KindASN)
	t.Edge = true
	t.Symptoms[cause.ClassOrigin] = kindNamed(faultline.KindCDN).Symptoms[cause.ClassOrigin]
	return t
}()

// unknownKind has no trait at all; an incident without a cause is of it.
var unknownKind = traits{title: "Sites on %s", sufferers: "sites on %s", Kind: cause.Kind{Rank: kinds}}

// kindNamed is the row of a kind. One that nobody knows has a row too: a newer catalogue
// may name it.
func kindNamed(kind string) *traits {
	for i := range kindTable {
		if kindTable[i].kind == kind {
			return &kindTable[i]
		}
	}
	return &unknownKind
}

// traitsOf is the row of a component's kind.
func traitsOf(c faultline.Component) *traits { return kindNamed(c.Kind()) }

// traits are those of an incident's cause.
func (in *incident) traits() *traits { return traitsOf(in.Cause) }
