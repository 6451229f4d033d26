package probe

import (
	"net/http"
	"net/netip"
	"time"

	"faultline"
)

// Observation is what one check saw on the wire, for whoever knows what it says
// of the infrastructure behind a site.
type Observation struct {
	Site string
	At   time.Time // when the check began, UTC
	// Host is the name that was asked last, after redirects; it may be the site's
	// www. host or another one altogether.
	Host string
	// Chain is the names that Host stands for, in order (CNAME), without a dot at
	// the end; empty when Host has addresses itself.
	Chain []string
	Addrs []netip.Addr // of Host, all that the answer held
	Addr  netip.Addr   // the one that was connected to; invalid if none was
	// Status and Header are of the last answer; Header holds none but those that
	// tell of infrastructure (see [Grounds]). Status 0: there was no answer.
	Status int
	Header http.Header
	// Issuer is the organisation that signed the certificate, else its common
	// name; empty without TLS.
	Issuer string
	// CertificateEnds is when the certificate does; zero without TLS.
	CertificateEnds time.Time
	// Service is what the host's HTTPS record says (RFC 9460), where one was asked
	// for and there is one.
	Service *Service
}

// Service is an HTTPS record.
type Service struct {
	// Target is the name that serves the host, without a dot at the end; empty for
	// the host itself.
	Target string
	ALPN   []string // protocols that it says it speaks
	// NoDefault: it does not speak HTTP/1.1.
	NoDefault bool
}

// Grounds says what an observation shows that a site depends on. Package infra
// has it. It is called by many goroutines at once and must not wait.
type Grounds interface {
	// Headers names those of an answer that an observation is to carry, in
	// canonical form.
	Headers() []string
	Via(o *Observation) []faultline.Component
}

// Phases is how long each layer took; 0 for one that was not reached or needed.
type Phases struct {
	DNS, Connect, TLS time.Duration
	FirstByte         time.Duration // from the request sent to the answer's first byte
	Total             time.Duration
}

// Task is one check that is due.
type Task struct {
	Site string
	// Entry is the URL that an earlier look ended at and ETag what it was told
	// there; empty: begin at the site itself.
	Entry, ETag string
	// IPv6 is tried before IPv4.
	IPv6 bool
	// IPv6Works: it is known to work from here, so that a site which can't be reached
	// over it is not.
	IPv6Works bool
	// HTTP2 is offered from the start: the site answered to nothing else before.
	HTTP2 bool
	// Hybrid offers the post-quantum key share that browsers do, which costs more
	// than all the rest of a check.
	Hybrid bool
	// Consent first asks the site whether it wants to be probed.
	Consent bool
	Due     time.Time // when it should begin
	// Repeat is the second look at a failure.
	Repeat bool
	// Neighbour is a check besides the schedule, because a site that shares a
	// component with this one has failed.
	Neighbour bool
}

// Result is what came of a task. Its probe lacks the vantage.
type Result struct {
	Probe       faultline.Probe
	Observation Observation
	Phases      Phases
	Entry, ETag string // for the next task, when it was well
	HTTP2       bool   // for the next task
	// Declined: the site's robots.txt names us and does not want to be probed;
	// there is no probe then.
	Declined bool
}

// Failed reports whether the probe is evidence of a failure.
func (r *Result) Failed() bool {
	return !r.Declined && r.Probe.Symptom != faultline.SymptomOK && r.Probe.Symptom != faultline.SymptomBlocked
}
