package node

import (
	"net/http"
	"testing"
	"time"

	"faultline/api/token"
	"faultline/pace"
	"faultline/store/storetest"
)

// A token that one node issues holds on every node of the same Redis, though each has a
// key of its own; once the key is retired it holds nowhere.
func TestATokenHoldsOnEveryNode(t *testing.T) {
	url := storetest.Start(t)
	first, second := start(t, url), start(t, url)
	text, err := first.n.cfg.Keys.Issue(token.Claims{Subject: "desk", Scopes: []string{token.ScopeWebhooks},
		TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(n *running) int {
		r, err := http.NewRequest(http.MethodGet, n.url+"/v1/webhooks", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+text)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	for _, n := range []*running{first, second} {
		pace.Eventually(t, "the token holds", func() bool { return ask(n) == http.StatusOK })
	}
	old := kidOf(t, first.n.cfg.Keys)
	if _, err := first.n.cfg.Keys.Rotate(); err != nil {
		t.Fatal(err)
	}
	pace.Eventually(t, "the new key is known too", func() bool { return len(second.n.cfg.Keys.JWKS().Keys) == 3 })
	if got := ask(second); got != http.StatusOK {
		t.Errorf("after a rotation it is answered %d", got)
	}
	if err := first.n.cfg.Keys.Retire(old); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*running{first, second} {
		pace.Eventually(t, "it holds no more", func() bool { return ask(n) == http.StatusUnauthorized })
	}
}

// kidOf is the id of a node's only key.
func kidOf(t *testing.T, keys *token.Keys) string {
	t.Helper()
	for id := range keys.Public() {
		return id
	}
	t.Fatal("there is no key")
	return ""
}
