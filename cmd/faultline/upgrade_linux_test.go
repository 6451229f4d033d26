//go:build check

package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/correlate"
)

// checkpointVersions are the versions of checkpoints that are written and read, in the source.
var checkpointVersions = regexp.MustCompile(`CheckpointVersion = \d+\n(?s:.*?)oldestCheckpoint = \d+\n`)

// otherRelease builds the program as a release of which neither reads the checkpoints of
// the other: the least that two releases beside each other may have in common.
func otherRelease(t *testing.T) string {
	t.Helper()
	const thresholds = "../../correlate/thresholds.go"
	source, err := os.ReadFile(thresholds)
	must(t, err)
	next := correlate.CheckpointVersion + 1
	return buildWith(t, map[string][2]string{thresholds: {string(checkpointVersions.Find(source)),
		fmt.Sprintf("CheckpointVersion = %d\n\toldestCheckpoint = %d\n", next, next)}})
}

// An outage goes on while one release replaces the other and is put back, under load and
// with nodes of both side by side: nothing acknowledged is lost or counted twice, there is
// one incident with one id, and its revisions go on. In a log that has lost its beginning
// each release finds nothing to begin from, and adopts what was published.
func TestOneReleaseReplacesAnotherDuringAnOutage(t *testing.T) {
	other := otherRelease(t)
	for name, trimmed := range map[string]bool{"of a whole log": false, "of a log that was trimmed": true} {
		t.Run(name, func(t *testing.T) {
			o := newStory(t)
			o.env = append(o.env, "FAULTLINE_CHECKPOINT_INTERVAL=1s", "FAULTLINE_LEASE_TTL=1s")
			running := startProgram(t, program, o.env)
			running.ready()
			o.calm(running)
			o.report(running, 100)
			told := o.theOne(running, "one incident is confirmed", whatever)
			if trimmed {
				o.trim()
			}
			for _, binary := range []string{other, program} {
				next := o.replace(running, binary)
				o.spread(3)
				now := o.theOne(next, "it goes on",
					func(inc faultline.Incident) bool { return inc.Revision > told.Revision })
				if now.ID != told.ID {
					t.Fatalf("two names for one incident: %s, %s", told.ID, now.ID)
				}
				if n := next.metric("faultline_fold_broken_total"); n != 0 {
					t.Errorf("%v revisions do not fit what is stored", n)
				}
				running, told = next, now
			}
			counted := o.checkCounts(running)
			if adopted := running.metric("faultline_adoptions_total") > 0; adopted && !trimmed {
				t.Error("it adopted, though it could read the whole log")
			}
			if !trimmed {
				o.checkExport(counted)
			}
		})
	}
}

// trim makes the log one that has lost its beginning.
func (o *story) trim() {
	o.t.Helper()
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(o.url, "unix://")})
	defer raw.Close()
	if err := raw.Set(o.t.Context(), "{faultline}:log:floor", "1-0", 0).Err(); err != nil {
		o.t.Fatal(err)
	}
}

// replace starts a node of another release beside the one that runs, and ends that one,
// while people report to both.
func (o *story) replace(running *process, binary string) *process {
	o.t.Helper()
	next := startProgram(o.t, binary, o.env)
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		o.report(next, 40)
	}()
	o.report(running, 20)
	if code, took := running.terminate(); code != 0 {
		o.t.Errorf("exit %d after %s:\n%s", code, took, running.log())
	}
	<-reported
	next.ready()
	return next
}
