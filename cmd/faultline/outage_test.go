package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"faultline"
	"faultline/ingest/infra"
	"faultline/pace"
	"faultline/store/storetest"
)

// story is a world in which a dozen sites behind one CDN fail, as two vantages
// and two hundred people tell it to a service that is killed meanwhile.
type story struct {
	t       *testing.T
	env     []string
	url     string   // of the Redis
	failing []string // of the same CDN, as the ones below that follow later
	later   []string
	healthy []string
	agents  []map[string]string // what each vantage sends with its requests

	mu     sync.Mutex
	acked  int64           // reports answered by 202 and counted
	unsure int64           // reports whose answer never came, or said that it may or may not be there
	probes map[string]bool // site, vantage and time: whether it was acknowledged
	asked  int             // reporters that have spoken
}

func newStory(t *testing.T) *story {
	t.Helper()
	o := &story{t: t, url: storetest.Start(t), probes: map[string]bool{}}
	o.env = []string{"FAULTLINE_STATE_DIR=" + shortDir(t), "FAULTLINE_REDIS_URL=" + o.url,
		"FAULTLINE_TRUSTED_PROXIES=127.0.0.1", "FAULTLINE_CHECKPOINT_INTERVAL=5s"}
	for _, v := range [][]string{{"lon-1", "20473", "GB"}, {"nyc-1", "14061", "US"}} {
		code, token, errs := tool(t, o.env, "token", "issue", "--scope", "probes:write", "--subject", v[0], "--asn",
			v[1], "--country", v[2])
		if code != 0 {
			t.Fatalf("token: exit %d: %s", code, errs)
		}
		o.agents = append(o.agents, map[string]string{"Authorization": "Bearer " + strings.TrimSpace(token),
			"Content-Type": "application/x-ndjson"})
	}
	records, err := infra.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		fronted := slices.Contains(r.Components, "cdn:fastly")
		cdns := slices.ContainsFunc(r.Components,
			func(c faultline.Component) bool { return c.Kind() == faultline.KindCDN && c != "cdn:fastly" })
		switch {
		case fronted && !cdns && len(o.failing) < 12:
			o.failing = append(o.failing, r.Site)
		case fronted && !cdns && len(o.later) < 6:
			o.later = append(o.later, r.Site)
		case !fronted && len(o.healthy) < 40:
			o.healthy = append(o.healthy, r.Site)
		}
	}
	if len(o.later) < 6 || len(o.healthy) < 40 {
		t.Fatalf("the catalogue has %d sites of one CDN and %d others", len(o.failing)+len(o.later), len(o.healthy))
	}
	return o
}

// seen is a line about a site that fails, and about one that does not.
var seen = map[bool]string{
	true:  `{"site":%q,"at":%q,"symptom":"http_503","status":503}` + "\n",
	false: `{"site":%q,"at":%q,"symptom":"ok","status":200,"latency_ms":80}` + "\n",
}

// probe has both vantages look at every site at those times.
func (o *story) probe(p *process, down bool, times ...time.Time) {
	o.t.Helper()
	for v, agent := range o.agents {
		var body strings.Builder
		var keys []string
		for _, at := range times {
			for i, site := range slices.Concat(o.failing, o.later, o.healthy) {
				at := at.Add(time.Duration(i) * time.Millisecond).UTC().Format("2006-01-02T15:04:05.000Z")
				keys = append(keys, fmt.Sprint(v, site, at))
				fmt.Fprintf(&body, seen[down && i < len(o.failing)], site, at)
			}
		}
		code, answer := p.post("/v1/probes", body.String(), agent)
		var got struct{ Accepted int }
		if code == http.StatusAccepted {
			if err := json.Unmarshal([]byte(answer), &got); err != nil || got.Accepted != len(keys) {
				o.t.Fatalf("of %d probes: %s", len(keys), answer)
			}
		} else if code != http.StatusServiceUnavailable && code != 0 {
			o.t.Fatalf("probes: %d %s", code, answer)
		}
		for _, k := range keys {
			o.probes[k] = code == http.StatusAccepted
		}
	}
}

// report has the next n people say, once each, that a site fails.
func (o *story) report(p *process, n int) {
	var people sync.WaitGroup
	for range 8 {
		people.Go(func() {
			for {
				o.mu.Lock()
				if n == 0 {
					o.mu.Unlock()
					return
				}
				n--
				who := o.asked
				o.asked++
				o.mu.Unlock()
				body := fmt.Sprintf(`{"site":%q,"symptom":"http_503"}`,
					"https://www."+o.failing[who%len(o.failing)]+"/x")
				code, answer := p.post("/v1/reports", body,
					map[string]string{"X-Forwarded-For": fmt.Sprintf("81.%d.7.9", who)})
				o.mu.Lock()
				switch {
				case code == http.StatusAccepted && strings.Contains(answer, `"counted":true`):
					o.acked++
				case code == nobodyThere:
				case code == 0 || code == http.StatusServiceUnavailable:
					o.unsure++
				default:
					o.t.Errorf("report: %d %s", code, answer)
				}
				o.mu.Unlock()
			}
		})
	}
	people.Wait()
}

// incidents are the confirmed ones.
func (p *process) incidents() (confirmed []faultline.Incident) {
	p.t.Helper()
	var list struct{ Incidents []faultline.Incident }
	p.get("/v1/incidents", &list)
	for _, inc := range list.Incidents {
		if inc.State == faultline.StateConfirmed {
			confirmed = append(confirmed, inc)
		}
	}
	return confirmed
}

// spread makes n more sites fail.
func (o *story) spread(n int) {
	o.failing, o.later = append(o.failing, o.later[:n]...), o.later[n:]
}

// theOne waits until there is one confirmed incident, on the CDN, while the
// vantages go on looking.
func (o *story) theOne(p *process, what string, ok func(faultline.Incident) bool) faultline.Incident {
	o.t.Helper()
	var all []faultline.Incident
	var probed time.Time
	defer func() {
		if o.t.Failed() {
			o.t.Logf("confirmed are %+v", all)
		}
	}()
	eventuallyLogged(p, 60*time.Second, what, func() bool {
		if time.Since(probed) > 2*time.Second {
			probed = time.Now()
			o.probe(p, true, probed)
		}
		all = p.incidents()
		// The ticks of a busy machine may fall between the results of one look, so that the first
		// revision does not know yet what the sites have in common.
		return len(all) == 1 && all[0].Cause != nil && ok(all[0])
	})
	if all[0].Cause.Component != "cdn:fastly" {
		o.t.Fatalf("the cause is %+v", all[0].Cause)
	}
	return all[0]
}

func whatever(faultline.Incident) bool { return true }

// TestOutageThroughCrashesAndTakeovers is the whole way: reports and probes by
// HTTP through one trusted proxy, one confirmed incident, the same one after a
// crash and after a takeover, every acknowledged word counted once, and the
// exported log replays to the same bytes.
func TestOutageThroughCrashesAndTakeovers(t *testing.T) {
	o := newStory(t)
	a := startServe(t, o.env)
	a.ready()
	o.calm(a)
	o.report(a, 100)
	first := o.theOne(a, "one incident is confirmed", whatever)

	crashed := make(chan struct{})
	go func() {
		defer close(crashed)
		o.report(a, 60)
	}()
	eventually(t, 10*time.Second, "some of them were answered", func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.asked > 120
	})
	a.kill()
	<-crashed

	b := startServe(t, o.env)
	b.ready()
	o.report(b, 200-o.asked)
	o.spread(3)
	second := o.theOne(b, "it goes on after the crash",
		func(inc faultline.Incident) bool { return inc.Revision > first.Revision })
	c := o.takeover(b)
	o.spread(3)
	third := o.theOne(c, "it goes on after the takeover",
		func(inc faultline.Incident) bool { return inc.Revision > second.Revision })
	if second.ID != first.ID || third.ID != first.ID {
		t.Errorf("three names for one: %s, %s, %s", first.ID, second.ID, third.ID)
	}
	counted := o.checkCounts(c)
	for _, p := range []*process{b, c} {
		if code, took := p.terminate(); code != 0 || took > pace.Scale(5*time.Second) {
			t.Errorf("exit %d after %s:\n%s", code, took, p.log())
		}
	}
	o.checkExport(counted)
}

// calm tells of the last minutes that all was well.
func (o *story) calm(p *process) {
	o.t.Helper()
	var history []time.Time
	for at := time.Now().Add(-4 * time.Minute); time.Since(at) > 5*time.Second; at = at.Add(15 * time.Second) {
		history = append(history, at)
	}
	o.probe(p, false, history...)
}

// takeover stops the leader for longer than its lease and then lets it go on;
// it returns the node that leads since.
func (o *story) takeover(leader *process) *process {
	o.t.Helper()
	standby := startServe(o.t, o.env)
	standby.ready()
	leads := func(p *process) func() bool { return func() bool { return p.metric("faultline_leader") == 1 } }
	eventuallyLogged(standby, 20*time.Second, "one of them leads",
		func() bool { return leads(leader)() != leads(standby)() })
	if leads(standby)() { // on a busy machine a lease may have been lost already
		leader, standby = standby, leader
	}
	leader.signal(syscall.SIGSTOP)
	stopped := time.Now()
	eventuallyLogged(standby, 20*time.Second, "the standby leads", leads(standby))
	o.t.Logf("taken over %s after the leader stopped", time.Since(stopped).Round(time.Millisecond))
	leader.signal(syscall.SIGCONT)
	eventuallyLogged(leader, 20*time.Second, "the old leader knows",
		func() bool { return leader.metric("faultline_leader") == 0 })
	if n := leader.metric("faultline_fold_broken_total") + standby.metric("faultline_fold_broken_total"); n != 0 {
		o.t.Errorf("%v revisions did not fit what is stored", n)
	}
	return standby
}

// checkCounts compares what was counted with what was acknowledged.
func (o *story) checkCounts(p *process) summary {
	o.t.Helper()
	var sure, all int64
	for _, acked := range o.probes {
		all++
		if acked {
			sure++
		}
	}
	var s summary
	eventuallyLogged(p, 10*time.Second, "what was acknowledged is counted", func() bool {
		s = p.summary()
		return s.Counters.Reports >= o.acked && s.Counters.Probes >= sure
	})
	o.t.Logf("reports: %d acknowledged, %d unsure, %d counted; probes: %d, %d, %d", o.acked, o.unsure,
		s.Counters.Reports, sure, all-sure, s.Counters.Probes)
	if s.Counters.Reports > o.acked+o.unsure || s.Counters.Probes > all {
		o.t.Error("something was counted twice")
	}
	if s.Counters.ReportsRepeated != 0 || s.Counters.ProbesRepeated != 0 || s.Counters.Late != 0 {
		o.t.Errorf("nobody spoke twice, and nothing is late: %+v", s.Counters)
	}
	return s
}

// checkExport replays the exported log and compares every revision with what is
// stored.
func (o *story) checkExport(counted summary) {
	o.t.Helper()
	code, lines, errs := tool(o.t, o.env, "export")
	if code != 0 || !strings.HasPrefix(lines, `{"type":"epoch"`) {
		o.t.Fatalf("export: exit %d: %s", code, errs)
	}
	if n := int64(strings.Count(lines, `"type":"report"`)); n != counted.Counters.Reports {
		o.t.Errorf("the log holds %d reports, counted were %d", n, counted.Counters.Reports)
	}
	file := filepath.Join(o.t.TempDir(), "log.ndjson")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		o.t.Fatal(err)
	}
	st := openStore(o.t, o.url)
	_, follow, _ := tool(o.t, nil, "replay", "--follow", file)
	revisions := 0
	for line := range strings.Lines(follow) {
		var inc faultline.Incident
		if err := json.Unmarshal([]byte(line), &inc); err != nil {
			o.t.Fatal(err)
		}
		o.same(line, func() (faultline.Incident, error) { return st.Incident(o.t.Context(), inc.ID, inc.Revision) })
		revisions++
	}
	o.t.Logf("%d lines exported, %d revisions replayed", strings.Count(lines, "\n"), revisions)
	_, last, _ := tool(o.t, []string{"GOMAXPROCS=1"}, "replay", file)
	stored, err := st.Incidents(o.t.Context(), 100)
	if err != nil {
		o.t.Fatal(err)
	}
	if n := strings.Count(last, "\n"); n != len(stored) || revisions <= n {
		o.t.Errorf("%d incidents in %d revisions replayed, %d stored", n, revisions, len(stored))
	}
	for line := range strings.Lines(last) {
		o.same(line, func() (faultline.Incident, error) {
			i := slices.IndexFunc(stored,
				func(inc faultline.Incident) bool { return strings.Contains(line, `"id":"`+inc.ID+`"`) })
			if i < 0 {
				return faultline.Incident{}, faultline.ErrNotFound
			}
			return stored[i], nil
		})
	}
}

// same compares a replayed line with a stored incident, byte for byte.
func (o *story) same(line string, stored func() (faultline.Incident, error)) {
	o.t.Helper()
	inc, err := stored()
	if err != nil {
		o.t.Fatalf("%v: %.100s", err, line)
	}
	if len(inc.Hash) != sha256.Size*2 {
		o.t.Errorf("revision %d has the hash %q", inc.Revision, inc.Hash)
	}
	inc.Hash = "" // the record's, which a replay does not keep
	kept, err := json.Marshal(inc.WithoutTimeline())
	if err != nil {
		o.t.Fatal(err)
	}
	if string(kept)+"\n" != line {
		o.t.Errorf("stored:\n%s\nreplayed:\n%s", kept, line)
	}
}
