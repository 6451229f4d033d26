//go:build check

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"faultline"
	"faultline/api"
	"faultline/ingest/infra"
	"faultline/ingest/probe/probetest"
	"faultline/store/storetest"
)

// earth is a world in which every site of the catalogue lives, with a cable to
// each vantage that can be cut.
type earth struct {
	*probetest.World
	t      *testing.T
	fronts map[string]bool // sites behind Fastly and nothing else
}

func newEarth(t *testing.T) *earth {
	t.Helper()
	e := &earth{World: probetest.Start(t), t: t, fronts: map[string]bool{}}
	records, err := infra.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		e.Put(r.Site, probetest.Site{})
		cdns := slices.DeleteFunc(slices.Clone(r.Components),
			func(c faultline.Component) bool { return c.Kind() != faultline.KindCDN })
		if slices.Equal(cdns, []faultline.Component{"cdn:fastly"}) {
			e.fronts[r.Site] = true
		}
	}
	for _, c := range []string{"one.example.net", "two.example.net", "three.example.net"} {
		e.Put(c, probetest.Site{})
	}
	return e
}

// fail has the sites behind Fastly answer 503, or as before.
func (e *earth) fail(down bool) {
	for site := range e.fronts {
		s := probetest.Site{}
		if down {
			s.Handler = func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) }
		}
		e.Put(site, s)
	}
}

// cable leads from a vantage to the world.
type cable struct {
	t       *testing.T
	proxies []*toxiproxy.Proxy
	ports   string
}

func (e *earth) cable() *cable {
	e.t.Helper()
	c := &cable{t: e.t}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	var ports []string
	for i, port := range []uint16{e.Ports.HTTP, e.Ports.HTTPS} {
		p := toxiproxy.NewProxy(server, fmt.Sprint("cable", i), "127.0.0.1:0", netip.AddrPortFrom(probetest.Local,
			port).String())
		c.proxies = append(c.proxies, p)
		if err := p.Start(); err != nil {
			e.t.Fatal(err)
		}
		_, port, _ := strings.Cut(p.Listen, ":")
		ports = append(ports, port)
	}
	c.ports = strings.Join(ports, ",")
	e.t.Cleanup(c.cut)
	return c
}

func (c *cable) cut() {
	for _, p := range c.proxies {
		p.Stop()
	}
}

func (c *cable) mend() {
	c.t.Helper()
	for _, p := range c.proxies {
		if err := p.Start(); err != nil {
			c.t.Fatal(err)
		}
	}
}

// eyes are the settings of a vantage in this world.
func (e *earth) eyes(ports string) []string {
	return []string{"SSL_CERT_FILE=" + e.RootsFile(), "FAULTLINE_RESOLVER=" + e.Resolver.String(),
		"FAULTLINE_PROBE_PORTS=" + ports,
		"FAULTLINE_PROBE_ALLOW=127.0.0.0/8,::1/128",
		"FAULTLINE_CANARIES=one.example.net,two.example.net,three.example.net"}
}

// agent starts faultline probe, as a person would.
func (e *earth) agent(env []string, server *process, name string, c *cable) {
	e.t.Helper()
	code, line, errs := tool(e.t, env, "vantage", "add", name, "--server", server.url)
	if code != 0 {
		e.t.Fatalf("vantage add: exit %d: %s", code, errs)
	}
	cmd := exec.Command(program, append(strings.Fields(line)[1:], "--log-format", "text", "--spool-dir",
		e.t.TempDir())...)
	cmd.Env = append(cleanEnv(), e.eyes(c.ports)...)
	said := &noted{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		err := cmd.Wait()
		if text := said.String(); err != nil || strings.Contains(text, "DATA RACE") || e.t.Failed() {
			e.t.Logf("%s: %v\n%s", name, err, text)
			if err != nil || strings.Contains(text, "DATA RACE") {
				e.t.Errorf("%s did not end well", name)
			}
		}
	})
}

// noted keeps what a process says.
type noted struct {
	mu   sync.Mutex
	text strings.Builder
}

func (n *noted) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}
func (n *noted) String() string { n.mu.Lock(); defer n.mu.Unlock(); return n.text.String() }

// vantage is what the service says of one.
func (p *process) vantage(name string) (v faultline.VantageStatus) {
	p.t.Helper()
	var all struct{ Vantages []faultline.VantageStatus }
	p.get("/v1/vantages", &all)
	for _, v := range all.Vantages {
		if v.Vantage == name {
			return v
		}
	}
	return v
}

// later waits until the log says that so much time has passed.
func (p *process) later(d time.Duration) {
	p.t.Helper()
	var s struct {
		Meta struct {
			AsOf time.Time `json:"as_of"`
		}
	}
	asOf := func() time.Time { p.get("/v1/summary", &s); return s.Meta.AsOf }
	until := asOf().Add(d)
	eventuallyLogged(p, 2*d, "time passes", func() bool { return asOf().After(until) })
}

func (p *process) site(name string) (s faultline.SiteStatus) {
	p.t.Helper()
	p.get("/v1/sites/"+name, &s)
	return s
}

// TestTwoAgents is the whole of it: two agents added by one command each, one of
// them cut off, an outage that the other one sees, both see, and neither.
func TestTwoAgents(t *testing.T) {
	e := newEarth(t)
	env := []string{"FAULTLINE_STATE_DIR=" + shortDir(t), "FAULTLINE_REDIS_URL=" + storetest.Start(t),
		"FAULTLINE_PROBE_PERIOD=10s"}
	p := startServe(t, env)
	p.ready()
	a, b := e.cable(), e.cable()
	e.agent(env, p, "lon-1", a)
	e.agent(env, p, "nyc-1", b)
	state := func(name string, want faultline.VantageState) func() bool {
		return func() bool { return p.vantage(name).State == want }
	}
	eventuallyLogged(p, 30*time.Second, "both agents see", func() bool {
		return state("lon-1", "ok")() &&
			state("nyc-1", "ok")()
	})
	eventuallyLogged(p, 60*time.Second, "every site was seen, and seen well, a few times",
		func() bool { return p.summary().Counters.Probes > 3*2*390 })

	b.cut()
	eventuallyLogged(p, 30*time.Second, "the one that is cut off says so", state("nyc-1", faultline.VantageBlind))
	if v := p.vantage("nyc-1"); v.Why == "" || v.Since.IsZero() {
		t.Errorf("%+v", v)
	}
	before := p.summary().Counters.Probes
	eventuallyLogged(p, 30*time.Second, "the other one goes on",
		func() bool { return p.summary().Counters.Probes > before+390 })
	e.fail(true)
	front := slices.Sorted(func(yield func(string) bool) {
		for s := range e.fronts {
			if !yield(s) {
				return
			}
		}
	})[0]
	eventuallyLogged(p, 30*time.Second, "what the other one sees decides",
		func() bool { return p.site(front).State == faultline.SiteDown })
	if all := p.incidents(); len(all) != 0 {
		t.Errorf("one vantage alone confirms %+v", all)
	}

	b.mend()
	mended := time.Now()
	eventuallyLogged(p, 40*time.Second, "both confirm it", func() bool { return len(p.incidents()) == 1 })
	t.Logf("confirmed %s after the second vantage could see again", time.Since(mended).Round(time.Millisecond))
	inc := p.incidents()[0]
	if inc.Cause == nil || inc.Cause.Component != "cdn:fastly" || inc.Evidence.Vantages != 2 {
		t.Errorf("cause %+v, evidence %+v", inc.Cause, inc.Evidence)
	}

	a.cut()
	b.cut()
	e.fail(false) // nobody can see that
	wantNothingIsSeen(t, p, inc.ID)
}

// wantNothingIsSeen fails the test if two agents without a connection see anything: no
// probe is counted, and what was published stays as it is.
func wantNothingIsSeen(t *testing.T, p *process, incident string) {
	t.Helper()
	eventuallyLogged(p, 30*time.Second, "both are blind", func() bool {
		return p.vantage("lon-1").State == faultline.VantageBlind && p.vantage("nyc-1").State == faultline.VantageBlind
	})
	p.later(5 * time.Second) // what was seen before is still on its way
	blind := p.summary().Counters.Probes
	p.later(12 * time.Second) // more than a period: what should not happen would
	if now := p.summary().Counters.Probes; now != blind {
		t.Errorf("%d probes came from nowhere", now-blind)
	}
	if all := p.incidents(); len(all) != 1 || all[0].ID != incident {
		t.Errorf("there are incidents that nobody saw: %+v", all)
	}
}

// TestServeWithoutAnInternetSaysSo: nothing is known, and nothing is claimed.
func TestServeWithoutAnInternetSaysSo(t *testing.T) {
	e := newEarth(t)
	c := e.cable()
	c.cut()
	env := append(e.eyes(c.ports), "FAULTLINE_ROLE=all", "FAULTLINE_VANTAGE=here", "FAULTLINE_STATE_DIR="+shortDir(t),
		"FAULTLINE_PROBE_PERIOD=10s")
	p := startServe(t, env)
	p.ready()
	eventuallyLogged(p, 20*time.Second, "it says that it is blind", func() bool {
		return p.vantage("here").State == faultline.VantageBlind && strings.Contains(p.log(), "is not trusted")
	})
	p.later(12 * time.Second) // more than a period: what should not happen would
	if s := p.site("bbc.co.uk"); s.State != faultline.SiteUnknown || s.Probes != 0 {
		t.Errorf("%+v", s)
	}
	if n := p.summary().Counters.Probes; n != 0 || len(p.incidents()) != 0 {
		t.Errorf("%d probes, %d incidents", n, len(p.incidents()))
	}
	if p.metric("faultline_probe_sees") != 0 {
		t.Error("the metric says that it sees")
	}

	c.mend()
	eventuallyLogged(p, 60*time.Second, "it probes as soon as it can",
		func() bool { return p.summary().Counters.Probes > 390 })
	eventuallyLogged(p, 20*time.Second, "it says that it sees, and is ready", func() bool {
		return p.vantage("here").State == faultline.VantageOK && p.get("/readyz", nil) == http.StatusOK
	})
}

// TestAPersonMayHaveAnUnknownSiteChecked: to open its page, however often, asks
// for nothing. To ask for a check answers that person, and leaves no trace in the
// log, on the map, in the search or among the incidents.
func TestAPersonMayHaveAnUnknownSiteChecked(t *testing.T) {
	e := newEarth(t)
	e.Put("corner-shop.com", probetest.Site{})
	e.Put("broken-shop.com", probetest.Site{Handler: func(rw http.ResponseWriter,
		_ *http.Request) {
		rw.WriteHeader(http.StatusBadGateway)
	}})
	ports := fmt.Sprintf("%d,%d", e.Ports.HTTP, e.Ports.HTTPS)
	state := "FAULTLINE_STATE_DIR=" + shortDir(t)
	p := startServe(t, append(e.eyes(ports), "FAULTLINE_ROLE=all", "FAULTLINE_VANTAGE=here", state))
	p.ready()
	eventuallyLogged(p, 20*time.Second, "it sees",
		func() bool { return p.vantage("here").State == faultline.VantageOK })
	shops := map[string]faultline.SiteState{"corner-shop.com": faultline.SiteOK, "broken-shop.com": faultline.SiteDown}
	for site, want := range shops {
		for range 5 {
			if code := p.get("/v1/sites/"+site, nil); code != http.StatusNotFound {
				t.Errorf("%s: %d", site, code)
			}
			p.get("/site/"+site, nil)
		}
		if n := e.Hits(site); n != 0 {
			t.Errorf("%s was asked %d times before anybody asked for a check", site, n)
		}
		code, body := p.post("/v1/checks", fmt.Sprintf(`{"site":%q}`, site), nil)
		var asked api.CheckAnswer
		if err := json.Unmarshal([]byte(body), &asked); err != nil || code != http.StatusAccepted || !asked.Pending {
			t.Fatalf("%d %s", code, body)
		}
		var answer api.CheckAnswer
		eventuallyLogged(p, 10*time.Second, site+" is checked", func() bool {
			p.get("/v1/checks/"+asked.ID, &answer)
			return answer.State == want
		})
		if len(answer.Results) != 1 || answer.Results[0].Vantage != "here" {
			t.Errorf("%+v", answer)
		}
		if code := p.get("/v1/sites/"+site, nil); code != http.StatusNotFound {
			t.Errorf("%s after its check: %d", site, code)
		}
	}
	if code, body := p.post("/v1/checks", `{"site":"https://www.bbc.co.uk"}`, nil); code != http.StatusOK ||
		!strings.Contains(body, `"regular":true`) {
		t.Errorf("a site of the list: %d %s", code, body)
	}
	for range 3 * 6 { // one address is told that it has asked for enough
		p.post("/v1/checks", `{"site":"one-more-shop.com"}`, nil)
	}
	if code, body := p.post("/v1/checks", `{"site":"one-more-shop.com"}`, nil); code != http.StatusTooManyRequests ||
		!strings.Contains(body, "Your address") {
		t.Errorf("the nineteenth check: %d %s", code, body)
	}
	_, out, _ := tool(t, []string{state}, "export")
	var found map[string]any
	p.get("/v1/search?q=broken", &found)
	if strings.Contains(out, "shop.com") || strings.Contains(fmt.Sprint(found), "shop.com") || len(p.incidents()) != 0 {
		t.Errorf("a check left a trace: search %v, %d incidents", found, len(p.incidents()))
	}
}
