package correlate

import (
	"faultline/correlate/cause"
	"faultline/correlate/evidence"
)

// derived holds work lists and caches. All of it can be rebuilt from state: by the
// evaluation that needs it, or while a checkpoint is read.
type derived struct {
	owners      owners            // of sites, by their names
	isIn        []bool            // beside sites
	changes     []changes         // beside sites: what came in since it was weighed, and whether it is quiescent
	newest      []int64           // beside sites: time of the newest result, 0 if that is not known
	evidence    []siteEvidence    // beside active
	spare       []siteEvidence    // what evidence is written to when sites have come in between
	due         []int64           // beside evidence: until then a quiescent site stays so by itself
	unsettled   []int32           // in evidence, ascending: those that are not quiescent
	quiescent   int               // how many are, of those that belong to no incident
	byID        []int32           // site → position in evidence, -1
	weighing    bool              // an evaluation is going on
	capsGen     int               // how often the caps of networks have changed
	trustGen    int               // how often how far vantages are trusted has changed
	forgot      bool              // reports were forgotten since sites were last weighed
	came        bool              // sites have become active since
	byASN       map[uint32]uint32 // networks whose name need not be made to find them
	failingISPs int               // networks that fail themselves: their people's word does not count
	weigher     evidence.Weigher
	solver      cause.Solver      // keeps its work lists from one search to the next
	why         cause.Explanation // what the last search found
	dependents  dependents
	breadth     breadth
	complaints  []complaints // by network
	watched     watched
	mapped      int // sites of the list of sites
}

// changes says what came in of a site since it was last weighed.
type changes uint8

const (
	newProbe changes = 1 << iota
	newReport
	// quiescent is a site whose probes have all succeeded for as long as they are kept, and
	// of which people say nothing that speaks for a failure. One more success changes
	// nothing of that, so that it is not evaluated again until something else happens;
	// what exactly speaks against its failure is worked out when it is asked for.
	quiescent
	// reportedOn sites are those that people may have reported within ispWindow.
	reportedOn
)

// siteEvidence is what is known of one site at one evaluation.
type siteEvidence struct {
	id uint32
	cause.Evidence
	probes   [evidence.Windows]float64 // of L, from probes
	crowd    [evidence.Windows]float64 // of L, from reports
	alarming bool                      // the crowd, of a failure, in some window
	bound    bool                      // it belonged to an incident when it was weighed
	down     bool                      // and that found it failing

	at     int64 // the evaluation that it was last brought up to date in, see weigh
	summed bool  // L is the sum of probes and crowd
	// What holds while nothing new comes in. When the trust in vantages changes, all of it except
	// the symptom is computed again.
	tracks  memo[struct{}] // probes and Probed are as its results say
	now     memo[standing] // by its newest results
	symptom memo[uint16]   // its commonest symptom; Step is of it
	checked memo[int64]    // the incident that found it as it is
}

// standing is how a site does by its newest results.
type standing struct {
	fresh bool // they are of now
	well  bool // all of them succeeded, so that no crowd speaks for its failure
}
