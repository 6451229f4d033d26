package node

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/api/token"
	"faultline/pace"
	"faultline/replica"
	"faultline/store/storetest"
)

// A node whose Redis came back empty answers from what it has, also after a restart,
// overwrites nothing of it, takes nothing, and says why.
func TestARedisThatCameBackEmptyReplacesNothing(t *testing.T) {
	url, dir := storetest.Start(t), t.TempDir()
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	t.Cleanup(func() { raw.Close() })
	remembering := func(cfg *Config) {
		known, err := replica.OpenKnownLog(filepath.Join(dir, "log.json"))
		if err != nil {
			t.Fatal(err)
		}
		cfg.KnownLog, cfg.SnapshotFile = known, filepath.Join(dir, "snapshot.json.gz")
	}
	n := start(t, url, remembering)
	n.send("bbc.co.uk")
	pace.Eventually(t, "the report is counted", func() bool { return n.reports() == 1 })
	// A node writes its snapshot when it starts too: what counts is that the report is in it.
	pace.Eventually(t, "the report is written down", func() bool {
		return writtenReports(filepath.Join(dir, "snapshot.json.gz")) == 1
	})
	if err := raw.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	refuses := func(n *running) {
		t.Helper()
		pace.Eventually(t, "it says why", func() bool {
			return strings.Contains(n.problem("/readyz/write"), "does not hold the log that this node knows")
		})
		resp, err := http.Post(n.url+"/v1/reports", "application/json", bytes.NewBufferString(`{"site":"bbc.com"}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a report is answered %d", resp.StatusCode)
		}
		if got := n.reports(); got != 1 {
			t.Errorf("%d reports are shown", got)
		}
	}
	refuses(n)
	n.stop()
	again := begin(t, url, remembering)
	pace.Eventually(t, "what was written down is shown", func() bool { return again.reports() == 1 })
	refuses(again)
	if n := raw.Exists(t.Context(), "{faultline}:log").Val(); n != 0 {
		t.Error("a log was begun")
	}
}

// A token that was revoked stays so when Redis comes back empty: what is read of another log
// than the known one counts for nothing.
func TestARevokedTokenStaysRevokedWhenRedisIsEmpty(t *testing.T) {
	url, file := storetest.Start(t), filepath.Join(t.TempDir(), "log.json")
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	t.Cleanup(func() { raw.Close() })
	n := start(t, url, func(cfg *Config) {
		known, err := replica.OpenKnownLog(file)
		if err != nil {
			t.Fatal(err)
		}
		cfg.KnownLog = known
	})
	keys := n.n.cfg.Keys
	text, err := keys.Issue(token.Claims{Subject: "desk", Scopes: []string{token.ScopeWebhooks}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := keys.Verify(text)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if err := n.n.cfg.Store.Revoke(t.Context(), claims.ID, now.Add(time.Hour), now); err != nil {
		t.Fatal(err)
	}
	if err := n.n.exchangeKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := raw.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := n.n.exchangeKeys(t.Context()); err == nil {
		t.Error("the keys of an empty Redis are taken")
	}
	if _, err := keys.Verify(text); err == nil {
		t.Error("a token that was revoked is good again")
	}
}

// writtenReports is how many reports are counted in a node's snapshot on disk; -1 where
// there is no snapshot that can be read.
func writtenReports(file string) int64 {
	f, err := os.Open(file)
	if err != nil {
		return -1
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return -1
	}
	var written struct {
		View faultline.View `json:"view"`
	}
	if json.NewDecoder(z).Decode(&written) != nil {
		return -1
	}
	return written.View.Counters.Reports
}
