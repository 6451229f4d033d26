package probe

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// ednsSize is the answer over UDP that arrives unfragmented everywhere (DNS flag
// day 2020).
const ednsSize = 1232

// questionAt is where the question begins in a message.
const questionAt = 12

var questions = sync.Pool{New: func() any { return &question{done: make(chan struct{}, 1)} }}

// newQuestion returns nil for a host that can't be written in a question.
func newQuestion(host string, typ dnsmessage.Type) *question {
	q := questions.Get().(*question)
	q.host, q.typ = host, typ
	if !q.pack() {
		questions.Put(q)
		return nil
	}
	return q
}

func (q *question) free() {
	q.reply, q.sock, q.host = reply{}, nil, ""
	questions.Put(q)
}

// again makes the question ready to be sent once more.
func (q *question) again() { q.reply, q.sock = reply{}, nil }

// pack writes the message: RFC 1035 section 4.1, and one OPT record (RFC 6891).
func (q *question) pack() bool {
	b := append(q.buf[:0], 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1) // recursion desired; one question, one additional
	for rest := q.host; rest != ""; {
		label := rest
		if dot := strings.IndexByte(rest, 0x2e); dot >= 0 {
			label, rest = rest[:dot], rest[dot+1:]
		} else {
			rest = ""
		}
		if len(label) == 0 || len(label) > 63 {
			return false
		}
		b = append(append(b, byte(len(label))), label...)
	}
	if len(b) > questionAt+254 || len(b) == questionAt {
		return false
	}
	b = append(b, 0, byte(q.typ>>8), byte(q.typ), 0, byte(dnsmessage.ClassINET))
	b = append(b, 0, 0, byte(dnsmessage.TypeOPT), ednsSize>>8, ednsSize&0xff, 0, 0, 0, 0, 0, 0)
	q.wire = b
	return true
}

// optLen is how long the OPT record is that follows the question.
const optLen = 11

// draw gives the message an id and, where it may, letters in random case that a
// forged answer would have to guess (draft-vixie-dnsext-dns0x20).
func (q *question) draw(mix bool) {
	q.id, q.mixed = uint16(rand.Uint32()), mix
	q.wire[0], q.wire[1] = byte(q.id>>8), byte(q.id)
	name := q.wire[questionAt : len(q.wire)-optLen-4]
	coins, left := uint64(0), 0
	for i, c := range name {
		if letter := c | 0x20; letter < 'a' || letter > 'z' {
			continue
		}
		if left == 0 {
			coins, left = rand.Uint64(), 64
		}
		name[i] = c | 0x20
		if mix && coins&1 == 1 {
			name[i] = c &^ 0x20
		}
		coins, left = coins>>1, left-1
	}
}

// read takes an answer in; false: it is none to this question.
func (q *question) read(msg []byte) bool {
	asked := q.wire[questionAt : len(q.wire)-optLen]
	if len(msg) < questionAt+len(asked) || msg[2]&0x80 == 0 || msg[4] != 0 || msg[5] != 1 {
		return false
	}
	echo := msg[questionAt : questionAt+len(asked)]
	if q.mixed && !bytes.Equal(echo, asked) || !bytes.EqualFold(echo, asked) {
		return false
	}
	q.reply = reply{truncated: msg[2]&0x02 != 0}
	q.reply.err = q.parse(msg)
	return true
}

// parse reads the answer section.
func (q *question) parse(msg []byte) error {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil {
		return &DNSError{dnsMalformed, q.host}
	}
	switch h.RCode {
	case dnsmessage.RCodeSuccess, dnsmessage.RCodeNameError:
	case dnsmessage.RCodeServerFailure:
		return &DNSError{dnsServFail, q.host}
	case dnsmessage.RCodeRefused:
		return &DNSError{dnsRefused, q.host}
	default:
		return &DNSError{dnsMalformed, q.host}
	}
	if p.SkipAllQuestions() != nil {
		return &DNSError{dnsMalformed, q.host}
	}
	for {
		rh, err := p.AnswerHeader()
		if err == dnsmessage.ErrSectionDone {
			break
		}
		if err != nil || !q.take(&p, rh) {
			return &DNSError{dnsMalformed, q.host}
		}
	}
	switch {
	case h.RCode == dnsmessage.RCodeNameError:
		return &DNSError{dnsNXDomain, q.host}
	case q.typ == dnsmessage.TypeNS && len(q.reply.names) == 0 && !q.reply.truncated:
		return &DNSError{dnsNoData, q.host}
	}
	return nil
}

// take reads one record; false: it can't be read.
func (q *question) take(p *dnsmessage.Parser, h dnsmessage.ResourceHeader) bool {
	r := &q.reply
	switch {
	case h.Type == dnsmessage.TypeA && q.typ == h.Type && len(r.addrs) < maxHostAddrs:
		a, err := p.AResource()
		r.addrs = append(r.addrs, netip.AddrFrom4(a.A))
		return err == nil
	case h.Type == dnsmessage.TypeAAAA && q.typ == h.Type && len(r.addrs) < maxHostAddrs:
		a, err := p.AAAAResource()
		r.addrs = append(r.addrs, netip.AddrFrom16(a.AAAA))
		return err == nil
	case h.Type == dnsmessage.TypeCNAME && len(r.chain) < maxChain:
		c, err := p.CNAMEResource()
		if err == nil {
			r.chain = append(r.chain, trimDot(c.CNAME.String()))
		}
		return err == nil
	case h.Type == dnsmessage.TypeNS && q.typ == h.Type && len(r.names) < maxHostAddrs:
		n, err := p.NSResource()
		if err == nil {
			r.names = append(r.names, trimDot(n.NS.String()))
		}
		return err == nil
	}
	return p.SkipAnswer() == nil
}
