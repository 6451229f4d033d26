package statements

import (
	"regexp"
	"slices"
	"strings"
)

// stages are the words for how far a provider is, as Statuspage has them, each further
// than the one before (https://developer.statuspage.io/).
var stages = []string{
	"scheduled", "in_progress", "verifying", "completed",
	"investigating", "identified", "monitoring", "resolved", "postmortem",
}

// stageOther is the status of a statement that names no stage. It is shown, and it
// changes nothing of how far the provider is taken to be.
const stageOther = "update"

// word reads a status that a page gave in so many words, in any case and with blanks or
// hyphens; stageOther for a word that is none of the stages.
func word(s string) string {
	s = strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(s)))
	if slices.Contains(stages, s) {
		return s
	}
	return stageOther
}

// A text without a status field is read in three steps: by its labels ("Resolved - …"),
// the newest of them where they are dated; else by what its clauses assert; else by the
// label or the clauses of its title, which many pages never change.
var (
	stageName = `(investigating|identified|monitoring|resolved|post-?mortem|scheduled|in progress|verifying|completed)`
	label     = regexp.MustCompile(`(?i)(?:^|[.!?\]>)]\s+|\b(?:UTC|[A-Z]{2,4}T|[AP]M|\d:\d\d)\s*[-–—:]?\s*|\[)` +
		stageName + `(?:\s*\]|\s*[:–—]|\s+-\s)`)
	labelDate = regexp.MustCompile(`(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|` +
		`dec)[a-z]*\.? +(\d{1,2})(?:,? +\d{4})?,? +` +
		`(\d{1,2}):(\d\d)(?::\d\d)?(?: ?([ap])m)?(?: ?[A-Z]{1,5})?\s*[-–—:]?\s*$`)
	months = "janfebmaraprmayjunjulaugsepoctnovdec"
)

// statusIn finds the stage that a title and a body stand for, by the steps above. The
// body comes first, because many pages never change an entry's title.
func statusIn(title, body string) string {
	for _, read := range []func(string) string{labelled, asserted} {
		if stage := read(body); stage != stageOther {
			return stage
		}
	}
	if stage := labelled(title); stage != stageOther {
		return stage
	}
	return asserted(title)
}

// labelled is the stage of the newest label of a text. Pages append their updates to
// one text, at its top or at its end: where the labels have no dates, the furthest
// stage is the newest.
func labelled(text string) string {
	found, newest := -1, -1
	for _, m := range label.FindAllStringSubmatchIndex(text, -1) {
		stage := slices.Index(stages, strings.Replace(word(text[m[2]:m[3]]), "post_mortem", "postmortem", 1))
		// 48 bytes hold the longest date that pages write in front of a label.
		at := dateBefore(text[max(0, m[2]-48):m[2]])
		if at > newest || at == newest && stage > found {
			found, newest = stage, at
		}
	}
	if found < 0 {
		return stageOther
	}
	return stages[found]
}

// dateBefore is the date at the end of a text, in minutes of a year of 31-day months,
// -1 if there is none. It is only compared with others of the same text, so years and
// zones do not matter.
func dateBefore(text string) int {
	m := labelDate.FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	number := func(s string) (n int) {
		for _, c := range s {
			n = 10*n + int(c-'0')
		}
		return n
	}
	hour := number(m[3])
	if m[5] != "" {
		hour %= 12
		if strings.EqualFold(m[5], "p") {
			hour += 12
		}
	}
	month := strings.Index(months, strings.ToLower(m[1])) / 3
	// Only the order matters, so a month may have 31 days here. The turn of the year is wrong for
	// one update, which is rare and costs a stage.
	return ((month*31+number(m[2]))*24+hour)*60 + number(m[4])
}

// claims are the words by which a clause says how far things are.
var claims = []struct {
	stage string
	says  *regexp.Regexp
}{
	{"resolved", regexp.MustCompile(`\b(?:resolved|fixed|restored|recovered|back to normal|back online|` +
		`operating normally|operational again|incident (?:is |has been )?(?:now )?closed)\b|` +
		`\b(?:is|are) (?:now )?over\s*$`)},
	{"monitoring", regexp.MustCompile(`\b(?:monitoring|continue to monitor|mitigated|(?:fix|change|` +
		`mitigation) (?:has been|was|is) (?:implemented|deployed|applied|rolled out|rolled back|reverted))\b`)},
	{"identified", regexp.MustCompile(`\b(?:identified|(?:found|know) the (?:root )?cause|fix is being|` +
		`working on a fix|implementing a fix|rolling back|reverting)\b`)},
	{"investigating", regexp.MustCompile(`\b(?:investigating|under investigation|looking into|` +
		`continue to investigate)\b`)},
	{"completed", regexp.MustCompile(`\bmaintenance (?:has been|was|is) (?:now )?(?:completed?|finished)\b`)},
	{"in_progress", regexp.MustCompile(`\bmaintenance (?:is|has) (?:now |currently )?(?:in progress|` +
		`under way|underway|started|begun)\b`)},
	{"scheduled", regexp.MustCompile(`\b(?:(?:scheduled|planned|upcoming) (?:\w+ )?maintenance|` +
		`maintenance (?:\w+ )?(?:scheduled|planned))\b`)},
}

var (
	clauseEnd = regexp.MustCompile(`[.;!?:,()]\s|[.;!?:,()]$| - | – | — |\b(?:but|however|although|` +
		`though|while|whereas|and we|and will|and are|and is|and have|and consider)\b`)
	// unsaid before a claim in its clause: it is denied, wished for, or a condition.
	unsaid = regexp.MustCompile(`\b(?:not|never|no|none|nor|neither|cannot|without|\w+n't|yet to|` +
		`far from|instead of|` +
		`once|when|whenever|until|till|if|unless|as soon ` +
		`as|after|before|should|whether|would|will|shall|may|might|could|can|` +
		`to|towards?|for|expect(?:s|ed)?|hope(?:s|ful)?|being|been ` +
		`unable|partial(?:ly)?|partly|mostly|largely|nearly|almost|some|` +
		`most|many|several|half|previously|earlier|believed?|believes|think|suspect|only)\b`)
	// unsaidAfter a claim takes it back.
	unsaidAfter = regexp.MustCompile(`^\s*(?:soon|shortly|eventually|yet|for (?:some|most|many)|` +
		`in (?:some|most))\b`)
	back = regexp.MustCompile(`\b(?:returned|recurred|recurring|reoccurred|reopened|resurfaced|` +
		`regressed|again seeing|seeing .* again)\b`)
	backTo    = regexp.MustCompile(`\bback to (investigating|monitoring)\b`)
	stillAtIt = regexp.MustCompile(`\b(?:will )?continu(?:e|es|ing) to (investigat|monitor)(?:e|ing)?\b`)
	straight  = strings.NewReplacer("’", "'", "‘", "'")
)

// asserted is the furthest stage that a text asserts. What has come back is not resolved.
func asserted(text string) string {
	text = stillAtIt.ReplaceAllString(straight.Replace(strings.ToLower(text)), "${1}ing")
	text = backTo.ReplaceAllString(text, "$1")
	found := map[string]bool{}
	// Clause by clause: "the cause is identified, but the service is not yet restored" asserts the
	// first and denies the second.
	for _, clause := range clauseEnd.Split(text, -1) {
		for _, c := range claims {
			if claimed(clause, c.says) {
				found[c.stage] = true
			}
		}
	}
	if back.MatchString(text) {
		delete(found, "resolved")
		delete(found, "monitoring")
	}
	for _, stage := range slices.Backward(stages) {
		if found[stage] {
			return stage
		}
	}
	return stageOther
}

// claimed reports whether a clause makes a claim that nothing in it takes back.
func claimed(clause string, says *regexp.Regexp) bool {
	for _, m := range says.FindAllStringIndex(clause, -1) {
		if !unsaid.MatchString(clause[:m[0]]) && !unsaidAfter.MatchString(clause[m[1]:]) {
			return true
		}
	}
	return false
}
