package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"faultline"
)

// Step is one step of the walk that a check is.
type Step int

// The steps, in the order that they are taken. A step that fails proves that
// those before it work.
const (
	StepResolve Step = iota // the name to addresses
	StepConnect             // to one of them
	StepSecure              // by TLS
	StepAsk                 // for the page
	StepFollow              // where the answer leads
)

// stepWords are the names of the steps; those of the first four are the details
// of a probe with symptom timeout, too.
var stepWords = [...]string{StepResolve: faultline.DetailTimeoutDNS, StepConnect: faultline.DetailTimeoutConnect,
	StepSecure: faultline.DetailTimeoutTLS, StepAsk: faultline.DetailTimeoutHTTP, StepFollow: "follow"}

// String is the word of a step in probes and in docs/probing.md.
func (s Step) String() string { return stepWords[s] }

// Verdict is what a check says of a site. It is made for the table in docs/probing.md;
// a probe carries symptom and detail.
type Verdict int

// The verdicts.
const (
	Works      Verdict = iota
	Fails              // at a step
	NoEvidence         // the check could not be made as a browser makes it
)

// Details of connections and answers.
const (
	connectRefused     = "refused"
	connectReset       = faultline.DetailReset
	connectUnreachable = "unreachable"

	detailChallenge  = "challenge"
	detailOrigin     = "origin"
	detailEdge       = "edge"
	detailShort      = "short"
	detailGarbage    = "garbage"
	detailFlood      = "flood"
	detailAmbiguous  = "ambiguous"
	detailEncoding   = "encoding"
	detailLoop       = "loop"
	detailLocation   = "location"
	detailGuard      = "guard"
	detailNoIPv6     = "no_ipv6"
	detailNoIPv4     = "no_ipv4"
	detailClientCert = "client_certificate"
	detailRedirects  = "redirects"
	detailCookies    = "cookies"
	detailElsewhere  = "elsewhere"
	detailExpiring   = "expiring"
)

// Outcome is one row of the table of what a check can come to (tables.go). Tests hold
// each row against the checks, so that the documented table is true.
type Outcome struct {
	Verdict Verdict
	Step    Step // that was taken last
	Symptom string
	Detail  string
	Means   string
}

// stepError is a walk that ended before there was an answer, with the step that failed.
type stepError struct {
	step Step
	err  error
}

func (e *stepError) Error() string { return e.step.String() + ": " + e.err.Error() }
func (e *stepError) Unwrap() error { return e.err }

// unknownError is a walk that could not be made as a browser makes it. It is evidence
// of nothing, so the probe is "blocked" and not a failure.
type unknownError struct{ detail string }

func (e *unknownError) Error() string { return "no evidence: " + e.detail }

// followError is a redirect that leads to no page in any browser.
type followError struct{ detail string }

func (e *followError) Error() string { return "redirect: " + e.detail }

// judgeError makes symptom and detail of a check that got no answer. An error of
// another kind would be a fault of this package, and is "other".
func judgeError(err error) (faultline.Symptom, string) {
	var (
		guarded *guardedError
		unknown *unknownError
		follow  *followError
		dns     *DNSError
		broken  *stepError
	)
	switch {
	case errors.As(err, &guarded):
		return faultline.SymptomBlocked, detailGuard
	case errors.As(err, &unknown):
		return faultline.SymptomBlocked, unknown.detail
	case errors.As(err, &follow):
		return faultline.SymptomContent, follow.detail
	case errors.As(err, &dns):
		return faultline.SymptomDNS, dns.Kind
	case errors.As(err, &broken):
		return judgeStep(broken)
	}
	return faultline.SymptomOther, ""
}

// judgeStep makes symptom and detail of a step that failed. A timeout is reported with the step,
// because the same limit means another fault in each.
func judgeStep(e *stepError) (faultline.Symptom, string) {
	if isTimeout(e.err) {
		return faultline.SymptomTimeout, e.step.String()
	}
	word := errorWord(e.err)
	switch {
	case e.step == StepSecure && word == connectReset && !errors.Is(e.err, syscall.ECONNRESET):
		return faultline.SymptomTLS, tlsHandshake // hung up on in the middle of a handshake
	case word != "":
		return faultline.SymptomConnect, word
	case e.step == StepConnect:
		return faultline.SymptomConnect, ""
	case e.step == StepSecure:
		return faultline.SymptomTLS, tlsDetail(e.err)
	case errors.Is(e.err, errFlood):
		return faultline.SymptomContent, detailFlood
	case errors.Is(e.err, errAmbiguous):
		return faultline.SymptomContent, detailAmbiguous
	}
	return faultline.SymptomContent, detailGarbage
}

// isTimeout reports whether time ran out, by whichever of the three ways Go says it.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled)
}

// errorWord says in a word how a connection was lost; empty when the error is of
// another kind. An end of input in the middle of an exchange counts as a reset: the
// other side hung up.
func errorWord(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return connectRefused
	case errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE),
		errors.Is(err, io.EOF),
		errors.Is(err, io.ErrUnexpectedEOF):
		return connectReset
	case errors.Is(err, syscall.EHOSTUNREACH),
		errors.Is(err, syscall.ENETUNREACH),
		errors.Is(err, syscall.EADDRNOTAVAIL):
		return connectUnreachable
	}
	return ""
}
