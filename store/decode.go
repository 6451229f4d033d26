package store

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"math"
	"time"

	"faultline"
)

// Why an entry of the log cannot be read. The texts are values of a metric.
var (
	errVersion   = errors.New("version")
	errChecksum  = errors.New("checksum")
	errMalformed = errors.New("malformed")
)

// openBatch checks a packed batch and reads its key, so that a repeat costs no more
// than that. A batch of another version is an error: a newer release has written it.
func openBatch(packed string) (BatchKey, *unpacker, error) {
	if packed == "" || packed[0] != codecVersion && packed[0] != codecRuns {
		return BatchKey{}, nil, errVersion
	}
	if len(packed) < headBytes {
		return BatchKey{}, nil, errMalformed
	}
	body := []byte(packed[headBytes:])
	// The checksum before the contents: a damaged batch must not be read in part.
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32([]byte(packed[1:headBytes])) {
		return BatchKey{}, nil, errChecksum
	}
	u := &unpacker{b: body}
	key := BatchKey{Writer: u.fixed(), Seq: u.uint()}
	if u.bad {
		return BatchKey{}, nil, errMalformed
	}
	u.packed = packed[0] == codecRuns
	return key, u, nil
}

// unpacker reads the body of a packed batch. After the first thing that is wrong it is
// bad and returns zeros, so that its callers check once at the end and not after each
// field. The zero after a fault is safe because every length is checked against what is
// left.
type unpacker struct {
	b     []byte
	last  int64
	known []string
	bad   bool
	// packed says that what is left is compressed.
	packed bool
}

// events reads all events of the batch. Anything that is left over after the last one makes
// the whole batch malformed.
func (u *unpacker) events() ([]faultline.Event, error) {
	if u.packed {
		plain, err := inflateUpTo(u.b, maxBatchBytes)
		if err != nil {
			return nil, errMalformed
		}
		u.b, u.packed = plain, false
	}
	// Everything has at least one byte, so that a lying number cannot make us
	// reserve memory.
	n := u.uint()
	if n > uint64(len(u.b)) {
		return nil, errMalformed
	}
	events := make([]faultline.Event, 0, n)
	for range n {
		ev := u.event()
		if u.bad {
			return nil, errMalformed
		}
		events = append(events, ev)
	}
	if u.bad || len(u.b) > 0 {
		return nil, errMalformed
	}
	return events, nil
}

// take returns the next n bytes, or nil if there are not so many. Bytes are not copied;
// whoever keeps them must.
func (u *unpacker) take(n uint64) []byte {
	if u.bad || n > uint64(len(u.b)) {
		u.bad = true
		return nil
	}
	b := u.b[:n]
	u.b = u.b[n:]
	return b
}

// uint reads an unsigned number of variable length, as [binary.Uvarint] has it. A
// number that is cut off, or longer than 64 bits, makes the batch bad.
func (u *unpacker) uint() uint64 {
	v, n := binary.Uvarint(u.b)
	if n <= 0 {
		u.bad = true
		return 0
	}
	u.b = u.b[n:]
	return v
}

// signed reads a number of variable length that may be below 0, as [binary.Varint] has it.
func (u *unpacker) signed() int64 {
	v, n := binary.Varint(u.b)
	if n <= 0 {
		u.bad = true
		return 0
	}
	u.b = u.b[n:]
	return v
}

// int is signed for the fields of events, which are ints.
func (u *unpacker) int() int { return int(u.signed()) }

// uint32 is uint for numbers that must fit into 32 bits, such as those of autonomous
// systems.
func (u *unpacker) uint32() uint32 {
	v := u.uint()
	u.bad = u.bad || v > math.MaxUint32
	return uint32(v)
}

// fixed reads 8 bytes, little-endian: for hashes and floats, which no variable length makes
// shorter.
func (u *unpacker) fixed() uint64 {
	if b := u.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// string reads a string: a new one, 16 hexadecimal digits from 8 bytes, or one that
// came before in this batch by its number. The table is filled in the same order as
// when it was packed. Names of sites and vantages recur in a batch, so most strings
// cost one byte.
func (u *unpacker) string() string {
	switch i := u.uint(); {
	case i == stringNew:
		s := string(u.take(u.uint()))
		u.known = append(u.known, s)
		return s
	case i == stringHex:
		return hex.EncodeToString(u.take(8))
	case i-stringKnown < uint64(len(u.known)):
		return u.known[i-stringKnown]
	}
	u.bad = true
	return ""
}

// list reads the length of a list or map; there is none at all if not ok. The length is
// written as one more than it is, so that 0 can mean that there is no list: a list
// without members and no list are different JSON.
func (u *unpacker) list() (n uint64, ok bool) {
	if n = u.uint(); n == 0 {
		return 0, false
	}
	if n--; n > uint64(len(u.b)) {
		u.bad = true
		return 0, false
	}
	return n, true
}

// components reads a list of components, nil if none was packed.
func (u *unpacker) components() []faultline.Component {
	n, ok := u.list()
	if !ok {
		return nil
	}
	list := make([]faultline.Component, 0, n)
	for range n {
		list = append(list, faultline.Component(u.string()))
	}
	return list
}

// shares reads what a record says of its components' shares, nil if it says nothing.
// They are kept as bits and not as text, so that the fold computes with exactly what
// ingest had.
func (u *unpacker) shares() map[faultline.Component]float64 {
	n, ok := u.list()
	if !ok {
		return nil
	}
	m := make(map[faultline.Component]float64, n)
	for range n {
		c := faultline.Component(u.string())
		m[c] = math.Float64frombits(u.fixed())
	}
	return m
}

// readers reads how many requests came from each network, nil if none did.
func (u *unpacker) readers() []faultline.ReaderNetwork {
	n, ok := u.list()
	if !ok {
		return nil
	}
	list := make([]faultline.ReaderNetwork, 0, n)
	for range n {
		list = append(list, faultline.ReaderNetwork{ASN: u.uint32(), Country: u.string(), Requests: int(u.uint32())})
	}
	return list
}

// time reads the time of an event, which is packed as the distance from the one before
// it in milliseconds. Distances are short numbers, where a whole time would take six
// bytes.
func (u *unpacker) time(head byte) time.Time {
	if head&packZeroTime != 0 {
		return time.Time{}
	}
	u.last += u.signed()
	return time.UnixMilli(u.last).UTC()
}

// site reads a record. What the flags of its head name follows at its end.
func (u *unpacker) site(head byte, at time.Time) faultline.SiteRecord {
	r := faultline.SiteRecord{At: at, Site: u.string(), Rank: u.int(), Components: u.components(),
		Shares: u.shares(), Source: u.string()}
	if head&packOwner != 0 {
		r.Owner = u.string()
	}
	if head&packRuns != 0 {
		r.Runs = u.components()
	}
	if head&packUses != 0 {
		r.Uses = u.components()
	}
	return r
}

// run reads a probe that stands for several. Its own latency is the median.
func (u *unpacker) run(at time.Time) faultline.Probe {
	p := faultline.Probe{At: at, Site: u.string(), Vantage: u.string(), Symptom: faultline.SymptomOK, Status: u.int(),
		Detail: u.string(), Via: u.components()}
	run := faultline.ProbeRun{From: at.Add(-time.Duration(u.uint32()) * time.Millisecond), Count: int(u.uint32())}
	ms := 0
	for i := range run.LatencyMS {
		ms += int(u.uint32())
		run.LatencyMS[i] = ms
	}
	p.LatencyMS, p.Run = run.LatencyMS[1], &run
	// What the API refuses is not in a log, and would have the fold count what never was.
	if member, _ := p.Fault(); member != "" {
		u.bad = true
	}
	return p
}

// event reads one event. Fields are read in the order in which packer.event writes them. A
// type that is not known makes the batch malformed: a newer release has written it, and to
// skip it would fold another log than that release does.
func (u *unpacker) event() faultline.Event {
	b := u.take(1)
	if b == nil {
		return nil
	}
	head := b[0]
	at := u.time(head)
	switch head & packTypes {
	case packReport:
		return faultline.Report{At: at, Site: u.string(), Symptom: faultline.Symptom(u.string()), Reporter: u.string(),
			ASN: u.uint32(), Country: u.string(), Net: u.string(), Hosting: head&packHosting != 0}
	case packProbe:
		return faultline.Probe{At: at, Site: u.string(), Vantage: u.string(), Symptom: faultline.Symptom(u.string()),
			Status: u.int(), LatencyMS: u.int(), Detail: u.string(), Via: u.components()}
	case packRun:
		return u.run(at)
	case packSite:
		return u.site(head, at)
	case packVantage:
		return faultline.Vantage{Vantage: u.string(), ASN: u.uint32(), Country: u.string()}
	case packStatement:
		return faultline.Statement{At: at, Component: faultline.Component(u.string()), Source: u.string(),
			Status: u.string(), Text: u.string()}
	case packTick:
		return faultline.Tick{At: at}
	case packReaders:
		return faultline.Readers{At: at, Node: u.string(), Networks: u.readers()}
	case packCorrection:
		return faultline.Correction{At: at, Incident: u.string(), By: u.string(), Text: u.string(),
			State: faultline.IncidentState(u.string())}
	case packEpoch:
		return faultline.Epoch{At: at, Epoch: u.string()}
	// adoptions and what was published are rare and large: they are packed JSON
	case packAdopt:
		var a faultline.Adopt
		if unpack([]byte(u.string()), &a) != nil {
			u.bad = true
		}
		a.At = at
		return a
	case packPublished:
		var p faultline.Published
		if unpack([]byte(u.string()), &p) != nil {
			u.bad = true
		}
		p.At = at
		return p
	}
	u.bad = true
	return nil
}
