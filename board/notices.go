package board

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"faultline"
)

// Reading notices.
const (
	// notices are about hours and days, so a few seconds of delay do not matter
	noticesEvery   = 5 * time.Second
	noticesTimeout = time.Second
)

// NoticeSource is where nodes share notices. Package store has it.
type NoticeSource interface {
	Certificates(ctx context.Context, now time.Time) ([]faultline.Certificate, error)
	Maintenances(ctx context.Context, now time.Time) ([]faultline.Maintenance, error)
}

// Notices are what is known of the time to come: certificates that end, and maintenance
// that is announced. A nil one knows nothing. It is safe for concurrent use.
type Notices struct {
	source NoticeSource
	now    func() time.Time
	log    *slog.Logger

	mu           sync.Mutex
	certificates map[string]faultline.Certificate
	maintenances []faultline.Maintenance
}

// NewNotices returns notices that know nothing before [Notices.Run].
func NewNotices(source NoticeSource, now func() time.Time, log *slog.Logger) *Notices {
	return &Notices{source: source, now: now, log: log}
}

// Run follows the source until ctx ends. What was read stays while it is away.
func (n *Notices) Run(ctx context.Context) error {
	tick := time.NewTicker(noticesEvery)
	defer tick.Stop()
	for {
		if err := n.Read(ctx); err != nil && ctx.Err() == nil {
			n.log.Debug("notices stay as they are", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Read reads the source once. Both parts are replaced together or not at all.
func (n *Notices) Read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, noticesTimeout)
	defer cancel()
	now := n.now()
	certificates, err := n.source.Certificates(ctx, now)
	if err != nil {
		return err
	}
	maintenances, err := n.source.Maintenances(ctx, now)
	if err != nil {
		return err
	}
	bySite := make(map[string]faultline.Certificate, len(certificates))
	for _, c := range certificates {
		bySite[c.Site] = c
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.certificates, n.maintenances = bySite, maintenances
	return nil
}

// Certificate returns when the certificate of a site ends, if that is soon. A
// certificate that ends later is not worth a line on a page: most are renewed a month
// before.
func (n *Notices) Certificate(site string) (c faultline.Certificate, ok bool) {
	if n == nil {
		return c, false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	c, ok = n.certificates[site]
	return c, ok && c.Ends.Sub(n.now()) < faultline.CertificateSoon
}

// Maintenances returns what is announced of components that of reports, what begins first
// in front.
func (n *Notices) Maintenances(of func(faultline.Component) bool) (list []faultline.Maintenance) {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	for _, m := range n.maintenances {
		if m.Current(now) && slices.ContainsFunc(m.Components, of) {
			list = append(list, m)
		}
	}
	return list
}
