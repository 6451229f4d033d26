package main

// ablation is one part of the method taken out, to see what it is worth. It is an edit of the
// engine's source that a build overlays, so that the product itself has no switch for it: a
// switch would be one more thing to set wrongly.
type ablation struct {
	name  string // of the part
	what  string // is there without it
	test  string // that fails without it, and so says what the part is for: ROOM.TEST
	edits []edit
}

// edit replaces text that stands exactly once in a file of the module. The replacement must
// compile, and must not change anything but the part.
type edit struct {
	file, old, new string
}

// ablations are the parts of the method (docs/method.md), in its order. Each quotes lines of
// the engine: whoever changes one of these lines changes it here too, and the guard tests say
// where.
var ablations = []ablation{
	{"onset hypotheses", "one window of four minutes for all evidence",
		"correlate/evidence.TestWindowsHoldWhatTheyReach", []edit{
			{"correlate/evidence/thresholds.go",
				"15 * second, 30 * second, minute, 2 * minute, 4 * minute, 8 * minute, 16 * minute, 32 * minute,",
				"4 * minute, 4 * minute, 4 * minute, 4 * minute, 4 * minute, 4 * minute, 4 * minute, 4 * minute,"},
		}},
	{"probe baselines", "every track is taken to fail as often as an unknown one",
		"correlate/evidence.TestFlakyTracksMuteThemselves", []edit{
			{"correlate/evidence/ratio.go", "return (PriorFail + fails) / (PriorFail + credit + fails + oks)",
				"return PriorFail / (PriorFail + max(credit, PriorOK))"},
		}},
	{"seen well before", "who was never seen well may fail too",
		"correlate.TestNothingIsPublishedOf/dead_sites_of_one_provider", []edit{
			{"correlate/evidence/ratio.go", "return min(l*oks/(oks+successesSeen), oks*successNats)", "return l"},
		}},
	{"scope patterns", "a failure is seen everywhere or is none",
		"correlate.TestRegionalOutageOfOneProvider", []edit{
			{"correlate/evidence/probes.go", "if vantages < 2 {", "if regions+vantages > 0 || vantages < 2 {"},
		}},
	{"skew estimate", "vantages' clocks are believed",
		"correlate.TestSkewedClocksArePutRight", []edit{
			{"correlate/fold.go", "at = e.onOurClock(e.vantages.rows[v], p.At.UnixMilli(), at)", ""},
		}},
	{"sick vantages", "a vantage is trusted whatever fails there",
		"correlate.TestOneVantageDown", []edit{
			{"correlate/evidence/trust.go", "if len(own.fails) < sickFailures {", "if len(own.fails) >= 0 {"},
			{"correlate/evidence/trust.go", "if len(l.denied) < sickFailures ||", "if len(l.denied) >= 0 ||"},
			{"correlate/confirm.go", "|| beside.fails(id) ||", "|| beside.fails(id) && false ||"},
			{"correlate/evidence/trust.go", "if whole.seen >= ComparableSites && ", "if whole.seen < 0 && "},
		}},
	{"season", "every hour of the week is as busy",
		"correlate.TestFormulasOfSeasonAndSize", []edit{
			{"correlate/baseline.go", "h := g.Hours[hourOfWeek(at)]", "h := hourBase{}"},
			{"correlate/evidence/baseline.go", "(seasonWeight+n)/(seasonWeight+mass*mean)", "1+n+mass*mean"},
		}},
	{"freeze", "baselines go on learning through incidents and loud crowds",
		"correlate.TestFlappingIsOneIncident", []edit{
			{"correlate/baseline.go", "quiet := s.Incident == 0 && !s.Crowd.Rises(e.clock) || fresh",
				"quiet := true || fresh"},
			{"correlate/fold.go", "(s.Incident == 0 || t.Chronic()) && !", "!"},
		}},
	{"bounded sources", "a page's crowd, or a vantage, may weigh anything",
		"correlate/evidence.TestBoundedKeepsWithinItsLimits", []edit{
			{"correlate/evidence/ratio.go", "return math.Log(((1-epsilon)*x + epsilon) / (epsilon*x + 1 - epsilon))",
				"_ = x\n\treturn l"},
			{"correlate/evidence/ratio.go", "if l > boundedFrom {", "if l > 1e9 {"},
		}},
	{"caps of networks", "a thousand reports of one network are a thousand",
		"correlate.TestCapsFollowTheUsualShare", []edit{
			{"correlate/evidence/people.go", "return max(NetworkCap, networkShareCap*usual*total)", "return total"},
		}},
	{"quiet past", "a crowd may have risen that was never known quiet",
		"correlate.TestLoudForAnHourIsNormal", []edit{
			{"correlate/evidence/crowd.go", "c.L[w] *= quiet / (quiet + QuietMinutes)", "c.L[w] += 0 * quiet"},
		}},
	{"q integrated", "a component fails for half of its requests or not at all",
		"correlate/cause.TestSolve/one_in_fifteen_of_a_provider's_sites", []edit{
			{"correlate/cause/thresholds.go", "{0.03, 0.06, 0.1, 0.18, 0.3, 0.45, 0.6, 0.75, 0.88, 0.97}", "{0.5}"},
		}},
	{"leak learned", "sites are taken to fail on their own as often as at the start",
		"correlate.TestFormulasOfTheLeak", []edit{
			{"correlate/own.go", "e.leak = min(leakMax, max(leakMin, e.leak+leakPace*(now-e.leak)))",
				"e.leak = min(leakStart, now+1)"},
		}},
	{"materiality", "a component is blamed whatever else explains its failures",
		"correlate/cause.TestSolve/most_of_what_fails_of_a_network_is_its_provider's_fault", []edit{
			{"correlate/cause/search.go", "if !s.enoughAttributed(f) {", "if s.enoughAttributed(f); false {"},
			{"correlate/cause/refit.go", "(f.gain <= 0 || !s.enoughAttributed(f))", "f.gain <= 0"},
		}},
	{"joint re-weighing", "the greedy search has the last word",
		"correlate/cause.TestRefitDropsTheNeedless", []edit{
			{"correlate/cause/refit.go", "if len(causes) < 2 {", "if len(causes) <= maxCauses {"},
		}},
	{"wide against narrow", "what explains most at once hides several that explain it better",
		"correlate/cause.TestSolve/two_narrow_causes_fill_a_wide_one", []edit{
			{"correlate/cause/search.go", "wide >= 0 {", "wide > maxCauses {"},
		}},
	{"what no map names", "something that is named must be to blame",
		"correlate/cause.TestSolve/sites_that_share_nothing_known", []edit{
			{"correlate/cause/search.go", "return s.compareUnmapped(causes)", "return causes, unmapped{}"},
		}},
	{"symptoms", "any symptom speaks for any kind alike",
		"correlate.TestSymptomsSpeak", []edit{
			{"correlate/kinds.go", "return &kindTable[i]", "k := kindTable[i]; k.Symptoms = symptomGains{}; return &k"},
		}},
	{"sites' own faults", "components alone can be a cause",
		"correlate.TestSiteFailsByItself", []edit{
			{"correlate/engine.go", "\te.ownFaults()\n", ""},
		}},
	{"adoption", "a site that our list does not place on a cause joins no incident of it",
		"correlate.TestMissingFromTheMapIsAdopted", []edit{
			{"correlate/own.go", "if odds-ownPrior > adoptEvidence {", "if odds-ownPrior > 1e9 {"},
			{"correlate/own.go", "if into := e.adopter(j); into != nil {", "if into := e.adopter(j); into == in {"},
		}},
	{"viewers' networks", "a network of viewers is never a cause",
		"correlate.TestViewersISPFails", []edit{
			{"correlate/engine.go", "\te.viewers()\n", ""},
		}},
	{"readers", "what readers of these pages do says nothing of their network",
		"correlate.TestSilentReadersConfirmTheOutageOfTheirNetwork", []edit{
			{"correlate/readers.go", "\tif at <= e.readers.Judged {", "\tif at <= e.readers.Judged || at > 0 {"},
		}},
	{"nats from probes", "a crowd may point at any two failures",
		"correlate.TestWhatConfirms", []edit{
			{"correlate/confirm.go", "e.probeSupport(in) < probesAlone", "e.probeSupport(in) < -1e9"},
		}},
	{"what was said before", "people who complain no more than before may agree with a vantage",
		"correlate.TestPeopleWhoAreAsLoudAsBeforeAgreeWithNoVantage", []edit{
			{"correlate/confirm.go", "	e.hearChatter(in)\n", ""},
		}},
	{"shadow of an incident", "whom people blame meanwhile is confirmed as well",
		"correlate.TestASitesOwnFaultWaitsWhileOthersFail", []edit{
			{"correlate/people.go", " || e.echo(in) {", " {"},
			{"correlate/confirm.go", " || e.othersFailing(in)", ""},
		}},
	{"handover", "a site stays with the cause that it failed by first",
		"correlate.TestContestedSitesHoldNoIncidentOpen", []edit{
			{"correlate/members.go", "\te.handOver(in)\n", ""},
		}},
	{"causes that stand", "the causes of young incidents must win again at every evaluation",
		"correlate.TestSureCausesAreSeldomAskedAgain", []edit{
			{"correlate/search.go", "if e.clock < e.stableUntil {", "if e.clock < 0 {"},
		}},
	{"ramps of onset", "all that a cause takes down falls at once",
		"correlate.TestTwoAtOnceAreTwo", []edit{
			{"correlate/thresholds.go", "{0, 10 * second, 20 * second, 30 * second, minute, 2 * minute, 4 * minute}",
				"{0}"},
		}},
	{"sites apart", "a site that failed before the others dates them too",
		"correlate.TestOneSiteThatFailedBeforeDoesNotDateTheRest", []edit{
			{"correlate/apart.go", "for range mostApart {", "for range 0 * mostApart {"},
		}},
}
