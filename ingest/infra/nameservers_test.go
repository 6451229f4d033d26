package infra_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"faultline"
	"faultline/ingest/infra"
)

// zones answer for name servers; each site's answers come one after another, and
// the last one again.
type zones struct {
	answers map[string][]string // "": it fails
	asked   atomic.Int64
	next    map[string]int
	hold    chan struct{} // one at a time
}

func (z *zones) NameServers(_ context.Context, site string) ([]infra.NameServer, error) {
	z.asked.Add(1)
	z.hold <- struct{}{}
	defer func() { <-z.hold }()
	all := z.answers[site]
	host := all[min(z.next[site], len(all)-1)]
	z.next[site]++
	if host == "" {
		return nil, errors.New("no answer")
	}
	return []infra.NameServer{{Host: host}}, nil
}

// Name servers are asked for once, in the background, and one lying or missing
// answer is not believed.
func TestNameServersAreKnownOnceTwoAnswersAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := &zones{next: map[string]int{}, hold: make(chan struct{}, 1), answers: map[string][]string{
			"well.net": {"ns-1.awsdns-00.com"}, "lied.net": {"ns.evil.net", "ns-1.awsdns-00.com"},
			"shy.net": {"", "ns-1.awsdns-00.com"}, "torn.net": {"a.x.net", "b.x.net", "c.x.net"}, "gone.net": {""},
		}}
		n := infra.NewNameServers(z, time.Now)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- n.Run(ctx) }()
		for site := range z.answers {
			if got := n.Of(site); got != nil {
				t.Errorf("%s at once: %v", site, got)
			}
		}
		time.Sleep(time.Minute)
		for site, want := range map[string]string{"well.net": "ns-1.awsdns-00.com", "lied.net": "ns-1.awsdns-00.com",
			"shy.net": "ns-1.awsdns-00.com", "torn.net": "", "gone.net": ""} {
			got := n.Of(site)
			if want == "" && got != nil || want != "" && (len(got) != 1 || got[0].Host != want) {
				t.Errorf("%s: %v, want %q", site, got, want)
			}
		}
		asked := z.asked.Load()
		for range 1000 {
			n.Of("well.net")
		}
		time.Sleep(time.Minute)
		if more := z.asked.Load() - asked; more > 6 { // torn.net and gone.net are tried again
			t.Errorf("asked %d times more", more)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestNameServersBecomeProviders(t *testing.T) {
	m, err := infra.BuiltinSignatures()
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := infra.NewMatcher(m, infra.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	o := infra.Observation{Site: "shop.com",
		NS: []infra.NameServer{{Host: "ns-1.awsdns-00.com."}, {Host: "ns-2.awsdns-01.net"}}}
	via := infra.Via(matcher.Infer(o))
	if !slices.Equal(via, []faultline.Component{"dns:route53"}) {
		t.Error(fmt.Sprint(via))
	}
}
