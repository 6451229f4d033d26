package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"faultline"
)

// What a person may ask to have checked. The store bounds what a prefix and what
// everybody together may ask for, over all nodes.
const (
	checksOfPerson = 6  // a minute, …
	checksAtOnce   = 3  // … and at once
	checkKeyBits   = 14 // 2^14 people are remembered, 256 KiB
)

// CheckStore is where the checks that people ask for are kept, for minutes and
// apart from the log. Package store has it.
type CheckStore interface {
	// AskCheck notes that a site is to be checked for somebody of a prefix (a
	// pseudonym). It fails with [faultline.BusyError].
	AskCheck(ctx context.Context, site, prefix string, now time.Time) (id string, err error)
	// AnswerChecks keeps the results of sites that somebody asked to have checked,
	// and says of each whether it did.
	AnswerChecks(ctx context.Context, results []faultline.Probe, now time.Time) ([]bool, error)
	// Check returns a check by its id, or [faultline.ErrNotFound].
	Check(ctx context.Context, id string, now time.Time) (faultline.Check, error)
}

// ChecksConfig says what [Checks] depends on.
type ChecksConfig struct {
	Store      CheckStore
	Names      *Names
	Keys       DailyKeys
	Now        func() time.Time
	Registerer prometheus.Registerer // nil: not exported
}

// Checks has sites checked that are not on the map, for a person who asks. The
// answer is that person's: nothing of it is in the log or on the map, so that
// whoever asks can change nothing for anybody else. It is safe for concurrent use.
type Checks struct {
	store      CheckStore
	names      *Names
	pseudonyms pseudonyms
	now        func() time.Time
	person     rate
	people     *gcraTable
	seed       maphash.Seed // of this process alone: nothing leads back to an address
	outcomes   *prometheus.CounterVec
}

// NewChecks returns checks of which nobody has asked for any.
func NewChecks(cfg ChecksConfig) *Checks {
	return &Checks{
		store: cfg.Store, names: cfg.Names, pseudonyms: pseudonyms{keys: cfg.Keys}, now: cfg.Now,
		person: perMinute(checksOfPerson, checksAtOnce), people: newGCRA(checkKeyBits), seed: maphash.MakeSeed(),
		outcomes: promauto.With(cfg.Registerer).NewCounterVec(prometheus.CounterOpts{
			Name: "faultline_checks_total",
			Help: "Checks that people asked for by what became of the request: asked, known (the site is on the " +
				"list), invalid, unavailable, or the limit that was reached: person, prefix, all.",
		}, []string{"outcome"}),
	}
}

// Ask has a site checked for the person at addr and returns at once. Site is
// whatever they call it. A site that is on the map is not checked: known is true
// then, and the check holds the site's name alone.
//
// Errors: [faultline.InvalidError] with the pointer /site,
// [faultline.BusyError] when too many were asked for, [faultline.ErrUnavailable].
func (c *Checks) Ask(ctx context.Context, addr netip.Addr, site string) (check faultline.Check, known bool, err error) {
	name, known, err := c.names.read(site)
	if err != nil {
		c.outcomes.WithLabelValues(outcomeInvalid).Inc()
		return check, false, faultline.InvalidError{{Pointer: "/site", Detail: err.Error()}}
	}
	if known {
		c.outcomes.WithLabelValues("known").Inc()
		return faultline.Check{Site: name}, true, nil
	}
	check, err = c.ask(ctx, addr, name)
	var busy faultline.BusyError
	switch {
	case errors.As(err, &busy):
		c.outcomes.WithLabelValues(string(busy.Limit)).Inc()
	case err != nil:
		c.outcomes.WithLabelValues(outcomeUnavailable).Inc()
	default:
		c.outcomes.WithLabelValues("asked").Inc()
	}
	return check, false, err
}

// ask notes a request for a check, unless this person, their prefix or everybody together
// has asked for too many.
func (c *Checks) ask(ctx context.Context, addr netip.Addr, site string) (faultline.Check, error) {
	now := c.now()
	// The limit of a person is counted in this process, and those of a prefix and of
	// everybody in Redis over all nodes: the cheap one comes first.
	who, _ := prefixesOf(addr)
	if _, wait := c.people.take(maphash.Comparable(c.seed, who), c.person, 1, now); wait > 0 {
		return faultline.Check{}, faultline.BusyError{RetryAfter: wait, Limit: faultline.LimitPerson}
	}
	pseudonym, err := c.pseudonyms.of(ctx, addr, now)
	if err != nil {
		return faultline.Check{}, fmt.Errorf("pseudonym of who asks for a check: %w", unavailable(err))
	}
	_, prefix := pseudonym.text()
	id, err := c.store.AskCheck(ctx, site, prefix, now)
	if err != nil {
		return faultline.Check{}, err
	}
	// Read back: others may have asked for the same site already, and then there are
	// results.
	return c.store.Check(ctx, id, now)
}

// Check returns a check by the id that [Checks.Ask] gave, or
// [faultline.ErrNotFound].
func (c *Checks) Check(ctx context.Context, id string) (faultline.Check, error) {
	secret, site, _ := strings.Cut(id, ".")
	// The id comes from a stranger and becomes a part of a key.
	if secret == "" || len(id) > maxCheckID || !isWord(id, maxCheckID) || site == "" {
		return faultline.Check{}, faultline.ErrNotFound
	}
	return c.store.Check(ctx, id, c.now())
}

// maxCheckID bounds the id of a check: a secret, a dot and the site.
const maxCheckID = maxHost + 32

// maxUnlisted bounds the results of one batch that may belong to checks that
// people asked for: as many checks as run at one time.
const maxUnlisted = 100

// unlistedProbes are the probes of one batch whose sites are not on the map: they
// belong to a check that somebody asked for, or are refused.
type unlistedProbes struct {
	probes []faultline.Probe
	at     []int // where each stood in the batch
}

// add keeps a result of a site that is on no list, with its place in the batch.
func (s *unlistedProbes) add(at int, p faultline.Probe) {
	s.probes, s.at = append(s.probes, p), append(s.at, at)
}

// answerChecks hands over the results of checks that people asked for, and
// returns how many belonged to one; the others are refused by name.
func (d *Door) answerChecks(ctx context.Context, s unlistedProbes) (kept int, refused []faultline.Invalid) {
	taken := make([]bool, len(s.probes))
	if d.checks != nil && len(s.probes) > 0 {
		first := s.probes[:min(len(s.probes), maxUnlisted)]
		if answered, err := d.checks.AnswerChecks(ctx, first, d.now()); err == nil {
			copy(taken, answered)
		}
	}
	for i, yes := range taken {
		if yes {
			kept++
			continue
		}
		refused = append(refused, faultline.Invalid{Pointer: fmt.Sprintf("/%d/site", s.at[i]),
			Detail: unknownSite(s.probes[i].Site)})
	}
	d.metrics.probes.WithLabelValues(outcomeChecked).Add(float64(kept))
	d.metrics.refused.WithLabelValues(refusedSite).Add(float64(len(refused)))
	return kept, refused
}

// unknownSite says why what is said of a site is refused.
func unknownSite(site string) string {
	return site + " is not on the list of sites: an operator or people of several networks add sites, and no token does"
}
