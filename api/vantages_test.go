package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/board"
)

// roll is a list of vantages in memory.
type roll map[string]faultline.AddedVantage

func (r roll) AddVantage(_ context.Context, v faultline.AddedVantage) (bool, error) {
	if _, there := r[v.Vantage]; there {
		return false, nil
	}
	r[v.Vantage] = v
	return true, nil
}

func (r roll) AddedVantage(_ context.Context, name string) (faultline.AddedVantage, error) {
	v, ok := r[name]
	if !ok {
		return v, faultline.ErrNotFound
	}
	return v, nil
}

func (r roll) RemoveVantage(_ context.Context, name string) error {
	delete(r, name)
	return nil
}

func TestVantagesAreAddedAndRevoked(t *testing.T) {
	list, kept := roll{}, &memRevocations{}
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Registrar, c.Revocations = list, kept })
	n.keys.SetRevoked(nil)
	admin := n.token(token.ScopeAdmin)
	const lon = `{"vantage":"lon-1","asn":20473,"country":"GB"}`
	w := n.do(n.sendJSON("POST", "/v1/vantages", lon, admin))
	got := decode[VantageAnswer](t, w.Body)
	if w.Code != http.StatusCreated || got.Vantage != "lon-1" || w.Header().Get("Cache-Control") != "no-store" ||
		!got.ExpiresAt.Equal(n.clock.Now().Add(token.MaxTTL).Truncate(time.Second)) || list["lon-1"].Token == "" {
		t.Fatalf("%d %+v %+v", w.Code, got, list)
	}
	if w := n.do(probesRequest(oneProbe, got.Token)); w.Code != http.StatusAccepted {
		t.Fatalf("the token is not taken: %d %s", w.Code, w.Body)
	}
	w = n.do(n.sendJSON("POST", "/v1/vantages", lon, admin))
	if body := w.Body.String(); w.Code != http.StatusBadRequest || !strings.Contains(body, "revoke it first") {
		t.Errorf("a name twice: %d %s", w.Code, body)
	}
	for body, pointer := range map[string]string{`{"vantage":"lon 1"}`: "/vantage", `{"vantage":"a","asn":-1}`: "/asn",
		`{"vantage":"a","country":"gb"}`: "/country", `{"vantage":"a","ttl_s":31622401}`: "/ttl_s"} {
		if w := n.do(n.sendJSON("POST", "/v1/vantages", body, admin)); !strings.Contains(w.Body.String(),
			`"pointer":"`+pointer+`"`) {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	probes := n.token(token.ScopeProbes)
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/vantages", lon, probes)), http.StatusForbidden)
	wantProblem(t, n.do(n.sendJSON("DELETE", "/v1/vantages/lon-1", "", probes)), http.StatusForbidden)
	wantProblem(t, n.do(n.sendJSON("DELETE", "/v1/vantages/nyc-1", "", admin)), http.StatusNotFound)
	if w := n.do(n.sendJSON("DELETE", "/v1/vantages/lon-1", "", admin)); w.Code != http.StatusNoContent ||
		len(list) != 0 {
		t.Fatalf("%d %s, %v", w.Code, w.Body, list)
	}
	wantProblem(t, n.do(probesRequest(oneProbe, got.Token)), http.StatusUnauthorized)
	if w := n.do(n.sendJSON("POST", "/v1/vantages", lon, admin)); w.Code != http.StatusCreated {
		t.Errorf("added again: %d %s", w.Code, w.Body)
	}
}

func TestAVantageReportsItsHealth(t *testing.T) {
	d := &desk{}
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Work = d })
	ask := func(health string) int {
		signed, err := n.keys.Issue(token.Claims{Subject: "lon-1", Scopes: []string{token.ScopeProbes}, TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return n.do(request{path: "/v1/probes/work", header: map[string]string{"Authorization": "Bearer " + signed,
			faultline.HeaderVantageHealth: health}}).Code
	}
	code := ask(`{"version":"v1.2.3","due":60,"delivered":59,"spooled":3,"dropped":4,` +
		`"clock_offset_ms":-5000,"later":1}`)
	if code != http.StatusOK ||
		d.who.Health == nil || d.who.Health.Version != "v1.2.3" || d.who.Health.Delivered != 59 ||
		d.who.Health.ClockOffsetMS != -5000 {
		t.Errorf("%d %+v", code, d.who.Health)
	}
	for _, odd := range []string{"yes", "[]", `{"due":1,"delivered":2}`, `{"due":-1}`, `{"version":"a b"}`,
		`{"spooled":-1}`, `{"dropped":-1}`,
		`{"resolver_faults":-1}`, `{"clock_offset_ms":-9223372036854775808}`,
		`{"version":"` + strings.Repeat("a", 65) + `"}`,
		`{"due":1e30}`, strings.Repeat(" ", 2<<10)} {
		if code := ask(odd); code != http.StatusBadRequest {
			t.Errorf("%s: %d", odd, code)
		}
	}
	if code := ask(""); code != http.StatusOK || d.who.Health != nil {
		t.Errorf("without: %d %+v", code, d.who.Health)
	}
}
