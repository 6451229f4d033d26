package main

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// testLimit ends a run that hangs. The longest, which kills nodes sixty times, takes some
// five minutes.
const testLimit = 15 * time.Minute

// figure is what one test shows. Its value is the number that the test prints, found by the
// first group of value; without one it is whether the test failed, 0 or 1.
type figure struct {
	name, unit string
	target     float64 // the most that it may be
	folder     string
	test       string
	tags       string
	env        []string
	value      *regexp.Regexp
	seed       int
}

// figures are in the order of docs/reliability.md. A target of 0 is the zero value: nothing
// may be lost.
var figures = []figure{
	{name: "sim.violations", unit: "seeds with a violation", folder: "./bench/sim", seed: 1,
		value: regexp.MustCompile(`"value":(\d+)`)},
	{name: "powerloss.lost", unit: "runs that lost or counted twice", folder: "./cmd/faultline",
		test: "TestKillsLoseNothing", tags: "check", env: []string{"KILLS=60", "ACKNOWLEDGED=1000000"}, seed: 1},
	{name: "upgrade.lost", unit: "runs that lost, counted twice or renamed", folder: "./cmd/faultline",
		test: "TestOneReleaseReplacesAnotherDuringAnOutage", tags: "check"},
	{name: "failover.differences", unit: "runs in which nodes, replay and readers differ", folder: "./replica",
		test: "TestAFailoverThatLosesTheEndOfTheLogTakesNothingBack|" +
			"TestANodeThatStartsAfterTheLossSaysWhatWasPublished"},
	{name: "emptyredis.overwritten", unit: "runs that overwrote", folder: "./node",
		test: "TestARedisThatCameBackEmptyReplacesNothing"},
	{name: "clocks.dropped", unit: "runs that dropped or stood still", folder: "./node",
		test: "TestClocksOfNodesHarmNothing"},
	{name: "fence.stale", unit: "writes of a deposed leader", folder: "./store",
		test: "TestPausedLeaderWritesNothing/fenced", value: regexp.MustCompile(`rounds, (\d+) stale writes`)},
	{name: "fullmemory.stuck", unit: "runs that did not recover alone", folder: "./node",
		test: "TestAFullRedisRecoversAlone|TestAFullRedisHasALeader"},
	{name: "hungredis.answer", unit: "ms, the slowest refusal after the first second", target: 250, folder: "./node",
		test: "TestASilentRedisIsNotWaitedFor", value: regexp.MustCompile(`the slowest refusal took (\d+) ms`)},
	{name: "restore.differences", unit: "runs whose restored keys differ", folder: "./store",
		test: "TestBackupComesBackToTheByte"},
	{name: "webhooks.delayed", unit: "runs in which a hanging receiver delayed others", folder: "./api/webhook",
		test: "TestHangingReceiversDelayNobody"},
	{name: "page8mib.unbounded", unit: "runs beyond memory or time", folder: "./ingest/statements",
		test: "TestHugePagesAreBounded"},
	{name: "tokens.refused", unit: "runs in which a token held on one node only", folder: "./node",
		test: "TestATokenHoldsOnEveryNode"},
}

// said are the lines in which tests say what they did.
var said = regexp.MustCompile(`(?m)^\s+\w+_test\.go:\d+: (.*)$`)

// run takes a figure. The lines that the test prints become the figure's detail.
func (f figure) run() line {
	began := time.Now()
	args := []string{"test", "-count=1", "-vet=off", "-pgo=off", "-v", "-tags", f.tags, "-run", f.test, f.folder}
	if f.test == "" {
		args = []string{"run", "-pgo=off", f.folder}
	}
	out, err := goTool(args, f.env)
	l := line{Name: f.name, Target: f.target, Unit: f.unit, Seed: f.seed, Seconds: timed(began)}
	if err != nil {
		l.Value = 1
	}
	if m := valueOf(f.value, out); m >= 0 {
		l.Value = m
	}
	var all []string
	for _, m := range said.FindAllStringSubmatch(out, -1) {
		all = append(all, m[1])
	}
	l.Detail = strings.Join(all, "; ")
	l.OK = err == nil && l.Value <= l.Target
	return l
}

// valueOf is the number that a text names, -1 if there is none.
func valueOf(pattern *regexp.Regexp, text string) float64 {
	if pattern == nil {
		return -1
	}
	m := pattern.FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return -1
	}
	return n
}

// goTool runs the go tool without cgo and returns what it printed.
func goTool(args, env []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
