package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api"
	"faultline/dump"
	"faultline/record"
	"faultline/store"
	"faultline/store/storetest"
)

// twoDaysAgo is a store with incidents and hours of the day before yesterday, whose record the
// key of a state directory has signed on that day.
func twoDaysAgo(ctx context.Context, t *testing.T, state string) (url string, day time.Time) {
	t.Helper()
	url = storetest.Start(t) + "?dial_timeout=20s&read_timeout=20s&write_timeout=20s&pool_timeout=20s"
	now := time.Now()
	day = now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -2)
	st, err := store.Open(ctx, store.Config{URL: url, Durable: true})
	must(t, err)
	defer st.Close()
	_, err = st.Epoch(ctx, day)
	must(t, err)
	lease, _, err := st.Acquire(ctx, "seed", time.Hour, now)
	must(t, err)
	for n := range 3 {
		for revision := range 2 {
			at := day.Add(time.Duration(10*n+revision) * time.Minute)
			inc := faultline.Incident{ID: "inc_01KJS00000000000000000000" + string(rune('0'+n)), Revision: revision + 1,
				State: faultline.StateConfirmed, Title: "Fastly-fronted sites, 503", DetectedAt: at, UpdatedAt: at,
				Onset: faultline.Onset{Earliest: at, At: at, Latest: at}}
			if n == 1 {
				inc.Evidence.Reports, inc.Evidence.Reporters, inc.Evidence.Countries = 30, 12, []string{"GB"}
			}
			must(t, st.SaveRevision(ctx, lease, inc))
		}
	}
	must(t, st.SaveSeries(ctx, lease, []faultline.SeriesRow{{Of: "bbc.co.uk", StepS: faultline.StepHour, Covered: 60,
		Point: faultline.SeriesPoint{At: day.Add(time.Hour), Reports: 40, Probes: 60, ProbesFailed: 2}}}))
	key, err := record.OpenKey(filepath.Join(state, "record.key"), "", true)
	must(t, err)
	keeper := record.NewKeeper(record.KeeperConfig{Source: st, Key: key, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return day.Add(23 * time.Hour) }})
	must(t, keeper.Follow(ctx))
	must(t, st.Release(ctx, "seed", lease))
	return url, day
}

// A node and the command write the same bytes of the same day, with the same proofs, and the
// command of the document finds no fault in them.
func TestANodeAndTheCommandWriteTheSameBytes(t *testing.T) {
	ctx, state, out := t.Context(), shortDir(t), t.TempDir()
	url, at := twoDaysAgo(ctx, t, state)
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + state, "FAULTLINE_REDIS_URL=" + url})
	day := at.Format(time.DateOnly)
	var list api.DumpList
	eventuallyLogged(p, time.Minute, "the day is written", func() bool {
		return p.get("/dumps/index.json", &list) == http.StatusOK &&
			slices.ContainsFunc(list.Days, func(d api.DumpDay) bool { return d.Day == day })
	})
	var said bytes.Buffer
	if code := run(ctx, []string{"dump", "--redis-url", url, "--state-dir", state, "--output", out, "--day", day},
		world{stdout: &said, stderr: &said}); code != 0 {
		t.Fatalf("exit %d, %s", code, said.String())
	}
	m, err := dump.ReadManifest(filepath.Join(out, day))
	must(t, err)
	if m.Unproven != 0 || len(m.Files) < 11 {
		t.Errorf("%+v", m)
	}
	for _, name := range append(slices.Clone(dump.OwnFiles), names(m)...) {
		byNode, err := os.ReadFile(filepath.Join(state, dumpsDir, day, name))
		must(t, err)
		byCommand, err := os.ReadFile(filepath.Join(out, day, name))
		must(t, err)
		if !bytes.Equal(byNode, byCommand) {
			t.Errorf("%s differs: the node wrote %d bytes, the command %d", name, len(byNode), len(byCommand))
		}
	}
	asDocumented(ctx, t, filepath.Join(state, dumpsDir, day), m.RecordKey)
}

func names(m dump.Manifest) (all []string) {
	for _, f := range m.Files {
		all = append(all, f.Name)
	}
	return all
}

// asDocumented runs the commands of the document on open data that verify a day.
func asDocumented(ctx context.Context, t *testing.T, dir, key string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/open-data.md")
	must(t, err)
	commands := regexp.MustCompile(`(?m)^faultline (verify .*)$`).FindAllStringSubmatch(string(text), -1)
	if len(commands) != 2 {
		t.Fatalf("%d commands of verify are in the document", len(commands))
	}
	t.Chdir(dir)
	for _, c := range commands {
		args := strings.Fields(strings.ReplaceAll(c[1], "KEY", key))
		if code, said := verified(ctx, args[1:]...); code != 0 || !strings.Contains(said,
			"6 revisions, the hashes of 6 and the lines of 4 proven by the head of 6 entries") {
			t.Errorf("%s: exit %d, %s", c[0], code, said)
		}
	}
	// One byte of a row: what is wrong is named, and the exit code says so.
	body, err := os.ReadFile("proofs.ndjson.gz")
	must(t, err)
	body[len(body)/2] ^= 1
	must(t, os.WriteFile("proofs.ndjson.gz", body, 0o600))
	if code, said := verified(ctx, ".", "--key", key); code != exitFailing ||
		!strings.Contains(said, "DIFFERS: proofs.ndjson.gz") {
		t.Errorf("a changed byte: exit %d, %s", code, said)
	}
	if code, said := verified(ctx, t.TempDir()); code != exitUsage {
		t.Errorf("a directory without a day: exit %d, %s", code, said)
	}
}
