package correlate

import (
	"time"

	"faultline"
	"faultline/correlate/cause"
)

// Every judgement of the engine stands in this file, but for those of evidence and of the
// search, which have a thresholds.go of their own: what it is, in which unit, why it has
// this value and where that is from. "Tuned" names the part of the method
// (bench/accuracy/ablations.go) whose scenarios show what another value costs.
// docs/method.md repeats the chief ones for readers; a test compares those.

// The units. They are aliases, so that a sum of evidence needs no conversions.
type (
	nats   = float64 // natural logarithm of odds or of a likelihood ratio
	share  = float64 // of a whole, 0 to 1
	millis = int64   // Unix milliseconds, or a span of them
)

// Time.
const (
	second millis = 1000
	minute        = 60 * second
	hour          = 60 * minute

	// lateBound and futureBound: an event further behind the clock is left out, one
	// further ahead is set to the clock. All that append events agree on them (root).
	lateBound   = millis(faultline.LateBound / time.Millisecond)
	futureBound = millis(faultline.FutureBound / time.Millisecond)
	// evalEvery is how often evidence is weighed. Probes come once a minute and the
	// fastest decision takes two evaluations, so that a shorter step gains nothing.
	evalEvery = 5 * second
)

// Capacities. Beyond one, what is new is refused and counted, or the oldest goes.
const (
	maxSites      = 2_000_000 // 20 times the largest map that we know of
	maxComponents = 500_000   // 202,860 were seen below a million sites
	maxVantages   = faultline.MaxVantages
	maxNetworks   = 100_000 // more than there are ASNs announced
	maxRepeatKeys = 4_000_000
	maxReporters  = 200_000 // of an incident; beyond, the counts of reports go on
	maxNets       = 4_096
	maxCountries  = 250 // more than ISO 3166 has
	maxStatements = 200
	maxObserved   = 4_096 // sites by which it is told which vantages see an incident
	maxExempt     = 20    // a list that a reader takes in
	maxPeople     = 4_096 // of one network that are told apart at a time
	sickSpans     = 64
	chunkRows     = 64        // rows allocated together
	growBy        = 1024      // sites by which the lists beside them grow
	pieceBytes    = 256 << 10 // of a snapshot; to write one takes a millisecond or two
)

// Incidents: when one begins, keeps its cause, and ends.
const (
	openOdds      nats  = 3 // twice in a row: 20 to 1
	openAtOnce    nats  = 6 // or this once: 400 to 1
	confirmOdds   nats  = 3
	renameOdds    nats  = 3 // more than the present cause, twice in a row
	renameWithin        = 10 * minute
	leftPart      share = 0.6 // of what fails of a cause, in one incident that began with it
	sameFailures  share = 0.5 // of a cause's failing sites in one incident: it is that incident
	handOverSites       = 3   // that one cause holds alone must show that it is over. Tuned: ablation "handover"

	// rivalWell of a component's sites that are well are named as what speaks against it: fewer
	// may be well by a second provider or by luck.
	rivalWell share = 0.1

	recoveringPart share = 0.3 // of the peak
	recoveringFor        = 3 * minute
	relapsePart    share = 0.5 // of the peak fails again: it is not recovering
	tailPart       share = 0.5 // of the peak that the tail of a recovery is taken to fail
	quietFor             = 10 * minute
	quietPart      share = 0.05 // stragglers do not hold an incident open
	retractAfter         = 5 * minute
	relapseFails         = 2                // of the last results of a site
	recurrence           = 30 * minute      // what fails again within it is the same incident
	kept                 = 24 * 60 * minute // a final incident takes statements and corrections
	statementLead        = 60 * minute      // before the onset that a statement may be of the incident
	adoptedGrace         = 10 * minute      // a fold that begins again waits for evidence of sites that failed
	firstReach           = 5 * minute       // how far back an onset may be before it is fitted
	entropyBytes         = 10               // of a ULID
)

// What confirms. Pages and docs/method.md name the first three.
const (
	confirmVantages      = 2
	confirmNetworks      = 3  // that agree with one vantage
	confirmASNs          = 20 // where nothing probes
	agreeOdds       nats = 3  // of the crowd over all that depends on the cause
	agreeSpan            = 8 * minute
	// regionalRise is how many times as many people more than usual must complain where a
	// fault is felt as where probes find the sites well: sympathy is weaker than that.
	regionalRise = 3
	// Before an onset, people are listened to until chatterGap before it, as the first may be
	// before what is taken for it, and for chatterLeast at least.
	chatterGap   = 2 * minute
	chatterLeast = 5 * minute
	// checkWithin is how long other vantages are waited for when one sees a fault and people
	// agree: longer than the usual pause between two checks of a site.
	checkWithin = 2 * minute
	// contradictionWait is how long people of other countries may contradict a contested fault before
	// those of where it is felt confirm it: a report comes a minute after what it is about.
	contradictionWait = minute
	// sickSettle is how long after half of the vantages fell sick what the others see is
	// waited for: by then one that goes on failing is known.
	sickSettle            = minute
	ownFaultAge           = 60 * second
	ownFaultFailures      = 2 // of each of two vantages; one where the crowd agrees and little doubt is left
	certainOdds      nats = 6
	probesAlone      nats = 5 // of the probes without the crowd. Tuned: ablation "nats from probes"
	// While so many others, unrelated, began to fail within othersWithin of a site, its
	// own fault waits for a component up to othersFor. Tuned: ablation "shadow of an incident".
	othersFor    = 5 * minute
	othersWithin = 2 * minute
	othersSites  = 3
	// riseChance is how rarely a network's reports come to so many by chance if they are
	// to count as a rise.
	riseChance share = 0.02
	// unseenChance is how likely the probes must have missed a fault of the size that people
	// claim, so that people alone confirm it.
	unseenChance share = 0.8
	// echoMass is how many times an incident's reports another one must have for the
	// smaller to be its echo: people blame their own provider for what is elsewhere.
	echoMass = 5
)

// Members.
const (
	stateResults       = 3          // of each vantage show how a site does now
	stateReach         = 3.5        // times the cadence; older results show nothing
	minReach           = 4 * minute // however often somebody checks
	trustSpan          = 2 * minute // the window of trust in a vantage that a site's state needs
	joinChance   share = 0.8        // posterior from which a site belongs to an incident
	joinFraction share = 0.3        // of the cause that is taken to fail at least, for who joins
	crowdSpan          = 4 * minute // of reports that a site's state rests on where nothing probes
	crowdDown    nats  = 1.5
	crowdBack    nats  = 0.5
	crowdTail          = 2 * minute // by which reports end later than the failure
	// freshFor is how long a result shows how a site does now: a few times as long as
	// sites are mostly probed, and no longer than it takes to check one that people report.
	freshFor = 4 * minute
	blipFor  = 3 * minute // what failed once and then no more was no part of it
)

// Sites' own faults, adoption, clusters. Tuned: ablations "sites' own faults", "adoption".
const (
	ownPrior      nats  = -6 // of one site failing on its own in one window
	ownStart            = 3  // the 2 minute window is the shortest that convinces of a single site
	adoptWithin         = 100 * second
	adoptEvidence nats  = 5
	adoptLike     share = 0.05       // of an incident's failed probes show the symptom
	roseWithin          = 3 * minute // of an incident's onset, as its reporters had it
	spreadWithin        = minute
	spreadPart    share = 0.1 // of an incident's sites fell at about one time
	ownCrowdOnly        = 10  // independent reporters, where nothing probes
	clusterSites        = cause.ClusterSites
	clusterWithin       = 3 * minute
	clusterAge          = 2 * minute // by then components have been found
)

// Viewers' networks. Pages name the first. Tuned: ablation "viewers' networks".
const (
	ispSites               = 30
	ispPeople              = 30         // distinct reporters: one person may name every site
	ispWindow              = 8 * minute // breadth is counted over this
	ispRecent              = 2 * minute // and it goes on while this is broad too
	ispRise                = 5.0        // times its own history
	ispSurge               = 10         // times its usual reports when it is fully down
	ispLogOdds       nats  = 12
	ispOthers              = 2.0 // other networks' reports of those sites, times their normal
	ispSick          share = 0.2 // of those sites, at most so many failing by probes
	ispSpread              = 10  // distinct prefixes, where prefixes are known
	ispStillSites          = 10
	ispListed              = 200
	ispHistory             = 10.0 // minutes that were learned: without a past nothing rises
	complaintMinutes       = int((ispWindow+futureBound)/minute) + 2
)

// Readers of viewers' networks. Chosen by hand; ablation "readers" says what the part is for.
const (
	readGrace           = 20 * second                  // after a minute's end all nodes have said what they counted
	readLag             = 16                           // minutes, as LearnLag
	readHistory         = 20                           // minutes that were learned: without a past nothing falls
	readWeight          = 60                           // minutes that the usual reading is the mean of
	readDay             = 24 * 60                      // minutes of silence: then it is the usual
	readLeast           = 4. * faultline.LeastRequests // requests a minute and node: a quarter of it is still counted
	readForgotten       = 1.                           // requests a minute: who reads less is not kept
	readUnknown         = -1.
	readSilence   share = 0.25        // of the usual is silence
	readSteady    share = 0.3         // of the usual, up or down, is as usual
	readRush            = 2.          // times the usual that are learned at most
	readMost            = 1.5         // times the usual that a network counts for at most
	readRise            = 1.1         // times the usual, of the others, is more than usual
	readNetworks        = 3           // others, at least
	readWell      share = 0.75        // of the others read on
	readSlack           = 20 * second // of when it fell silent
	silentMinutes       = 2           // in a row confirm
	steadyMinutes       = 3           // in a row contradict
	silenceOdds   nats  = ispLogOdds
	// Bounds of what is kept.
	maxReadNetworks = 4 * faultline.MaxReaderNetworks
	maxReadMinutes  = 8
	maxReadNodes    = 64
)

// Onset. Tuned: ablation "ramps of onset".
const (
	onsetTimes        = 3           // earliest, likeliest, latest
	onsetDrop   nats  = 1.92        // half the 95 % quantile of χ² with one degree of freedom
	onsetReach        = 20 * minute // before detection
	earlyReach        = 5 * minute  // of it, in which people show how loud they were before
	onsetFreeze       = 15 * minute // after detection: then it is final
	onsetFloor        = 3 * second  // probes take time and clocks differ
	onsetStep         = 2 * second  // how fine the time of onset is
	onsetTie    nats  = 1e-9        // likelihoods nearer than that are equal
	shareMost   share = 0.95        // of probes that fail after the onset, at most and at least
	shareLeast  share = 0.1
	// Up to mostApart sites that began apartBefore the rest say nothing of the onset, if so few
	// of those that fail have failed apartFails times by then.
	mostApart         = 3
	apartBefore       = minute
	apartFails        = 2
	apartPart   share = 1. / 3
	crowdSlack        = 90 * second // widens an onset that only people saw: they report late
	silenceStep       = 10 * second // by which the absence of reports is counted
	fitOften          = 2 * minute  // after detection the onset is fitted each time
	fitLater          = minute      // and then so often
)

// rampSpans are the times over which a failure may spread. A site of one owner fails at
// once.
var rampSpans = [...]millis{0, 10 * second, 20 * second, 30 * second, minute, 2 * minute, 4 * minute}

// Revisions, views and charts: how often, and what is shown.
const (
	restate              = minute // so often counts alone make a revision in the first hour (laterAfter)
	restateLater         = 5 * minute
	laterAfter           = 60 * minute
	onsetChange          = 10 * time.Second
	failingChange  share = 0.1
	mostConfidence share = 0.99
	temper               = 3    // log-odds a nat: sites are less independent than the model has it
	feltAtLeast    share = 0.25 // of the highest share that a vantage sees, to be inside the scope
	sparedNats     nats  = 4.6  // a chance of one in a hundred
	feltNats       nats  = 2    // more failures than chance has at a vantage that sees a fault
	feltProbes           = 5    // fewer of a vantage show nothing
	fewerWitnesses       = 2    // times as many witnesses see a fault as contradict it: these are far fewer
	decisiveProbes       = 2    // of a vantage tell whether it sees what others see
	// By scopeAfter the onset every vantage has checked; before, nothing is said of scope.
	scopeAfter       = 2 * minute
	titleShare share = 0.5 // of the sites show a symptom that the title names
	titleTie   share = 1e-9
	// Accused, and exonerated: so many independent people, so many times what is normal,
	// while probes find the site well.
	accusedPeople  = 8
	accusedRise    = 4.0
	accusedSpan    = 8 * minute
	exonerateAfter = 2 * minute // of the onset: by then the probes have checked
	// fewOfOneNetwork is how many reports of one network are not counted in public: whoever
	// sees that network's connections could tell who made them.
	fewOfOneNetwork = 5
	viewReach       = 15 * minute
	statusReach     = 10 * minute
	rateScale       = 1e3 // expected reports are shown to a thousandth
	hourMinutes     = 60
	hoursUntil      = 30 * second // hours are published in the first half of each minute
	// tallyMinutes are the minutes that a site keeps: those that an event in time may fall
	// into, and one that is published once more.
	tallyMinutes = int((lateBound+futureBound)/minute) + 2
	tallyHours   = 2
)

// Check requests: what is asked of the probers, and for how long.
const (
	requestFor      = 45 * second
	requestRotation = 30 * second // after it others of a component's members have their turn
	requestMembers  = 24          // of one component under suspicion
	requestFollowed = 12          // of one that is confirmed or recovering
	requestControls = 12          // elsewhere, for each component
	requestAlone    = 48          // that fail or are complained of alone
	requestFresh    = 10 * minute // so long a confirmed incident is followed closely
)

// Layout of what is kept in bits and bytes.
const (
	// CheckpointVersion changes with the shape of what is written. A checkpoint of a version
	// that can't be read is refused: the fold begins from another one, or adopts what was
	// published.
	CheckpointVersion = 11
	// oldestCheckpoint is the oldest version that is read: what 8 to 11 added is empty there.
	oldestCheckpoint = 7

	placeBits = 21 // maxSites and maxRepeatKeys/2 fit
	placeMask = 1<<placeBits - 1
	leastBits = 6 // of the number of slots of an index
	wordBits  = 64
	wordBytes = 8
	hashMix   = 0x9e3779b97f4a7c15 // 2^64/φ: multiplicative hashing (Knuth, TAOCP 6.4)
	decimal   = 10
)

// repeatSpan is what pages and docs/privacy.md say: one person's report of one site stands for 10 minutes.
const repeatSpan = 10 * minute

// Clocks of vantages (RFC 5905 section 10 filters by the shortest delays alike).
const (
	skewSamples       = 48  // results of a minute that are used
	skewLow     share = 0.1 // the quantile that stands for a minute
	skewMinutes       = 5   // whose median is believed
	skewFew           = 5   // fewer results tell nothing of a minute
	skewLeast         = 6 * second
	skewChange        = 3 * second // less than this is no change
	skewSources       = 3          // vantages that make a median to compare with
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
