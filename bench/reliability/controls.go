package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// control is a defence, the change of one file that switches it off, and the test that must
// go red then. A test that stays green without its defence proves nothing.
type control struct {
	defence  string
	file     string
	old, off string
	folder   string
	test     string
}

// controls quote lines of the source, each of which must stand exactly once in its file.
// Whoever changes such a line changes it here.
var controls = []control{
	{"a damaged checkpoint falls back to an older one", "replica/begin.go",
		"		if errors.Is(err, faultline.ErrUnavailable) {\n" +
			"			return beginning{}, err\n		}\n		unfit",
		"		if err != nil {\n			return beginning{}, err\n		}\n		unfit",
		"./replica", "TestAnUnreadableCheckpointFallsBackToAnOlderOne"},
	{"a node without a fold leaves the lease alone", "replica/leader.go",
		"if !l.fold.status.Load().Loaded || l.fold.Failed() != nil {", "if l.fold == nil {",
		"./replica", "TestANodeWithoutAFoldDoesNotTakeTheLease"},
	{"nothing to begin from is adopted", "replica/leader.go", "			l.consider(ctx)\n", "",
		"./replica", "TestAFoldWithNoWayBackAdoptsWhatWasPublished"},
	{"ticks have the time of their entries", "store/reader.go", "events[i] = faultline.Tick{At: at}",
		"events[i] = faultline.Tick{At: time.Now()}", "./store", "TestConformance/.*/time_of_an_entry"},
	{"the fence keeps a deposed leader out", "store/lua/fence.lua",
		"if redis.call('GET', KEYS[1]) ~= fence then return false end", "",
		"./store", "TestConformance/.*/fence"},
	{"a leader writes nothing to a log that lost what it has read", "store/lua/fence.lua",
		"if at == '' then return true end", "do return true end",
		"./store", "TestConformance/.*/the_end_of_the_log_is_lost"},
	{"another entry at a lost one's place is recognised", "store/reader.go",
		"if there && head != \"\" && found != \"\" && found != head {", "if false && found != \"\" {",
		"./store", "TestConformance/.*/the_end_of_the_log_is_lost"},
	{"a log that lost its end is folded again", "store/reader.go", "if after.After(floor) && !there {", "if false {",
		"./replica", "TestALogThatHasLostItsEndIsFoldedAgain"},
	{"what readers were shown is taken back nowhere", "replica/reconcile.go", "t.store.Lost(ctx, list,",
		"t.store.Lost(ctx, list[:0],", "./replica", "TestAFailoverThatLosesTheEndOfTheLogTakesNothingBack"},
	{"readers see no revision go back", "board/keeper.go", "(e.Incident.Revision > inc.Revision ||",
		"(false ||", "./board", "TestReadersSeeNoRevisionGoBack"},
	{"an empty Redis is refused", "replica/knownlog.go", "	case found == \"\":\n",
		"	case found == \"\":\n		return nil\n	case false:\n",
		"./node", "TestARedisThatCameBackEmptyReplacesNothing"},
	{"a backup without its end is no backup", "store/backupread.go",
		"return \"\", fmt.Errorf(\"%s: the backup is damaged or not whole: %w\", op, err)",
		"return \"\", nil",
		"./store", "TestBackupComesBackToTheByte"},
	{"a silent Redis is not waited for", "store/line.go", "if l.trying || now-last < wait {",
		"if false && now-last < wait {",
		"./store", "TestASilentRedisIsAskedOnlyNowAndThen"},
	{"the API sheds load before Redis is full", "node/node.go", "Headroom: n.replica.Headroom,",
		"Headroom: func() error { return nil },", "./node", "TestAFullRedisRecoversAlone"},
	{"status pages redirect nowhere else", "ingest/statements/client.go", "CheckRedirect: follows, ", "",
		"./ingest/statements", "TestRedirectsLeadNowhereElse"},
	{"webhooks follow no redirect inside", "api/webhook/send.go", "return http.ErrUseLastResponse", "return nil",
		"./api/webhook", "TestWebhooksAreTriedAgain"},
	{"what an empty Redis says of tokens counts for nothing", "node/keys.go",
		"	if others, err = known(ctx, source, others, err); err != nil {\n		return err\n	}\n" +
			"	ids, err := n.cfg.Store.Revoked(ctx)\n" +
			"	if ids, err = known(ctx, source, ids, err); err != nil {",
		"	_, _ = source, err\n	ids, err := n.cfg.Store.Revoked(ctx)\n	if err != nil {",
		"./node", "TestARevokedTokenStaysRevokedWhenRedisIsEmpty"},
	{"no token is taken before it is known which are revoked", "api/auth.go",
		"if a.cfg.Revocations != nil && !a.cfg.Keys.RevocationsKnown() {", "if false {",
		"./api", "TestUnknownRevocationsShutTheDoor"},
	{"public keys are shared", "node/keys.go", "	n.cfg.Keys.SetOthers(others)\n", "",
		"./node", "TestATokenHoldsOnEveryNode"},
	{"an agent goes on when one node refuses it", "ingest/agent/feed.go", "return t.refused > refusedLong",
		"return true", "./ingest/agent", "TestARefusalOfOneNodeEndsNoVantage"},
	{"a stream waits for a node that lags", "api/stream/serve.go",
		"if q.After != \"\" && !s.arrive(r.Context(), q.After) {", "if false {",
		"./api", "TestStreamResumesAtANodeThatIsBehind"},
	{"a certificate is bound to its vantage", "api/certified.go",
		"case len(named) == 0 || slices.Contains(named, who.Subject):",
		"case len(named) == 0 || slices.Contains(named, who.Subject) || true:",
		"./node", "TestACertificateIsBoundToItsVantage"},
	{"agents and operators need a certificate", "api/certified.go",
		"if !a.wantsCertificate(scope) || certificateOf(c) != nil {", "if a != nil {",
		"./node", "TestAgentsAndOperatorsNeedACertificate"},
	{"browsers write for our own pages alone", "api/serve.go",
		"if !a.origins().Own(origin, c.Request.Host) {", "if false {",
		"./api", "TestWritesOfOtherSitesAreRefused"},
	{"webhooks of one owner are counted where they are added", "store/lua/webhook.lua",
		"if own >= tonumber(ARGV[5]) then return -1 end", "",
		"./store", "TestConformance/.*/webhooks_of_one_owner"},
	{"elements of a status page are bounded", "ingest/statements/statuspage.go",
		"if r.count++; r.count > maxElements {", "if r.count++; r.count < 0 {",
		"./ingest/statements", "TestHugePagesAreBounded"},
	{"elements of a feed are bounded", "ingest/statements/feed.go",
		"if r.count++; r.count > maxElements {", "if r.count++; r.count < 0 {",
		"./ingest/statements", "TestHugePagesAreBounded"},
	{"nothing invisible is published", "ingest/statements/clean.go",
		"case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Noncharacter_Code_Point):", "case r < 0:",
		"./ingest/statements", "TestNothingInvisibleIsPublished"},
	{"readiness says that Redis takes no writes", "replica/ready.go", "case p.Refused != nil:",
		"case false:", "./replica", "TestUnready"},
	{"readiness says why Redis does not answer", "replica/ready.go", "case p.Silent > readySilence && p.Away != nil:",
		"case false:", "./replica", "TestUnready"},
	{"readiness says that nobody leads", "replica/ready.go", "case p.Leads > readyLeaderless:", "case false:",
		"./replica", "TestUnready"},
	{"patience follows the round trip", "store/line.go",
		"return max(l.floor, min(roundTrips*(l.mean+l.spread), patienceMax))",
		"_ = roundTrips\n	return max(l.floor, 100*time.Millisecond)", "./store", "TestPatienceFollowsTheRoundTrip"},
	{"a Redis that loads its data is waited for elsewhere", "store/redisd/start.go",
		"	case <-over:\n",
		"	case <-over:\n		stop()\n		return nil, errLocked\n	case <-make(chan int):\n",
		"./store/redisd", "TestPrivateRedisMayTakeLongToLoad"},
	{"a backup goes into an empty Redis alone", "store/backup.go",
		"	if len(there) > 0 {\n		return", "	if len(there) < 0 {\n		return",
		"./store", "TestBackupComesBackToTheByte"},
	{"a checkpoint whose bytes have changed is not read", "store/checkpoint.go",
		"string(got[:]) != sum {", "string(got[:]) != sum && sum == \"\" {",
		"./store", "TestConformance/.*/damaged_generations"},
	{"an older checkpoint replaces none", "store/lua/flip.lua",
		"if old[1] and (ms < oldms or (ms == oldms and seq < oldseq)) then", "if false then",
		"./store", "TestConformance/.*/checkpoint_order"},
	{"a checkpoint without all its chunks becomes none", "store/lua/flip.lua",
		"  if redis.call('EXISTS', KEYS[i]) == 0 then return redis.error_reply('CHUNKLOST a chunk has expired') end\n",
		"", "./store", "TestConformance/.*/chunk_is_lost"},
	{"the archive is read at one moment", "store/archive.go",
		"	_, err := s.reads.TxPipelined(ctx, func(p redis.Pipeliner) error {\n" +
			"		all, text = p.HGetAll(ctx, keyArchive), p.Get(ctx, keyArchiveNext)\n		return nil\n	})\n",
		"	all, text = s.reads.HGetAll(ctx, keyArchive), s.reads.Get(ctx, keyArchiveNext)\n	err := text.Err()\n",
		"./store", "TestConformance/.*/archive_is_read_at_one_moment"},
	{"an incident that has changed is not moved", "store/lua/move.lua",
		"  if redis.call('HGET', KEYS[i], 'last') ~= ARGV[5 + 2 * (i - 5) + 1] then", "  if false then",
		"./store/archive", "TestAChangedIncidentIsNotMoved"},
	{"connections of one address are bounded", "node/connections.go", "if c.open[who] >= c.most {", "if false {",
		"./node", "TestConnectionsOfOneAddressAreBounded"},
	{"operators' address answers to its own names alone", "node/admin.go", "if !own.OwnHost(r.Host) {",
		"if false && own.OwnHost(r.Host) {", "./node", "TestOperatorsHaveAnAddressOfTheirOwn"},
}

// run switches a defence off and runs its test, which must fail. A build that fails, or a
// test that does not exist, counts as nothing shown.
func (c control) run() line {
	began := time.Now()
	l := line{Name: "control: " + c.defence, Target: 1, Unit: "1: its test goes red without it", Detail: c.test}
	dir, err := os.MkdirTemp("", "faultline-control")
	if err != nil {
		l.Detail = err.Error()
		return l
	}
	defer os.RemoveAll(dir)
	overlay, err := c.plant(dir)
	if err != nil {
		l.Detail = err.Error()
		return l
	}
	out, err := goTool([]string{"test", "-count=1", "-vet=off", "-pgo=off", "-overlay", overlay, "-run", c.test,
		c.folder}, nil)
	if strings.Contains(out, "[build failed]") || strings.Contains(out, "no tests to run") {
		l.Detail = out
		return l
	}
	if err != nil {
		l.Value = 1
	}
	l.OK, l.Seconds = err != nil, timed(began)
	return l
}

// plant writes the file without the defence, and an overlay by which the go command reads it
// in place of the real one. The tree itself is not touched.
func (c control) plant(dir string) (overlay string, err error) {
	text, err := os.ReadFile(filepath.Clean(c.file))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), c.old); n != 1 {
		return "", fmt.Errorf("%s has %q %d times, not once", c.file, c.old, n)
	}
	path, err := filepath.Abs(c.file)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, filepath.Base(c.file))
	without := []byte(strings.Replace(string(text), c.old, c.off, 1))
	//nolint:gosec // a file of the table above, in a folder made for it
	if err := os.WriteFile(changed, without, 0o600); err != nil {
		return "", err
	}
	body, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, body, 0o600)
}
