package web

import (
	"context"
	"net/netip"
	"time"

	"faultline"
)

// Source is what a node knows of the world. It answers from memory but for old
// incidents and revisions, and is safe for concurrent use. What it returns is
// not written to.
type Source interface {
	// Incidents returns the open incidents and the newest of the others at their
	// last revisions, newest onset first. Their sites may be the first
	// [faultline.ListedSites] only. It fails with [faultline.ErrUnavailable] as
	// long as nothing was read.
	Incidents() ([]faultline.Incident, error)
	// Incident returns one revision with all its sites; 0 is the last. It fails
	// with [faultline.ErrNotFound] or [faultline.ErrUnavailable].
	Incident(ctx context.Context, id string, revision int) (faultline.Incident, error)
	// Revisions returns the revisions of an incident after the given one, in
	// order and without a gap, at most limit; their sites may be left out. What
	// it has read when it fails it returns with the error.
	Revisions(ctx context.Context, id string, after, limit int) ([]faultline.Incident, error)
	// View returns the newest view, or the zero one before the first.
	View() faultline.View
	// Coverage is what can be said at all just now. Every page asks it before it says
	// that something works.
	Coverage() faultline.Coverage
}

// Door is where the report form hands on what people say. Package ingest has it.
type Door interface {
	// Report returns once the report is in the log, or was found not to count.
	// It fails with [faultline.InvalidError] or [faultline.ErrUnavailable].
	Report(ctx context.Context, addr netip.Addr, site, symptom string) (faultline.Receipt, error)
}

// Keys has the secret that form tokens of a day (2006-01-02, UTC) are signed
// with: at least 32 bytes, the same on every node behind one address, kept for at
// least an hour into the next day. Package store has it.
type Keys interface {
	DailyKey(ctx context.Context, day string) ([]byte, error)
}

// Series has what the charts of the past are drawn from. Package store has it.
type Series interface {
	// Series returns how a site, or a component as kind:name, did from one time to
	// another in steps of 60, 300 or 3,600 s, whole and without gaps. It fails with
	// [faultline.ErrNotFound] where nothing is known and with
	// [faultline.ErrUnavailable]; then no chart is drawn.
	Series(ctx context.Context, of string, stepS int, from, until time.Time) (faultline.Series, error)
}

// Verdicts answer "is it me?". They are asked on each request for a site's page
// and answer from memory.
type Verdicts interface {
	// Verdict judges a site for a viewer's network, 0 if unknown. It fails with
	// [faultline.ErrUnavailable]; then the page leaves the answer out.
	Verdict(record faultline.SiteRecord, asn uint32) (faultline.Verdict, error)
}

// Networks says in which network and country an address is; 0 and empty where
// that is not known.
type Networks interface {
	Label(addr netip.Addr) (asn uint32, country string)
}
