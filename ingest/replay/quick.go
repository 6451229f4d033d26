package replay

import (
	"math"
	"time"

	"faultline"
)

// quick reads the lines that make up nearly all of a file: one flat object of the
// commonest types, its strings plain ASCII without escapes, its numbers small and
// whole. It never says that a line is malformed: whatever it does not recognise it
// leaves to the full decoder, and what it does read it reads as that would (a fuzz test
// compares them).
type quick struct {
	text []byte // the line
	pos  int    // of the next byte

	seen  uint32 // one bit for each member read
	typ   []byte
	at    time.Time
	str   [nStrings][]byte
	num   [nNumbers]int64
	lists [nLists][]faultline.Component // reused from line to line

	minute     []byte // the last "2006-01-02T15:04:" read …
	minuteUnix int64  // … and its Unix time in seconds
}

// The members that quick knows, by kind of value. A member's number is also its
// bit in seen.
const (
	fSite = iota
	fSymptom
	fReporter
	fCountry
	fNet
	fVantage
	fDetail
	nStrings
)

const (
	fASN = iota
	fRank
	fStatus
	fLatency
	nNumbers
)

const (
	fVia = iota
	fComponents
	nLists
)

const (
	bitNumbers = nStrings
	bitLists   = bitNumbers + nNumbers
	bitType    = bitLists + nLists
	bitAt      = bitType + 1
)

// parse fills p with the line and reports whether it could.
func (q *quick) parse(line []byte, w words, p *parsed) bool {
	q.text, q.pos, q.seen = line, 0, 0
	q.at, q.str, q.num = time.Time{}, [nStrings][]byte{}, [nNumbers]int64{}
	ok := q.object(w) && q.build(w, p)
	q.text, q.typ, q.str = nil, nil, [nStrings][]byte{} // the line is not ours to keep
	return ok
}

// object reads a whole line, and reports false for anything that it does not know. The line
// is then read by the ordinary decoder of JSON, which is slower and says what is wrong.
func (q *quick) object(w words) bool {
	if !q.skip('{') {
		return false
	}
	for {
		name, ok := q.string()
		if !ok || !q.skip(':') || !q.member(name, w) {
			return false
		}
		if q.skip(',') {
			continue
		}
		return q.skip('}') && q.end()
	}
}

// member reads the value of one member. A name that is not known, or occurs
// twice, is for the full decoder.
func (q *quick) member(name []byte, w words) bool {
	switch string(name) {
	case "type":
		return q.first(bitType) && q.plain(&q.typ)
	case "at":
		return q.first(bitAt) && q.time()
	case "site":
		return q.first(fSite) && q.plain(&q.str[fSite])
	case "symptom":
		return q.first(fSymptom) && q.plain(&q.str[fSymptom])
	case "reporter":
		return q.first(fReporter) && q.plain(&q.str[fReporter])
	case "country":
		return q.first(fCountry) && q.plain(&q.str[fCountry])
	case "net":
		return q.first(fNet) && q.plain(&q.str[fNet])
	case "vantage":
		return q.first(fVantage) && q.plain(&q.str[fVantage])
	case "detail":
		return q.first(fDetail) && q.plain(&q.str[fDetail])
	case "asn":
		return q.first(bitNumbers+fASN) && q.number(&q.num[fASN])
	case "rank":
		return q.first(bitNumbers+fRank) && q.number(&q.num[fRank])
	case "status":
		return q.first(bitNumbers+fStatus) && q.number(&q.num[fStatus])
	case "latency_ms":
		return q.first(bitNumbers+fLatency) && q.number(&q.num[fLatency])
	case "via":
		return q.first(bitLists+fVia) && q.list(&q.lists[fVia], w)
	case "components":
		return q.first(bitLists+fComponents) && q.list(&q.lists[fComponents], w)
	}
	return false
}

// first reports whether a member is met for the first time. A second one is left to the
// ordinary decoder. Of two members of one name readers of JSON take the first or the
// last; a line that means two things is refused there.
func (q *quick) first(bit int) bool {
	was := q.seen
	q.seen |= 1 << bit
	return was != q.seen
}

// build makes the event. Types that quick does not know, and an ASN that does not fit,
// are for the full decoder. Text that each line has anew, such as a reporter, is
// copied. What recurs comes from the table of words.
func (q *quick) build(w words, p *parsed) bool {
	if q.num[fASN] > math.MaxUint32 {
		return false
	}
	switch string(q.typ) {
	case faultline.TypeProbe:
		p.typ = faultline.TypeProbe
		p.probe = faultline.Probe{
			At: q.at, Site: string(q.str[fSite]), Vantage: w.get(q.str[fVantage]),
			Symptom: faultline.Symptom(w.get(q.str[fSymptom])),
			Status:  int(q.num[fStatus]), LatencyMS: int(q.num[fLatency]),
			Detail: w.get(q.str[fDetail]), Via: q.components(fVia),
		}
	case faultline.TypeReport:
		p.typ = faultline.TypeReport
		p.report = faultline.Report{
			At: q.at, Site: string(q.str[fSite]), Symptom: faultline.Symptom(w.get(q.str[fSymptom])),
			Reporter: string(q.str[fReporter]), ASN: uint32(q.num[fASN]),
			Country: w.get(q.str[fCountry]), Net: w.get(q.str[fNet]),
		}
	case faultline.TypeTick:
		p.typ = faultline.TypeTick
		p.tick = faultline.Tick{At: q.at}
	case faultline.TypeSite:
		p.typ = faultline.TypeSite
		p.site = faultline.SiteRecord{
			At: q.at, Site: string(q.str[fSite]), Rank: int(q.num[fRank]), Components: q.components(fComponents),
		}
	case faultline.TypeVantage:
		p.typ = faultline.TypeVantage
		p.vantage = faultline.Vantage{
			Vantage: w.get(q.str[fVantage]), ASN: uint32(q.num[fASN]), Country: w.get(q.str[fCountry]),
		}
	default:
		return false
	}
	return true
}

// components copies a list, which the next line overwrites. A list that was not there
// stays nil, which differs from an empty one.
func (q *quick) components(list int) []faultline.Component {
	if q.seen&(1<<(bitLists+list)) == 0 {
		return nil
	}
	return append(make([]faultline.Component, 0, len(q.lists[list])), q.lists[list]...)
}
