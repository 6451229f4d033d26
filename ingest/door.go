package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faultline"
	"faultline/trace"
)

// maxSymptom bounds a symptom in bytes; unknown ones are read as other.
const maxSymptom = 64

// Labels says where an address sits: its autonomous system, 0 if unknown, and its
// country (ISO 3166-1 alpha-2), empty if unknown. It is asked on every report.
type Labels interface {
	Label(addr netip.Addr) (asn uint32, country string)
}

// DoorConfig says what a door depends on. Labels, Hosting, Newcomers and Registerer
// may be left out.
type DoorConfig struct {
	Log    Log
	Keys   DailyKeys
	Names  *Names
	Labels Labels // nil: nothing is known of addresses
	// Hosting are the networks whose reports weigh nothing.
	Hosting Hosting
	// Newcomers are names on their way to become sites; nil: none ever does.
	Newcomers *Newcomers
	// Checks takes the results of checks that people asked for; nil: there are none.
	Checks CheckStore
	// Recognises reports whether a component that a vantage names for a site is one
	// that can be there; nil: every one is taken.
	Recognises func(site string, via []faultline.Component, c faultline.Component) bool
	// Certificates keeps which certificates end soon, and Noted says which are noted; nil:
	// nobody does.
	Certificates CertificateStore
	Noted        func(site string) (faultline.Certificate, bool)
	// Durable is told to everyone who reports: false when nothing outlives the
	// process.
	Durable bool
	// Patience is how long one append to the log may take, by how far the log is; nil:
	// it is near.
	Patience func() time.Duration
	// Headroom says why the log should be given nothing more just now, because it is almost
	// full, say; nil, or no error: it may.
	Headroom func() error
	Now      func() time.Time
	// Writer tells this door's batches from those of every other door, of this
	// node's earlier lives too: pick it at random.
	Writer     uint64
	Tracer     *trace.Tracer         // nil: nothing is traced
	Registerer prometheus.Registerer // nil: not exported
}

// Door takes what people and agents say, makes events of it and answers once
// they are in the log. It is safe for concurrent use; its goroutines are those of
// [Door.Run]. An address that is given to it is neither kept nor logged.
type Door struct {
	names      *Names
	labels     Labels
	hosting    Hosting
	newcomers  *Newcomers
	alerts     *alerts
	checks     CheckStore
	ends       *certificates
	recognises func(string, []faultline.Component, faultline.Component) bool
	lines      *gcraTable // by vantage
	seed       maphash.Seed
	durable    bool
	now        func() time.Time
	pseudonyms pseudonyms
	recent     *recent
	commit     *committer
	audience   *audience
	log        Log
	writer     uint64
	metrics    *metrics

	mu       sync.Mutex
	vantages map[string]faultline.Vantage // as they stand in the log
}

// NewDoor returns a door that takes reports and probes at once and answers them
// while [Door.Run] runs.
func NewDoor(cfg DoorConfig) *Door {
	m := newMetrics(cfg.Registerer)
	d := &Door{
		names:      cfg.Names,
		labels:     cfg.Labels,
		hosting:    cfg.Hosting,
		newcomers:  cfg.Newcomers,
		alerts:     newAlerts(cfg.Registerer),
		checks:     cfg.Checks,
		ends:       newCertificates(cfg.Certificates, cfg.Noted),
		recognises: cfg.Recognises,
		lines:      newGCRA(lineKeyBits),
		seed:       maphash.MakeSeed(),
		durable:    cfg.Durable,
		now:        cfg.Now,
		pseudonyms: pseudonyms{keys: cfg.Keys},
		recent:     newRecent(),
		commit:     newCommitter(cfg.Log, cfg.Writer, cfg.Now, m),
		audience:   newAudience(cfg, m),
		log:        cfg.Log,
		writer:     cfg.Writer,
		metrics:    m,
		vantages:   make(map[string]faultline.Vantage),
	}
	d.commit.settled, d.commit.tracer = d.recent.settled, cfg.Tracer
	if cfg.Patience != nil {
		d.commit.patience = cfg.Patience
	}
	if cfg.Headroom != nil {
		d.commit.headroom = cfg.Headroom
	}
	return d
}

// Run appends what the door takes to the log. When ctx ends the door closes:
// what is queued is still appended, within seconds, and Run returns. The error
// says what could not be appended. A door opens once.
func (d *Door) Run(ctx context.Context) error {
	others, stop := context.WithCancel(ctx)
	var wait sync.WaitGroup
	if d.newcomers != nil {
		wait.Go(func() {
			d.newcomers.run(others, func(r faultline.SiteRecord) error { return d.promote(others, r) })
		})
	}
	wait.Go(func() { d.restate(others) })
	wait.Go(func() { d.sayReaders(others, d.log, d.writer) })
	err := d.commit.run(ctx)
	stop()
	wait.Wait()
	return err
}

// Report takes one person's word that a site does not work for them (or, with
// symptom ok, that it does). Site is whatever they call it, symptom may be
// empty, addr is theirs and leaves only a pseudonym behind.
//
// It returns once the report is in the log. A repeat by the same person within
// ten minutes, and a report of a name that is not known, are not logged and not
// counted. That somebody asked for the name is remembered, see [Newcomers]. Errors: [faultline.InvalidError] with the
// pointers /site and
// /symptom, or [faultline.ErrUnavailable], after which the person may try again.
func (d *Door) Report(ctx context.Context, addr netip.Addr, site, symptom string) (faultline.Receipt, error) {
	ctx, span := d.commit.tracer.Start(ctx, "take a report")
	receipt, outcome, err := d.report(ctx, span, addr, site, symptom)
	d.metrics.reports[outcome].Inc()
	span.Set("faultline.outcome", outcome)
	span.End()
	return receipt, err
}

// report takes one report: the name is normalised, the address becomes a pseudonym, and the
// report goes into the batch that is being filled. It returns once the log has it. outcome
// is what the metric counts it as.
func (d *Door) report(ctx context.Context, span *trace.Span, addr netip.Addr, site,
	symptom string) (r faultline.Receipt, outcome string, err error) {
	if !addr.IsValid() {
		return r, outcomeInvalid, errors.New("a report comes from an address")
	}
	name, known, sym, err := d.read(site, symptom)
	if err != nil {
		return r, outcomeInvalid, err
	}
	now := faultline.Millis(d.now())
	r = faultline.Receipt{Site: name, At: now, Durable: d.durable}
	report := faultline.Report{At: now, Site: name, Symptom: sym}
	if d.labels != nil {
		report.ASN, report.Country = d.labels.Label(addr)
		report.Hosting = d.hosting[report.ASN]
	}
	if !known {
		d.unknown(report, addr)
		return r, outcomeUnknown, nil
	}
	who, before, err := d.pseudonyms.around(ctx, addr, now)
	if err != nil {
		return faultline.Receipt{}, outcomeUnavailable, fmt.Errorf("pseudonym of a reporter: %w", unavailable(err))
	}
	report.Reporter, report.Net = who.text()
	b, repeat, err := d.recent.claim(reporterSite{who.reporter, name}, reporterSite{before, name}, now,
		func() (*batch, error) {
			return d.commit.addFrom(span, report)
		})
	if err == nil && b != nil {
		err = b.wait(ctx) // a repeat too: what it repeats may fail yet
	}
	if err != nil {
		return faultline.Receipt{}, outcomeUnavailable, err
	}
	if repeat {
		return r, outcomeRepeated, nil
	}
	r.Counted = true
	return r, outcomeCounted, nil
}

// unknown remembers that somebody asked for a name that is not known. Which
// prefix they are of is told by a hash of this process alone.
func (d *Door) unknown(r faultline.Report, addr netip.Addr) {
	if d.newcomers == nil {
		return
	}
	_, prefix := prefixesOf(addr)
	bringer := maphash.Comparable(d.newcomers.seed, prefix)
	if network := networkOf(r, uint32(bringer)); network != 0 {
		d.newcomers.ask(r.Site, network, bringer)
	}
}

// read validates what a person said, and names every field that is wrong.
func (d *Door) read(site, symptom string) (name string, known bool, sym faultline.Symptom, err error) {
	var wrong faultline.InvalidError
	name, known, err = d.names.read(site)
	if err != nil {
		wrong = append(wrong, faultline.Invalid{Pointer: "/site", Detail: err.Error()})
	}
	if !isWord(symptom, maxSymptom) {
		wrong = append(wrong,
			faultline.Invalid{Pointer: "/symptom", Detail: fmt.Sprintf("is not a word of at most %d characters",
				maxSymptom)})
	}
	if wrong != nil {
		return "", false, "", wrong
	}
	if symptom != "" {
		sym = faultline.ReadSymptom(symptom)
	}
	return name, known, sym, nil
}

// isWord reports whether s is at most limit bytes of printable ASCII without
// spaces. The empty string is.
func isWord(s string, limit int) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(s) <= limit
}
