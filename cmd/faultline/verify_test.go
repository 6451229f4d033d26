package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"faultline"
	"faultline/board/page"
	"faultline/record"
	"faultline/store"
)

// published is a store with one revision and its signed record, the answer of the API for
// the revision, its proof and the key.
func published(t *testing.T) (body, proof []byte, key string) {
	t.Helper()
	ctx, now := t.Context(), time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	st, err := store.Open(ctx,
		store.Config{URL: "redis://" + miniredis.RunT(t).Addr() + "?dial_timeout=20s&read_timeout=20s"})
	must(t, err)
	t.Cleanup(func() { _ = st.Close() })
	_, err = st.Epoch(ctx, now)
	must(t, err)
	lease, _, err := st.Acquire(ctx, "a", time.Hour, now)
	must(t, err)
	inc := faultline.Incident{ID: "inc_01KJS000000000000000000000", Revision: 1, State: faultline.StateConfirmed,
		Title: "Fastly-fronted sites, 503 <now>", Cause: &faultline.Cause{Component: "cdn:fastly", Confidence: 0.97},
		Onset: faultline.Onset{Earliest: now, At: now, Latest: now}, DetectedAt: now, UpdatedAt: now,
		Sites: []faultline.IncidentSite{{Site: "a.net", State: faultline.SiteDown}}, SitesTotal: 1,
		Timeline: faultline.Timeline{{At: now, Failing: 1, Observed: 1}}}
	must(t, st.SaveRevision(ctx, lease, inc))
	signer, err := record.NewKey("https://faultline.example")
	must(t, err)
	keeper := record.NewKeeper(record.KeeperConfig{Source: st, Key: signer, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return now }})
	must(t, keeper.Follow(ctx))
	p, err := keeper.Prove(ctx, inc.ID, 1)
	must(t, err)
	stored, err := st.Incident(ctx, inc.ID, 1)
	must(t, err)
	body, err = page.Render(struct {
		Meta struct {
			AsOf time.Time `json:"as_of"`
		} `json:"meta"`
		faultline.Incident
	}{Incident: stored.WithoutTimeline()})
	must(t, err)
	return body, p.Text(), signer.Verifier()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func verified(ctx context.Context, args ...string) (int, string) {
	var out, said bytes.Buffer
	code := run(ctx, append([]string{"verify"}, args...), world{stdout: &out, stderr: &said})
	return code, out.String() + said.String()
}

// A revision in a file is verified without a network; one changed byte of it, anywhere but
// in meta, ends with exit code 3.
func TestARevisionInAFileIsVerified(t *testing.T) {
	body, proof, key := published(t)
	dir := t.TempDir()
	file, proofFile := filepath.Join(dir, "revision.json"), filepath.Join(dir, "proof")
	must(t, os.WriteFile(proofFile, proof, 0o600))
	must(t, os.WriteFile(file, body, 0o600))
	if code, said := verified(t.Context(), file, "--proof", proofFile, "--key", key); code != 0 ||
		!strings.Contains(said, "is as it was published") {
		t.Fatalf("exit %d, %s", code, said)
	}
	begin := bytes.Index(body, []byte(`"id"`))
	for i := begin; i < len(body)-1; i += 3 {
		changed := bytes.Clone(body)
		changed[i] ^= 1
		must(t, os.WriteFile(file, changed, 0o600))
		if code, said := verified(t.Context(), file, "--proof", proofFile, "--key", key); code != exitFailing {
			t.Errorf("byte %d (%q): exit %d, %s", i, changed[max(0, i-10):min(len(body), i+10)], code, said)
		}
	}
	for _, args := range [][]string{{file}, {file, "--key", key}, {filepath.Join(dir, "nothing")},
		{"https://faultline.example/about"}} {
		if code, said := verified(t.Context(), args...); code != exitUsage {
			t.Errorf("%v: exit %d, %s", args, code, said)
		}
	}
}

// A URL of a page or of the API is verified with the key that the server names.
func TestARevisionAtAServerIsVerified(t *testing.T) {
	body, proof, key := published(t)
	var unsigned atomic.Int32 // how often the server still has no proof
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/status/v1/incidents/inc_01KJS000000000000000000000",
			"/status/v1/incidents/inc_01KJS000000000000000000000/revisions/1":
			_, _ = w.Write(body)
		case "/status/v1/incidents/inc_01KJS000000000000000000000/revisions/1/proof":
			if unsigned.Add(-1) >= 0 {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			_, _ = w.Write(proof)
		case "/status/.well-known/faultline-keys":
			fmt.Fprintf(w, `{"keys":[{"verifier":%q}]}`, key)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer s.Close()
	for _, path := range []string{"/incident/inc_01KJS000000000000000000000",
		"/incident/inc_01KJS000000000000000000000@1?lang=de",
		"/v1/incidents/inc_01KJS000000000000000000000/revisions/1"} {
		if code, said := verified(t.Context(), s.URL+"/status"+path); code != 0 || !strings.Contains(said, key) {
			t.Errorf("%s: exit %d, %s", path, code, said)
		}
	}
	unsigned.Store(1)
	if code, said := verified(t.Context(), s.URL+"/status/incident/inc_01KJS000000000000000000000@1"); code != 0 ||
		!strings.Contains(said, "no proof of this revision yet. Waiting for it, 10s at most") {
		t.Errorf("a revision that is signed a moment later: exit %d, %s", code, said)
	}
	other, err := record.NewKey("https://faultline.example")
	must(t, err)
	if code, said := verified(t.Context(), s.URL+"/status/incident/inc_01KJS000000000000000000000", "--key",
		other.Verifier()); code != exitFailing {
		t.Errorf("another key: exit %d, %s", code, said)
	}
}
