package probe

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// ednsStrikes is after how many answers that came without EDNS and not with it a
	// server is asked without, and ednsRest for how many questions.
	ednsStrikes = 2
	ednsRest    = 1_000
)

// server is one recursive resolver, with the socket that questions go over now. strikes
// and rest are about EDNS, see learn.
type server struct {
	addr netip.AddrPort
	mu   sync.Mutex
	now  *socket

	strikes, rest atomic.Int32
}

// avoidsEDNS reports whether this server is asked without EDNS just now.
func (s *server) avoidsEDNS() bool {
	return s.rest.Load() > 0 && s.rest.Add(-1) > 0
}

// learn takes in that an answer came in that manner, after an error if there was one
// before. Only an error that EDNS can cause counts: silence, or an answer that cannot
// be read.
func (s *server) learn(how manner, before error) {
	var dns *DNSError
	switch {
	case how.edns:
		s.strikes.Store(0)
	case how.tcp, !errors.As(before, &dns), dns.Kind != dnsTimeout && dns.Kind != dnsMalformed:
	case s.strikes.Add(1) >= ednsStrikes:
		s.rest.Store(ednsRest)
	}
}

// suspectSignatures asks those who answer SERVFAIL not to check signatures: if
// there is an answer then, it is the signatures that are wrong. The addresses
// are not used: whoever validates does not get them either.
func (s *server) suspectSignatures(ctx context.Context, sixWorks bool, why error, qs []*question) error {
	if s.ask(ctx, manner{edns: true, cd: true}, resolveWait, sixWorks, qs) != nil {
		return why
	}
	return &DNSError{dnsBogus, qs[0].host}
}

// ask asks all the questions at once and waits for the answers: once one has
// what it asks for, the others have a moment. It returns nil if any has.
func (s *server) ask(ctx context.Context, how manner, wait time.Duration, sixWorks bool, qs []*question) error {
	if how.tcp {
		return s.askTCP(ctx, wait, qs)
	}
	for _, q := range qs {
		q.prepare(how)
		if err := s.send(q, how.mix); err != nil {
			q.reply.err, q.waits = err, false
		}
	}
	s.await(ctx, wait, sixWorks, qs)
	for _, q := range qs {
		if q.reply.truncated {
			s.overTCP(ctx, q, wait)
		}
	}
	return outcomeOfQuestions(qs)
}

// await waits until every question is answered, or one and its moment is over.
func (s *server) await(ctx context.Context, wait time.Duration, sixWorks bool, qs []*question) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	first, second := qs[0], qs[len(qs)-1] // the same where there is but one
	for first.waits || second.waits {
		select {
		case <-first.done:
			first.waits = false
			if first == second {
				return
			}
			if first.found() {
				timer.Reset(resolutionDelay)
			}
		case <-second.done:
			second.waits = false
			// IPv6 alone is of use only where it works from here.
			if second != first && second.found() && sixWorks {
				timer.Reset(resolutionDelay)
			}
		case <-timer.C:
			giveUp(qs, nil)
			return
		case <-ctx.Done():
			giveUp(qs, ctx.Err())
			return
		}
	}
}

// giveUp forgets what has no answer yet.
func giveUp(qs []*question, err error) {
	for _, q := range qs {
		if !q.waits {
			continue
		}
		if q.waits = false; !q.sock.forget(q) {
			<-q.done // it has just arrived
			continue
		}
		if q.reply.err = err; err == nil {
			q.reply.err = &DNSError{dnsTimeout, q.host}
		}
	}
}

// outcomeOfQuestions is nil if one of them has what it asks for, else the error
// that says most. Half an answer is no evidence that there is no address.
func outcomeOfQuestions(qs []*question) error {
	var why error
	negative := 0
	for _, q := range qs {
		if q.found() {
			return nil
		}
		err := q.reply.err
		if err == nil {
			err = &DNSError{dnsNoData, q.host}
		}
		var dns *DNSError
		if errors.As(err, &dns) && dns.Kind == dnsNoData {
			negative++
		}
		why = worse(why, err)
	}
	if negative > 0 && negative < len(qs) {
		return undecided(why, qs)
	}
	return why
}

// undecided is the error of the question that has no answer, where another says
// that there is nothing of its kind.
func undecided(why error, qs []*question) error {
	var dns *DNSError
	if errors.As(why, &dns) && dns.Kind == dnsNXDomain {
		return why
	}
	for _, q := range qs {
		if q.reply.err != nil && (!errors.As(q.reply.err, &dns) || dns.Kind != dnsNoData) {
			return q.reply.err
		}
	}
	return why
}

// send puts a question on its way.
func (s *server) send(q *question, mix bool) error {
	sock, err := s.socket()
	if err != nil {
		return &DNSError{dnsTimeout, q.host}
	}
	return sock.send(q, mix)
}
