package node

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/pace"
	"faultline/record"
	"faultline/store"
	"faultline/store/storetest"
)

// pastIncident is one of some months ago.
func pastIncident(n, revision int, state faultline.IncidentState, now time.Time) faultline.Incident {
	at := now.Add(-2000*time.Hour + time.Duration(n)*time.Hour).UTC().Truncate(time.Minute)
	in := faultline.Incident{ID: fmt.Sprintf("inc_%026d", n), Revision: revision, State: state,
		Basis: faultline.BasisBoth, Title: "Fastly-fronted sites, 503", Symptoms: []faultline.SymptomShare{},
		Cause: &faultline.Cause{Component: "cdn:fastly", Kind: "cdn", Name: "Fastly", Confidence: 0.97,
			Alternatives: []faultline.Alternative{}},
		Scope: faultline.Scope{Worldwide: true, Countries: []string{}},
		Onset: faultline.Onset{Earliest: at, At: at, Latest: at}, DetectedAt: at,
		UpdatedAt: at.Add(time.Duration(revision) * time.Minute),
		Sites: []faultline.IncidentSite{{Site: "bbc.co.uk", State: faultline.SiteDown, Symptom: "http_503",
			Onset: at, Reports: n}}, SitesTotal: 1}
	if state == faultline.StateResolved {
		in.ResolvedAt = &in.UpdatedAt
	}
	return in
}

// published is what one address answers, without what changes by the second.
func (r *running) published(path string) string {
	r.t.Helper()
	resp, err := http.Get(r.url + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %d, %v: %.200s", path, resp.StatusCode, err, body)
	}
	var doc map[string]json.RawMessage
	if json.Unmarshal(body, &doc) != nil || doc["meta"] == nil {
		return string(body)
	}
	delete(doc, "meta")
	rest, err := json.Marshal(doc)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(rest)
}

// withPast writes some incidents of the past into a Redis.
func withPast(t *testing.T, url string, many int, now time.Time) *store.Store {
	t.Helper()
	seed, err := store.Open(t.Context(), store.Config{URL: url, Durable: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { seed.Close() })
	if _, err := seed.Epoch(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	lease, _, err := seed.Acquire(t.Context(), "seed", time.Second, now)
	if err != nil {
		t.Fatal(err)
	}
	states := []faultline.IncidentState{faultline.StateCandidate, faultline.StateConfirmed, faultline.StateResolved}
	for i := range many * len(states) {
		in := pastIncident(i/len(states), i%len(states)+1, states[i%len(states)], now)
		if err := seed.SaveRevision(t.Context(), lease, in); err != nil {
			t.Fatal(err)
		}
	}
	return seed
}

// takeBack ends the minute for which files lie in Redis that nodes have asked for.
func takeBack(t *testing.T, url string) {
	t.Helper()
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	defer raw.Close()
	for _, lent := range raw.Keys(t.Context(), "{faultline}:archive:lent:*").Val() {
		raw.Del(t.Context(), lent)
	}
}

// signed waits until a node has read the record, so that it proves what is in it.
func (r *running) signed(proof string) {
	r.t.Helper()
	pace.Eventually(r.t, "the record is signed", func() bool { return r.get(proof, nil) == http.StatusOK })
}

func recordKey(t *testing.T) *record.Key {
	t.Helper()
	key, err := record.NewKey("https://faultline.example")
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// pathsOfPast are the addresses of incidents of the past, and one of them that is a proof.
func pathsOfPast(many int, now time.Time) (paths []string, proof string) {
	proof = "/v1/incidents/" + pastIncident(many-1, 1, "", now).ID + "/revisions/2/proof"
	paths = []string{"/v1/incidents?limit=3", "/v1/incidents?limit=100", proof}
	for n := range many {
		id := pastIncident(n, 1, "", now).ID
		paths = append(paths, "/v1/incidents/"+id, "/v1/incidents/"+id+"/revisions",
			"/v1/incidents/"+id+"/revisions/1", "/v1/incidents/"+id+"/revisions/3", "/incident/"+id+"@2")
	}
	return paths, proof
}

// The pages, JSON, revisions, proofs and lists of incidents are the same before and after these were
// moved into the archive, on two nodes that share no disk, and after both were started again.
func TestArchivedIncidentsAreAnsweredAsBefore(t *testing.T) {
	const many = 4
	url, now, key := storetest.Start(t), time.Now(), recordKey(t)
	seed := withPast(t, url, many, now)
	dirs := []string{t.TempDir(), t.TempDir()}
	on := func(dir string, keep time.Duration) func(*Config) {
		return func(cfg *Config) {
			cfg.ArchiveDir, cfg.Keep, cfg.ArchiveEvery = filepath.Join(dir, "archive"), keep, 20*time.Millisecond
			cfg.Record.Key = key
		}
	}
	paths, proof := pathsOfPast(many, now)
	before := map[string]string{}
	first := start(t, url, on(dirs[0], 0)) // nothing is moved
	first.signed(proof)
	for _, path := range paths {
		before[path] = first.published(path)
	}
	first.stop()

	a, b := start(t, url, on(dirs[0], 24*time.Hour)), start(t, url, on(dirs[1], 24*time.Hour))
	pace.Eventually(t, "all are moved", func() bool {
		left, err := seed.CountIncidents(t.Context())
		return err == nil && left == 0
	})
	a.stop()
	b.stop()
	for i, dir := range dirs {
		again := start(t, url, on(dir, 24*time.Hour))
		again.signed(proof)
		for _, path := range paths {
			if got := again.published(path); got != before[path] {
				t.Errorf("node %d, %s:\n%.600s\nbefore:\n%.600s", i, path, got, before[path])
			}
		}
		again.stop()
	}
	// A node of which the disk is lost can be read, says of what it lacks that it can't
	// answer now, and copies the archive once another runs.
	if err := os.RemoveAll(filepath.Join(dirs[1], "archive")); err != nil {
		t.Fatal(err)
	}
	takeBack(t, url)
	b = start(t, url, on(dirs[1], 24*time.Hour))
	path := "/v1/incidents/" + pastIncident(1, 1, "", now).ID
	for _, lacks := range []string{path, "/v1/incidents"} {
		if got := b.get(lacks, nil); got != http.StatusServiceUnavailable {
			t.Errorf("%s without the archive is answered %d", lacks, got)
		}
	}
	a = start(t, url, on(dirs[0], 24*time.Hour))
	pace.Eventually(t, "the new node has copied it", func() bool { return b.get(path, nil) == http.StatusOK })
	a.signed(proof)
	b.signed(proof)
	for _, path := range paths {
		if got := b.published(path); got != before[path] || a.published(path) != got {
			t.Errorf("the new node answers %s: %.300s", path, got)
		}
	}
}
