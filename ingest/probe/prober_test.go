package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faultline"
)

// planet is a world for a prober: what each site answers, which way it is cut
// off, and what was handed in.
type planet struct {
	mu     sync.Mutex
	cut    bool // nothing gets through
	portal bool // everything that is asked for is there
	fails  func(site string) bool
	probes []faultline.Probe
	checks map[string]int
	down   bool // the sink takes nothing
}

func (p *planet) Check(_ context.Context, t Task) Result {
	time.Sleep(100 * time.Millisecond) // of the bubble: no time passes
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.checks == nil {
		p.checks = map[string]int{}
	}
	p.checks[t.Site]++
	r := Result{
		Probe:       faultline.Probe{Site: t.Site, At: time.Now(), Symptom: faultline.SymptomOK},
		Observation: Observation{Addr: netip.MustParseAddr("93.184.216.34")},
	}
	if p.cut || p.fails != nil && p.fails(t.Site) {
		r.Probe.Symptom = faultline.SymptomTimeout
	}
	return r
}

func (p *planet) Exists(context.Context, string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut {
		return false, errors.New("cut off")
	}
	return p.portal, nil
}

func (p *planet) Probes(_ context.Context, probes []faultline.Probe) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return errors.New("down")
	}
	p.probes = append(p.probes, probes...)
	return nil
}

// counts are the failures and the others that were handed in.
func (p *planet) counts() (failed, well int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, pr := range p.probes {
		if pr.Symptom == faultline.SymptomOK {
			well++
		} else {
			failed++
		}
	}
	return failed, well
}

func (p *planet) set(change func()) { p.mu.Lock(); defer p.mu.Unlock(); change() }

// inBubble runs a prober of n sites on the planet.
func inBubble(t *testing.T, world *planet, n int, story func(t *testing.T, p *Prober)) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Config{Vantage: "lon-1", Eyes: world, Sink: world, Canaries: DefaultCanaries, Period: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		sites := make([]Site, n)
		for i := range sites {
			sites[i] = Site{
				fmt.Sprintf("s%d.net", i),
				[]faultline.Component{faultline.NewComponent("cdn", fmt.Sprint(i%10))},
			}
		}
		if err := p.Do(ctx, Work{Sites: sites}); err != nil {
			t.Fatal(err)
		}
		story(t, p)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestProbesAreHandedIn(t *testing.T) {
	world := &planet{}
	world.fails = func(s string) bool { return s == "s7.net" }
	inBubble(t, world, 100, func(t *testing.T, p *Prober) {
		time.Sleep(5 * time.Minute)
		if h := p.Health(); h.State != faultline.VantageOK {
			t.Errorf("%+v", h)
		}
	})
	failed, well := world.counts()
	if failed < 5 || failed > 7 || well < 490 {
		t.Errorf("%d failed, %d well", failed, well)
	}
	for _, pr := range world.probes {
		if pr.Vantage != "lon-1" || strings.Contains(pr.Site, "cloudflare") {
			t.Fatalf("%+v", pr)
		}
	}
}

func TestWithoutAnInternetNothingIsChecked(t *testing.T) {
	world := &planet{cut: true}
	inBubble(t, world, 100, func(t *testing.T, p *Prober) {
		time.Sleep(10 * time.Minute)
		if h := p.Health(); h.State != faultline.VantageBlind || h.Why == "" || h.Since.IsZero() {
			t.Errorf("%+v", h)
		}
	})
	if failed, well := world.counts(); failed+well != 0 || world.checks["s1.net"] != 0 {
		t.Errorf("%d and %d handed in, %d looks", failed, well, world.checks["s1.net"])
	}
}

func TestCutOffInMidAirNothingIsClaimed(t *testing.T) {
	world := &planet{}
	inBubble(t, world, 600, func(t *testing.T, p *Prober) {
		time.Sleep(3 * time.Minute)
		world.set(func() { world.cut = true })
		time.Sleep(10 * time.Second)
		if h := p.Health(); h.State != faultline.VantageBlind {
			t.Errorf("%+v ten seconds after the cut", h)
		}
		time.Sleep(5 * time.Minute)
		failed, before := world.counts()
		world.set(func() { world.cut = false })
		time.Sleep(2 * time.Minute)
		if h := p.Health(); h.State != faultline.VantageOK {
			t.Errorf("%+v two minutes after the end", h)
		}
		if _, after := world.counts(); failed != 0 || after < before+500 {
			t.Errorf("%d failures handed in; %d probes before, %d after", failed, before, after)
		}
	})
}

func TestAPortalThatAnswersForEverything(t *testing.T) {
	world := &planet{portal: true}
	inBubble(t, world, 100, func(t *testing.T, p *Prober) {
		time.Sleep(3 * time.Minute)
		if h := p.Health(); h.State != faultline.VantageBlind || !strings.Contains(h.Why, "does not exist") {
			t.Errorf("%+v", h)
		}
	})
	if failed, well := world.counts(); failed+well != 0 {
		t.Errorf("%d and %d handed in", failed, well)
	}
}

func TestUnrelatedFailuresAreTheVantagesOwn(t *testing.T) {
	world := &planet{}
	inBubble(t, world, 600, func(t *testing.T, p *Prober) {
		time.Sleep(3 * time.Minute)
		world.set(func() { world.fails = func(s string) bool { return len(s) > 3 && s[2]%2 == 0 && s[0] == 's' } })
		time.Sleep(2 * time.Minute)
		if h := p.Health(); h.State != faultline.VantageSick {
			t.Errorf("%+v", h)
		}
		failed, well := world.counts()
		time.Sleep(time.Minute)
		if f, w := world.counts(); f != failed || w != well {
			t.Errorf("it speaks while it is sick: %d and %d more", f-failed, w-well)
		}
		world.set(func() { world.fails = nil })
		time.Sleep(3 * time.Minute)
		if h := p.Health(); h.State != faultline.VantageOK {
			t.Errorf("%+v when all is well again", h)
		}
	})
}

func TestFailuresOfOneComponentAreNot(t *testing.T) {
	world := &planet{}
	inBubble(t, world, 100, func(t *testing.T, p *Prober) {
		time.Sleep(3 * time.Minute)
		if err := p.Do(t.Context(), Work{Sites: oneBigCDN(100)}); err != nil {
			t.Error(err)
		}
		world.set(func() {
			world.fails = func(s string) bool { return strings.HasSuffix(s, "0.net") || strings.HasSuffix(s, "5.net") }
		})
		time.Sleep(3 * time.Minute)
		world.set(func() {
			world.fails = func(s string) bool { return len(s) == len("s10.net") && s[1] >= '4' && s[0] == 's' }
		})
		time.Sleep(3 * time.Minute)
		if h := p.Health(); h.State != faultline.VantageOK {
			t.Errorf("%+v", h)
		}
	})
	if failed, _ := world.counts(); failed < 100 {
		t.Errorf("only %d failures are told", failed)
	}
}

// oneBigCDN has most sites behind one CDN.
func oneBigCDN(n int) []Site {
	sites := make([]Site, n)
	for i := range sites {
		sites[i] = Site{fmt.Sprintf("s%d.net", i), nil}
		if i >= 40 {
			sites[i].Components = []faultline.Component{"cdn:big"}
		}
	}
	return sites
}

func TestWhatCouldNotBeHandedInIsLater(t *testing.T) {
	world := &planet{down: true}
	inBubble(t, world, 10, func(_ *testing.T, _ *Prober) {
		time.Sleep(3 * time.Minute)
		world.set(func() { world.down = false })
		time.Sleep(10 * time.Second)
	})
	seen := map[string]bool{}
	for _, pr := range world.probes {
		key := pr.Site + pr.At.String()
		if seen[key] {
			t.Errorf("%s twice", key)
		}
		seen[key] = true
	}
	if len(seen) < 25 {
		t.Errorf("%d of about 30 probes arrived", len(seen))
	}
}

func TestUnsentProbesAreBounded(t *testing.T) {
	s := newSender(&planet{}, nil, newMetrics(nil))
	for range maxUnsent + 3*sendBatch {
		s.Put(faultline.Probe{})
	}
	if n := len(s.unsent); n > maxUnsent {
		t.Errorf("%d wait", n)
	}
}

func TestCheckRequestsOfAProber(t *testing.T) {
	world := &planet{}
	inBubble(t, world, 10, func(t *testing.T, p *Prober) {
		time.Sleep(2 * time.Minute)
		request := faultline.CheckRequest{
			Site:   "asked.net",
			Reason: faultline.CheckAsked,
			Until:  time.Now().Add(20 * time.Second),
		}
		if err := p.Do(t.Context(), Work{CheckRequests: []faultline.CheckRequest{request}}); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
		world.mu.Lock()
		defer world.mu.Unlock()
		for _, pr := range world.probes {
			if pr.Site == "asked.net" {
				return
			}
		}
		t.Error("nothing came of a request within two seconds")
	})
}

// Anybody can have dead sites of their own checked: that says nothing about the
// vantage, which goes on with its share.
func TestChecksThatPeopleAskForMakeNoVantageSick(t *testing.T) {
	world := &planet{}
	inBubble(t, world, 30, func(t *testing.T, p *Prober) {
		time.Sleep(2 * time.Minute)
		world.set(func() { world.fails = func(s string) bool { return strings.HasPrefix(s, "asked") } })
		var asked []faultline.CheckRequest
		for i := range 60 {
			asked = append(asked, faultline.CheckRequest{Site: fmt.Sprintf("asked%d.net", i),
				Reason: faultline.CheckAsked, Until: time.Now().Add(20 * time.Second)})
		}
		if err := p.Do(t.Context(), Work{CheckRequests: asked}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(40 * time.Second)
		if h := p.Health(); h.State != faultline.VantageOK {
			t.Errorf("%+v", h)
		}
		if failed, _ := world.counts(); failed == 0 {
			t.Error("nobody is answered")
		}
	})
}
