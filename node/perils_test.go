package node

import (
	"net/http"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"faultline/pace"
	"faultline/store/storetest"
)

// A node goes on with a Redis that may delete the log, or that does not write it down, and
// says so where operators look.
func TestARedisThatMayLoseTheLogIsNamed(t *testing.T) {
	url := storetest.Start(t)
	raw := redis.NewClient(&redis.Options{Network: "unix", Addr: strings.TrimPrefix(url, "unix://")})
	t.Cleanup(func() { raw.Close() })
	n := start(t, url)
	for _, c := range []struct{ setting, bad, good, metric, says string }{
		{"maxmemory-policy", "allkeys-lru", "noeviction", "faultline_store_evicts", "may delete keys of the log"},
		{"appendonly", "no", "yes", "faultline_store_unwritten", "keeps no append-only file"},
	} {
		set := func(value string) {
			t.Helper()
			if err := raw.ConfigSet(t.Context(), c.setting, value).Err(); err != nil {
				t.Fatal(err)
			}
		}
		set(c.bad)
		for _, path := range []string{"/healthz", "/readyz/write"} {
			pace.Eventually(t, path+" says it", func() bool {
				return n.get(path, nil) == http.StatusOK && strings.Contains(n.text(path), c.says)
			})
		}
		if got := n.metric(c.metric); got != 1 {
			t.Errorf("%s is %g", c.metric, got)
		}
		if got := n.post("bbc.co.uk"); got != http.StatusAccepted {
			t.Errorf("a report is answered %d", got)
		}
		set(c.good)
		pace.Eventually(t, "nothing is said any more", func() bool {
			return n.text("/readyz/write") == "ready\n" && n.metric(c.metric) == 0
		})
	}
}
