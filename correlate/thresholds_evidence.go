package correlate

import (
	"faultline"
	"faultline/correlate/cause"
)

// The judgements on evidence and on causes; thresholds.go has the rest, and the units.

// Probes.
const (
	// Bounds of the sources: |ρ_ε| ≤ ln((1−ε)/ε), 3.9 nats for a page's crowd and 4.6
	// for one vantage (Huber's contamination). Tuned: ablation "bounded sources".
	crowdEpsilon   share = 0.02
	vantageEpsilon share = 0.01
	boundedFrom    nats  = 20 // from here on ρ_ε equals its limit to eight digits

	// The Beta prior of a track: 1.6 failures in 100, as measured over healthy sites.
	// Tuned: ablation "probe baselines".
	priorFail = 0.5
	priorOK   = 30.0
	// flakyOK takes the place of priorOK for a track that has failed at least
	// flakyFails times before: it has shown that it fails by itself.
	flakyOK    = 8.0
	flakyFails = 2
	// flakyShare of failures before: such a track says nothing about its vantage.
	flakyShare share = 0.2
	// chronicFailures is the share from which a site was failing before any incident:
	// its track goes on being learned during one.
	chronicFailures share = 0.5
	// successesSeen is how many successes make a track half as believable as it will
	// get: a site that was never seen well can't have failed. Tuned: ablation "seen
	// well before".
	successesSeen = 8
	alertOK       = successesSeen // credited to monitors that send changes alone

	// Scope patterns: a failure is seen everywhere, in one country, or from one vantage
	// alone. Tuned: ablation "scope patterns".
	everywhere share = 0.7
	oneRegion  share = 0.2
	oneVantage share = 0.1

	// symptomSpan is the time over which the commonest symptom is counted;
	// probeVotes is what a probe's symptom counts beside a person's, who is less exact.
	symptomSpan = 8 * minute
	probeVotes  = 3
)

// failing is what the probes of a failing site look like: most fail, half do, or one in
// seven (a part of the requests, or of the machines behind a name).
var failing = [...]struct{ share, weight share }{{0.95, 0.5}, {0.5, 0.35}, {0.15, 0.15}}

// Baselines.
const (
	halfLife = 7 * 24 * 60 * minute // of what was learned: the week is the longest season
	// learnLag keeps what may still turn out to be an onset out of the baselines: the
	// longest window but one. learnEvery is how often they move on.
	learnLag   = 16 * minute
	learnEvery = minute
	catchUp    = 10 * minute // without a baseline that long: the first reports are normal

	rankExponent share = 0.55 // of report rates by rank, measured on public report counts

	unknownRank    = 20_000 // of sites without one
	globalStart    = 0.3    // reports a minute of the first site, before anything is known
	globalWeight   = 2_000. // minutes of a site of rank 0 that this is worth
	seasonWeight   = 500.   // reports that an hour of the week needs. Tuned: ablation "season"
	weekHours      = 168
	siteWeight     = 20. // minutes that the prior of a site is worth
	minRatePerMin  = 1e-4
	networkWeight  = 20.
	networkStart   = 0.5 // reports a minute of a network that is new
	maxSeasonShape = 8.  // busiest hour against the mean
)

// Crowds.
const (
	dispersion = faultline.ReportDispersion
	// surge is how many times its normal rate a site draws when it is fully down: public
	// counts of large outages peak between 20 and 200 times.
	surge = 60.
	// reportLag is the mean time from failure to report, in milliseconds.
	reportLag = float64(minute)
	// fewReports and fewWorth: one or two people prove nothing.
	fewReports      = 2
	fewWorth   nats = 0.25
	// quietFactor is how much more than normal still is quiet; quietMinutes of quiet make
	// a rise half as believable as it will get. Tuned: ablation "quiet past".
	quietFactor  = 2.
	quietMinutes = 10.
	// loudNormal is how long a crowd may be loud until that is its normal: a site may be
	// far better known than its rank says.
	loudNormal = 60 * minute
	// A crowd is weighed again once it has grown by one in crowdGrain, else each
	// weighCrowdEvery evaluations; one that shows no failure half as often.
	crowdGrain      = 64
	weighCrowdEvery = 6
	rateBits        = 5 // of a rate's fraction that are kept: a fiftieth, as well as any is known
	fractionBits    = 52
	knownBits       = 16      // of the table of evidence that was worked out before
	knownPeople     = 1 << 11 // reporters above which nothing is looked up there

	// Per network and prefix. Tuned: ablation "caps of networks".
	networkCap            = 3  // reporters of one site
	networkShareCap       = 4. // or so many times its share of all reports
	prefixCap             = 2
	wellShare       share = 0.5 // of a crowd that "works for me" takes off at most
)

// surgeParts are the severities that a surge is averaged over.
var surgeParts = [...]float64{0.05, 0.2, 0.6, 2}

// repeatSpan is the contract's: one person's report of one site stands for 10 minutes.
const repeatSpan = 10 * minute

// Clocks of vantages (RFC 5905 section 10 filters by the shortest delays alike).
const (
	skewSamples       = 48  // results of a minute that are used
	skewLow     share = 0.1 // the quantile that stands for a minute
	skewMinutes       = 5   // whose median is believed
	skewFew           = 5   // fewer results tell nothing of a minute
	skewLeast         = 6 * second
	skewMoves         = 3 * second // less than this is no change
	skewSources       = 3          // vantages that make a median to compare with
)

// Trust in vantages. Tuned: ablation "sick vantages".
const (
	sickFailures          = 5    // fewer failures prove nothing against a vantage
	sickShare       share = 0.05 // above this share of unexplained failures doubt begins
	distrustShare   share = 0.3  // from here on its failures count nothing
	darkShare       share = 0.5  // of all sites fails, whatever they depend on: nothing can be seen from there
	aloneShare      share = 0.6  // where no other vantage is there to compare with
	comparableSites       = 10   // sites that a vantage must have checked to be compared with
	noiseSigmas           = 2.   // of the share at the vantage that sees least, that chance explains
	elsewhereSpan         = 2 * minute
	// Components take the failures at a vantage over when a few of them hold so much of
	// what fails, and what depends on none of them fails there at most so much as often
	// as the whole.
	explainers           = 3
	explainedShare share = 0.6
	outsideShare   share = 0.4
	sickTrust      share = 0.5        // below this what a vantage sees is about itself
	sickGap              = minute     // between two stretches that are one
	sickEdge             = 2 * minute // its failures began up to so long before they were noticed
)

// Shared with the search for causes, whose thresholds.go has the reasons.
const (
	evidenceMin        = cause.EvidenceMin
	evidenceMax        = cause.EvidenceMax
	anomalous          = cause.Anomalous
	failed             = cause.Failed
	minAttributedSites = cause.MinSites
	sharedWeight       = cause.SharedWeight
	wellOnce           = cause.WellOnce
)

// The leak: sites fail on their own.
const (
	leakStart  share = 0.002  // π₀, the chance that a site fails on its own just now
	leakMin    share = 0.0005 // Tuned: ablation "leak learned"
	leakMax    share = 0.02
	leakGrace        = minute // a failure in a window may have gone on so much longer
	leakWeight       = 500.   // sites that the prior of the leak is worth
	leakPace   share = 0.02   // of the way, an evaluation
)

// Causes that stand for a while: half the time that the youngest incident has been known,
// within bounds. For speed alone. Tuned: ablation "causes that stand".
const (
	stableParts = 2
	stableLeast = 15 * second
	stableMost  = 2 * minute
)
