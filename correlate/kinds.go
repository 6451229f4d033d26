package correlate

import "faultline"

// traits is what differs between the kinds of component. Code asks for a trait and
// never for a kind by its string, so that a new kind is one more row here.
type traits struct {
	kind string
	// title names the sites of a failing component, whose name is at %s.
	title string
	// sufferers names those sites in a sentence, in the plural.
	sufferers string
	// own: a fault of one site or of one owner, and not of something shared.
	own bool
	// viewers: it fails on the side of the people who look, and takes no site down.
	viewers bool
	// whole: it fails for most of its sites or for none.
	whole bool
	// common: so many sites share it that two of them are not related by it.
	common bool
	// step is the step of a check at which its faults show, [faultline.LayerNone] if at any:
	// a probe that failed at another step proves that it was not this.
	step faultline.Layer
	// symptoms is what a failing site with a symptom of each class adds to the case of
	// a component of the kind.
	symptoms [classes]nats
}

// kindTable has the kinds in the order of [faultline.Kinds]: what a person would name
// first stands in front.
//
// The symptoms are ln P(class | kind fails) / P(class), from the mixes of the published
// outages that docs/method.md lists, bounded so that no symptom decides alone: DNS
// faults show dns, authorities tls, edges 5xx. Tuned: ablation "symptoms".
var kindTable = [...]traits{
	{kind: faultline.KindCDN, title: "%s-fronted sites", sufferers: "sites that use %s",
		symptoms: [classes]nats{classEdge: 0.5, classConnect: 0.1, classDNS: -0.9, classTLS: -0.3, classOrigin: -0.7}},
	{kind: faultline.KindCloud, title: "Sites on %s", sufferers: "sites that run on %s",
		symptoms: [classes]nats{classEdge: 0.3, classConnect: 0.4, classDNS: -0.9, classTLS: -0.7, classOrigin: 0.3}},
	{kind: faultline.KindDNS, title: "Sites whose DNS is at %s", sufferers: "sites whose DNS is at %s", step: faultline.LayerResolved,
		symptoms: [classes]nats{classEdge: -1.2, classConnect: -0.3, classDNS: 1.0, classTLS: -1.2, classOrigin: -0.7}},
	{kind: faultline.KindCA, title: "Sites with certificates of %s", sufferers: "sites with certificates of %s", whole: true, step: faultline.LayerSecured,
		symptoms: [classes]nats{classEdge: -1.2, classConnect: -1.2, classDNS: -1.2, classTLS: 1.5, classOrigin: -1.0}},
	{kind: faultline.KindTLD, title: "%s sites", sufferers: "sites below %s", whole: true, common: true, step: faultline.LayerResolved,
		symptoms: [classes]nats{classEdge: -1.2, classConnect: -0.7, classDNS: 1.0, classTLS: -1.2, classOrigin: -0.7}},
	{kind: faultline.KindPOP, title: "Sites on %s", sufferers: "sites that use %s",
		symptoms: [classes]nats{classEdge: 0.4, classConnect: 0.3, classDNS: -0.9, classTLS: -0.3, classOrigin: -0.7}},
	{kind: faultline.KindASN, title: "Sites on %s", sufferers: "sites in the network %s",
		symptoms: [classes]nats{classConnect: 0.5, classDNS: -0.7, classTLS: -0.7, classOrigin: 0.3}},
	{kind: faultline.KindPrefix, title: "Sites on %s", sufferers: "sites in the address range %s",
		symptoms: [classes]nats{classEdge: -0.3, classConnect: 0.6, classDNS: -0.7, classTLS: -0.7, classOrigin: 0.3}},
	{kind: faultline.KindISP, title: "Many sites as seen from %s", sufferers: "many sites as seen from %s", viewers: true},
	{kind: faultline.KindSite, title: "%s", sufferers: "hosts of %s", own: true},
}

// unknownKind has no trait at all; an incident without a cause is of it.
var unknownKind = traits{title: "Sites on %s", sufferers: "sites on %s"}

func kindNamed(kind string) *traits {
	for i := range kindTable {
		if kindTable[i].kind == kind {
			return &kindTable[i]
		}
	}
	return &unknownKind
}

func traitsOf(c faultline.Component) *traits { return kindNamed(c.Kind()) }

// traits are those of an incident's cause.
func (in *incident) traits() *traits { return traitsOf(in.Cause) }

// excluded reports whether a failure at a step of a check proves that no component of the
// kind caused it; [faultline.LayerNone] is a failure at an unknown step.
func (k *traits) excluded(step faultline.Layer) bool {
	return k.step != faultline.LayerNone && step != faultline.LayerNone && step != k.step
}

// rank is the place of a kind among the names that a person would give, 0 the first.
func (k *traits) rank() int {
	for i := range kindTable {
		if kindTable[i].kind == k.kind {
			return i
		}
	}
	return len(kindTable)
}
