package evidence

import (
	"time"

	"faultline"
	"faultline/correlate/cause"
)

// Every judgement on evidence stands in this file: what it is, in which unit, and why it
// has this value. "Tuned" names the part of the method (bench/accuracy/ablations.go) whose
// scenarios show what another value costs. docs/method.md repeats the chief ones for
// readers; a test compares those.

// The units. They are aliases, so that a sum of evidence needs no conversions.
type (
	nats   = float64 // natural logarithm of odds or of a likelihood ratio
	share  = float64 // of a whole, 0 to 1
	millis = int64   // Unix milliseconds, or a span of them
)

const (
	second millis = 1000
	minute        = 60 * second
	hour          = 60 * minute

	// lateBound: an event further behind the clock is left out. See [faultline.LateBound].
	lateBound = millis(faultline.LateBound / time.Millisecond)

	hashMix  = 0x9e3779b97f4a7c15 // 2^64/φ: multiplicative hashing (Knuth, TAOCP 6.4)
	wordBits = 64
)

// The windows of the onset hypotheses: "since 15 s, 30 s, …, 32 minutes". A short one
// sees a new failure at once, a long one a monitor that checks every 10 or 20 minutes.
// Tuned: ablation "onset hypotheses".
const (
	Windows    = cause.Windows
	windowBits = 3
)

// WindowMS is how long each window is, in milliseconds, the shortest first.
var WindowMS = [Windows]millis{
	15 * second, 30 * second, minute, 2 * minute, 4 * minute, 8 * minute, 16 * minute, 32 * minute,
}

// Probes.
const (
	// Bounds of the sources: |ρ_ε| ≤ ln((1−ε)/ε), 3.9 nats for a page's crowd and 4.6
	// for one vantage (Huber's contamination). Tuned: ablation "bounded sources".
	crowdEpsilon   share = 0.02
	vantageEpsilon share = 0.01
	boundedFrom    nats  = 20 // from here on ρ_ε equals its limit to eight digits

	// The Beta prior of a track: 1.6 failures in 100, as measured over healthy sites.
	// Tuned: ablation "probe baselines".
	PriorFail = 0.5
	PriorOK   = 30.0
	// flakyOK takes the place of PriorOK for a track that has failed at least
	// flakyFails times before: it has shown that it fails by itself.
	flakyOK    = 8.0
	flakyFails = 2
	// flakyShare of failures before: such a track says nothing about its vantage.
	flakyShare share = 0.2
	// A site's own fault is judged with the upper end of how often its track fails when all
	// is well: cautiousOK are the successes that it is credited with, instead of PriorOK, and
	// cautiousMost the most that is taken to be usual.
	cautiousOK         = 10.
	cautiousMost share = 0.9
	// chronicFailures is the share from which a site was failing before any incident:
	// its track goes on being learned during one.
	chronicFailures share = 0.5
	// successesSeen is how many successes make a track half as believable as it will
	// get: a site that was never seen well can't have failed. Tuned: ablation "seen
	// well before".
	successesSeen = 8
	AlertOK       = successesSeen // credited to monitors that send changes alone
	// successNats is the most that a success vouches for: a dead site answers now and then, and
	// half an hour of its failures would count in full after one such answer.
	successNats nats = 1

	// Scope patterns: a failure is seen everywhere, in one country, or from one vantage
	// alone. Tuned: ablation "scope patterns".
	everywhere share = 0.7
	oneRegion  share = 0.2
	oneVantage share = 0.1
	partsKnown       = 64 // vantages for which logarithms are at hand

	// symptomSpan is the time over which the commonest symptom is counted.
	symptomSpan = 8 * minute
)

// failing is what the probes of a failing site look like: most fail, half do, or one in
// seven (a part of the requests, or of the machines behind a name).
var failing = [...]struct{ share, weight share }{{0.95, 0.5}, {0.5, 0.35}, {0.15, 0.15}}

// Baselines.
const (
	HalfLife = 7 * 24 * 60 * minute // of what was learned: the week is the longest season
	// LearnLag keeps what may still turn out to be an onset out of the baselines: the
	// longest window but one. LearnEvery is how often they move on.
	LearnLag   = 16 * minute
	LearnEvery = minute
	CatchUp    = 10 * minute // without a baseline that long: the first reports are normal

	rankExponent share = 0.55 // of report rates by rank, measured on public report counts

	unknownRank    = 20_000 // of sites without one
	globalStart    = 0.3    // reports a minute of the first site, before anything is known
	globalWeight   = 2_000. // minutes of a site of rank 0 that this is worth
	seasonWeight   = 500.   // reports that an hour of the week needs. Tuned: ablation "season"
	WeekHours      = 168
	siteWeight     = 20. // minutes that the prior of a site is worth
	MinRate        = 1e-4
	NetworkWeight  = 20.
	NetworkStart   = 0.5 // reports a minute of a network that is new
	maxSeasonShape = 8.  // busiest hour against the mean
)

// Crowds.
const (
	Dispersion = faultline.ReportDispersion
	// Surge is how many times its normal rate a site draws when it is fully down: public
	// counts of large outages peak between 20 and 200 times.
	Surge = 60.
	// ReportLag is the mean time from failure to report, in milliseconds.
	ReportLag = float64(minute)
	// FewReports and fewWorth: one or two people prove nothing.
	FewReports      = 2
	fewWorth   nats = 0.25
	// quietFactor is how much more than normal still is quiet; QuietMinutes of quiet make
	// a rise half as believable as it will get. Tuned: ablation "quiet past".
	quietFactor  = 2.
	QuietMinutes = 10.
	// loudNormal is how long a crowd may be loud until that is its normal: a site may be
	// far better known than its rank says.
	loudNormal = 60 * minute
	// A crowd is weighed again once it has grown by one in crowdGrain, else each
	// WeighCrowdEvery evaluations; one that shows no failure half as often.
	crowdGrain      = 64
	WeighCrowdEvery = 6
	rateBits        = 5 // of a rate's fraction that are kept: a fiftieth, as well as any is known
	fractionBits    = 52
	knownBits       = 16      // of the table of evidence that was worked out before
	knownPeople     = 1 << 11 // reporters above which nothing is looked up there

	// Per network and prefix. Tuned: ablation "caps of networks".
	NetworkCap            = 3  // reporters of one site
	networkShareCap       = 4. // or so many times its share of all reports
	PrefixCap             = 2
	wellShare       share = 0.5 // of a crowd that "works for me" takes off at most
)

// surgeParts are the severities that a surge is averaged over.
var surgeParts = [...]float64{0.05, 0.2, 0.6, 2}

// Trust in vantages. Tuned: ablation "sick vantages".
const (
	sickFailures          = 5    // fewer failures prove nothing against a vantage
	sickShare       share = 0.05 // above this share of unexplained failures doubt begins
	distrustShare   share = 0.3  // from here on its failures count nothing
	deniedShare     share = 0.15 // the same of failures that another vantage contradicted: those are sure
	darkShare       share = 0.5  // of all sites fails, whatever they depend on: nothing can be seen from there
	aloneShare      share = 0.6  // where no other vantage is there to compare with
	ComparableSites       = 10   // sites that a vantage must have checked to be compared with
	noiseSigmas           = 2.   // of the share at the vantage that sees least, that chance explains
	elsewhereSpan         = 2 * minute
	// Components take the failures at a vantage over when a few of them hold so much of
	// what fails, and what depends on none of them fails there at most so much as often
	// as the whole.
	explainers     = 3
	manyExplainers = 8 // faults at one time, where no vantage is left to compare with
	// explainerNats is what one of those must show beyond the best of as many by chance: as
	// much as a cause in the search.
	explainerNats  nats  = 2
	explainedShare share = 0.6
	OutsideShare   share = 0.4
	SickTrust      share = 0.5        // below this what a vantage sees is about itself
	SickGap              = minute     // between two stretches that are one
	SickEdge             = 2 * minute // its failures began up to so long before they were noticed
)

// Bounds of what is kept of one site.
const (
	RingResults  = 32 // results that a track keeps: half an hour at one a minute
	CrowdReports = 2048
	WellReports  = 64
)

// Symptoms, as they are kept in a result.
const (
	statusFails     = 400 // the first HTTP status that is a failure
	statusServer    = 500 // the first that the server takes upon itself
	statusOrigin    = 520 // 52x: Cloudflare's edge accuses the origin (its documentation of 5xx errors)
	statusOriginEnd = 530
	// A gateway's own words for whom it asked (RFC 9110 section 15.6).
	statusBadGateway     = 502
	statusGatewayTimeout = 504
	originMark           = 100 // what the code of a server error has more if it is of the origin: no status is as large
	codeBits             = 10  // of a result: its symptom
)
