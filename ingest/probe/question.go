package probe

import (
	"bytes"
	"errors"
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

// questions holds questions between uses: a check asks two or three.
var questions = sync.Pool{New: func() any { return &question{done: make(chan struct{}, 1)} }}

// newQuestion prepares a question for a host; nil for one that cannot be written in a
// question.
func newQuestion(host string, typ dnsmessage.Type) *question {
	q := questions.Get().(*question)
	q.host, q.typ, q.chain = host, typ, nil
	if !q.pack() {
		questions.Put(q)
		return nil
	}
	return q
}

// question is one question on its way, and its answer.
type question struct {
	host  string
	typ   dnsmessage.Type
	wire  []byte // header, question and, with EDNS, the OPT record
	asks  int    // the bytes of wire up to the end of the question
	id    uint16
	sock  *socket
	done  chan struct{} // gets one token when the answer is there
	waits bool          // of whoever asked: no token has been taken yet
	reply reply
	chain []string // of the last answer that had one
	mixed bool     // the case of its letters was drawn and must come back
	buf   [512]byte
}

// reply is what an answer says: what was asked for, or why not.
type reply struct {
	err       error
	truncated bool
	chain     []string
	addrs     []netip.Addr
	names     []string // of NS
	service   *Service
}

// free gives the question back. Slices that its answer handed out are dropped and not reused: the
// caller keeps them.
func (q *question) free() {
	q.reply, q.sock, q.host, q.chain = reply{}, nil, "", nil
	questions.Put(q)
}

// found reports whether the answer has what was asked for: an address, a name server or
// a service.
func (q *question) found() bool {
	r := &q.reply
	return r.err == nil && len(r.addrs)+len(r.names) > 0 || r.err == nil && r.service != nil
}

// prepare makes the question ready to be sent in a manner, the first time or again.
func (q *question) prepare(how manner) {
	q.reply, q.sock, q.waits = reply{}, nil, false
	additional, flags := byte(0), byte(0)
	q.wire = q.buf[:q.asks]
	if how.edns {
		q.wire, additional = append(q.wire, opt...), 1
	}
	if how.cd {
		// CD, checking disabled (RFC 4035 section 3.2.2).
		flags = 0x10
	}
	q.wire[3], q.wire[11] = flags, additional
}

// opt is one OPT record (RFC 6891).
var opt = []byte{0, 0, byte(dnsmessage.TypeOPT), ednsSize >> 8, ednsSize & 0xff, 0, 0, 0, 0, 0, 0}

// pack writes the message without OPT record (RFC 1035 section 4.1).
func (q *question) pack() bool {
	b := append(q.buf[:0], 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0) // recursion desired; one question
	for rest := q.host; rest != ""; {
		label := rest
		if dot := strings.IndexByte(rest, 0x2e); dot >= 0 {
			label, rest = rest[:dot], rest[dot+1:]
		} else {
			rest = ""
		}
		// A label has 1 to 63 bytes and a name 255 at most, with lengths and root (RFC 1035 section
		// 2.3.4).
		if len(label) == 0 || len(label) > 63 {
			return false
		}
		b = append(append(b, byte(len(label))), label...)
	}
	if len(b) > questionAt+254 || len(b) == questionAt {
		return false
	}
	b = append(b, 0, byte(q.typ>>8), byte(q.typ), 0, byte(dnsmessage.ClassINET))
	q.wire, q.asks = b, len(b)
	return true
}

// draw gives the message an id and, where mix is set, letters in random case. A forged
// answer would have to guess both (draft-vixie-dnsext-dns0x20).
func (q *question) draw(mix bool) {
	q.id, q.mixed = uint16(rand.Uint32()), mix
	q.wire[0], q.wire[1] = byte(q.id>>8), byte(q.id)
	name := q.wire[questionAt : q.asks-4]
	// One random word serves 64 letters.
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

// read takes an answer in. It returns false if the message is none to this question:
// another question in it, or the letters in another case. Such a message is ignored and
// the wait goes on, since it may be a forgery.
func (q *question) read(msg []byte) bool {
	asked := q.wire[questionAt:q.asks]
	// The answer must be a response (QR) with exactly one question.
	if len(msg) < questionAt+len(asked) || msg[2]&0x80 == 0 || msg[4] != 0 || msg[5] != 1 {
		return false
	}
	echo := msg[questionAt : questionAt+len(asked)]
	// A server that does not keep the case gets its answer ignored here, and is asked again in
	// lower case.
	if q.mixed && !bytes.Equal(echo, asked) || !bytes.EqualFold(echo, asked) {
		return false
	}
	q.reply = reply{truncated: msg[2]&0x02 != 0}
	q.reply.err = q.parse(msg)
	if len(q.reply.chain) > 0 {
		q.chain = q.reply.chain
	}
	return true
}

// parse reads the answer section. A message that cannot be read is "malformed", which
// is a fault of the server and asked again.
func (q *question) parse(msg []byte) error {
	var p dnsmessage.Parser
	h, err := p.Start(msg)
	if err != nil {
		return &DNSError{dnsMalformed, q.host}
	}
	if p.SkipAllQuestions() != nil {
		return &DNSError{dnsMalformed, q.host}
	}
	for {
		rh, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil || !q.take(&p, rh) {
			return &DNSError{dnsMalformed, q.host}
		}
	}
	return q.verdict(h.RCode)
}

// verdict is what the answer's code makes of it. An alias that leads nowhere is
// kept all the same: it says whose the fault is.
func (q *question) verdict(code dnsmessage.RCode) error {
	kind := dnsMalformed
	switch code {
	case dnsmessage.RCodeSuccess:
		// A and AAAA are asked together, and one of them may well be empty: only both empty mean
		// that there is no data. NS and HTTPS are asked alone.
		single := q.typ == dnsmessage.TypeNS || q.typ == dnsmessage.TypeHTTPS
		if !single || q.found() || q.reply.truncated {
			return nil
		}
		kind = dnsNoData
	case dnsmessage.RCodeNameError:
		kind = dnsNXDomain
	case dnsmessage.RCodeServerFailure:
		kind = dnsServFail
	case dnsmessage.RCodeRefused:
		kind = dnsRefused
	}
	return &DNSError{kind, q.host}
}

// take reads one record; false: it can't be read.
// Records beyond the bounds are skipped and not an error: a name with a hundred addresses is odd,
// not broken. An alias counts whatever was asked for.
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
	case h.Type == dnsmessage.TypeHTTPS && q.typ == h.Type && r.service == nil:
		s, err := p.HTTPSResource()
		if err == nil {
			r.service = readService(&s)
		}
		return err == nil
	}
	return p.SkipAnswer() == nil
}

// maxALPN bounds the protocols that are kept of an HTTPS record.
const maxALPN = 8

// readService keeps of an HTTPS record what says how the site is served: target, protocols, and
// whether HTTP/1.1 is left out (RFC 9460 section 7.1).
func readService(s *dnsmessage.HTTPSResource) *Service {
	out := &Service{Target: trimDot(s.Target.String())}
	_, out.NoDefault = s.GetParam(dnsmessage.SVCParamNoDefaultALPN)
	list, _ := s.GetParam(dnsmessage.SVCParamALPN)
	for len(list) > 0 && len(out.ALPN) < maxALPN {
		n := int(list[0])
		if 1+n > len(list) {
			break
		}
		out.ALPN, list = append(out.ALPN, string(list[1:1+n])), list[1+n:]
	}
	return out
}
