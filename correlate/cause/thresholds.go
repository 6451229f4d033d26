package cause

// Every judgement of the search stands in this file: what it is, in which unit, and why
// it has this value. "Tuned" names the part of the method (bench/accuracy/ablations.go)
// whose scenarios show what another value costs. docs/method.md repeats the chief ones
// for readers; a test compares those.

// The units. They are aliases, so that a sum of evidence needs no conversions.
type (
	nats  = float64 // natural logarithm of odds or of a likelihood ratio
	share = float64 // of a whole, 0 to 1
)

// What the search shares with those who make evidence and use causes.
const (
	// Windows is how many onset hypotheses there are: evidence is of a failure since the
	// beginning of one of them, the shortest first.
	Windows = 8
	// EvidenceMin and EvidenceMax bound the evidence of a site: further sums change no
	// decision.
	EvidenceMin nats = -12
	EvidenceMax nats = 15
	// Anomalous is the evidence from which a site takes part as failing, Failed that
	// from which its failure must be accounted for.
	Anomalous nats = 0.5
	Failed    nats = 2
	// MinSites must fail because of a component.
	MinSites = 2
	// ClusterSites that fail together show that something fails which no component names.
	ClusterSites = 5
	// SharedWeight is that of one of several providers of a kind: a site mostly fails over.
	SharedWeight share = 0.35
	// ExplainedFrom: a site more likely than that to fail by something known is explained.
	ExplainedFrom share = 0.5
	// WellOnce is how much a quiescent site counts against a cause until it is asked: as
	// much as one success.
	WellOnce nats = -1
)

// Thresholds of the search alone.
const (
	// At least this share of what fails of a component must be attributed to it. Tuned:
	// ablation "materiality".
	minAttributionShare share = 0.7
	wholly              share = 0.8 // of a component fails: nothing smaller is looked for
	// aside: what a second cause with many members in common must show of its own.
	asideOdds  nats  = 10
	asideSites       = 4.
	asidePart  share = 0.25
	// priorPenalty: a fault must overcome e² more than one component of all.
	priorPenalty nats = 2
	// A registry or an authority fails for most of its sites or for none: a small part
	// of a very large component is a coincidence first.
	wholeFrom     share = 0.3
	wholePenalty  nats  = 6
	maxCauses           = 16
	maxCandidates       = 48
	searchRounds        = 2
	refitRounds         = 2 * maxCauses // bounds the causes that one search drops
	// Two components whose failing members overlap by likeness are alternatives; the
	// one that a person would name wins unless it explains less than nameable of the
	// other. symptomsApart is the fit to the symptoms, a site, that decides instead.
	likeness      share = 0.65
	nameable      share = 0.8
	symptomsApart nats  = 0.5
	soleFrom      share = 0.8 // a weight from which a provider counts as the only one
	memberChance  share = 0.9 // that a site of an open incident fails

	unmappedPenalty nats = 3 // less likely than a fault of what is named. Tuned: ablation "what no map names"

	healthySample = 512 // well sites that are asked how well; they stand for the rest

	// Histograms of evidence: half a nat a bucket. healthyAtOnce members are counted
	// before it is asked whether that is enough.
	bucketWidth nats = 0.5

	healthyAtOnce = 64
	productMost   = 1e200 // a product of ratios is turned into its logarithm beyond
	productLeast  = 1e-200
	growBy        = 256 // components by which the lists of a search grow

	partBits = 10 // of a dependency: its share in thousandths
	partOne  = 1000
)

// qGrid is the failing fractions that are integrated over. Tuned: ablation "q integrated".
var qGrid = [...]share{0.03, 0.06, 0.1, 0.18, 0.3, 0.45, 0.6, 0.75, 0.88, 0.97}
