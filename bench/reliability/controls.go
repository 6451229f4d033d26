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
