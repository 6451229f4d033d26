package ingest

import (
	"context"
	"sync"
	"time"

	"faultline"
)

// Noting when certificates end.
const (
	// certificateAgain is how often it is noted again that a certificate ends.
	certificateAgain = 10 * time.Minute
	// certificateRenewed is for how long a certificate that ends later is believed before
	// one that ends sooner: a site has one that is good, whatever another vantage says.
	certificateRenewed = 10 * time.Minute
	// Beyond it both tables are dropped, which costs a few writes that were not needed.
	maxCertificates = 20_000 // remembered
)

// CertificateStore keeps when certificates end. Package store has it.
type CertificateStore interface {
	SaveCertificates(ctx context.Context, list []faultline.Certificate) error
	ForgetCertificates(ctx context.Context, sites []string) error
}

// certificates notes, of what probes see, the certificates that end soon. It is safe for
// concurrent use.
type certificates struct {
	store CertificateStore // nil: nobody keeps them
	known func(site string) (faultline.Certificate, bool)

	mu    sync.Mutex
	noted map[string]faultline.Certificate // with when it was noted here
	good  map[string]time.Time             // sites whose certificate is good, since when
}

// newCertificates returns what notes certificates that end soon. known says what was noted
// before; nil: nothing.
func newCertificates(store CertificateStore,
	known func(site string) (faultline.Certificate, bool)) *certificates {
	if known == nil {
		known = func(string) (faultline.Certificate, bool) { return faultline.Certificate{}, false }
	}
	return &certificates{store: store, known: known}
}

// see takes in the probes of a batch that was accepted.
func (c *certificates) see(ctx context.Context, events []faultline.Event, now time.Time) {
	if c.store == nil {
		return
	}
	soon, renewed := c.sort(events, now)
	var err error
	if len(soon) > 0 {
		err = c.store.SaveCertificates(ctx, soon)
	}
	if len(renewed) > 0 && err == nil {
		err = c.store.ForgetCertificates(ctx, renewed)
	}
	if err != nil { // the next check of the site says so again
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, s := range soon {
			delete(c.noted, s.Site)
		}
	}
}

// sort finds what is to be noted and what to be forgotten.
func (c *certificates) sort(events []faultline.Event, now time.Time) (soon []faultline.Certificate, renewed []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.noted == nil || len(c.noted)+len(c.good) > maxCertificates {
		c.noted, c.good = map[string]faultline.Certificate{}, map[string]time.Time{}
	}
	for _, ev := range events {
		p, ok := ev.(faultline.Probe)
		if !ok || p.CertificateEnds.IsZero() {
			continue
		}
		before, noted := c.noted[p.Site]
		if p.CertificateEnds.Sub(now) >= faultline.CertificateSoon {
			// Only what was noted somewhere needs to be forgotten; most certificates are
			// good and cost no write.
			if _, elsewhere := c.known(p.Site); noted || elsewhere {
				delete(c.noted, p.Site)
				c.good[p.Site] = now
				renewed = append(renewed, p.Site)
			}
			continue
		}
		// While a site's servers change over, vantages see the old certificate and the
		// new one by turns.
		if now.Sub(c.good[p.Site]) < certificateRenewed {
			continue
		}
		delete(c.good, p.Site)
		if noted && before.Ends.Equal(p.CertificateEnds) && now.Sub(before.SeenAt) < certificateAgain {
			continue
		}
		c.noted[p.Site] = faultline.Certificate{Site: p.Site, Ends: p.CertificateEnds, SeenAt: now}
		soon = append(soon, c.noted[p.Site])
	}
	return soon, renewed
}
