package store

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"time"

	"faultline"
)

// A packed batch is
//
//	version  1 byte
//	checksum 4 bytes, little-endian CRC32-C of all that follows
//	writer   8 bytes, little-endian
//	seq, number of events: uvarints
//	the events
//
// A batch that has runs has the second version. It is compressed from the number of events on
// (RFC 1951), since runs come in thousands and resemble one another. Its key is not, so that a
// repeat is recognised by that alone. Releases before runs refuse the second version by name.
//
// and an event is a head byte (its type, and flags), its time
// as a signed difference to the one before in ms, and its fields in the order of
// the struct. A string is a uvarint: 0, then the string; 1, then 8 bytes that
// stand for 16 hexadecimal digits; or 2 and more, a string that came before in
// this batch. A list or map is its length plus one, or 0 for nil.
const (
	// The reader refuses any other version: it counts the entry as unreadable and goes
	// on.
	codecVersion = 1
	codecRuns    = 2 // there are runs, and it is compressed
	headBytes    = 1 + 4
	// maxBatchBytes bounds one entry of the log, some 40,000 reports.
	// Redis serves nobody else while it copies an entry.
	maxBatchBytes = 1 << 20
)

// The types of event as they are packed. They are in every log: never renumber.
const (
	packReport byte = iota + 1
	packProbe
	packSite
	packVantage
	packStatement
	packTick
	packCorrection
	packEpoch
	packAdopt
	packReaders
	packPublished
	packRun

	packTypes byte = 0x0f
	// The low four bits are the type, of which 11 of 15 are taken. What the upper bits mean
	// depends on the type, but for packZeroTime.
	packHosting  byte = 0x40 // of a report: from a network of machines
	packOwner    byte = 0x40 // of a site: its owner follows, after all else
	packRuns     byte = 0x20 // of a site: what its owner runs follows, after the owner
	packUses     byte = 0x10 // of a site: what its page uses follows, after what its owner runs
	packZeroTime byte = 0x80
)

// How a string that is not in the table yet is packed.
const (
	stringNew = iota
	stringHex
	stringKnown // the first index of the table
)

// castagnoli is CRC32-C, which processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encodeBatch packs events, whose times are cut to whole milliseconds.
func encodeBatch(key BatchKey, events []faultline.Event) ([]byte, error) {
	p := packer{b: make([]byte, headBytes, headBytes+16+40*len(events)), known: map[string]uint64{}}
	p.b = binary.LittleEndian.AppendUint64(p.b, key.Writer)
	p.uint(key.Seq)
	keyed := len(p.b)
	p.uint(uint64(len(events)))
	for i, ev := range events {
		if err := p.event(ev); err != nil {
			return nil, fmt.Errorf("event %d: %w", i, err)
		}
		// Checked after each event: the size is not known before it is packed.
		if len(p.b) > maxBatchBytes {
			return nil, fmt.Errorf("event %d: %w: a batch holds %d bytes", i, ErrTooLarge, maxBatchBytes)
		}
	}
	// The head is written last, because the checksum is of what follows it.
	p.b[0] = codecVersion
	if p.runs {
		packed, err := deflate(p.b[keyed:])
		if err != nil {
			return nil, err
		}
		p.b = append(p.b[:keyed], packed...)
		p.b[0] = codecRuns
	}
	binary.LittleEndian.PutUint32(p.b[1:], crc32.Checksum(p.b[headBytes:], castagnoli))
	return p.b, nil
}

// packer writes the body of a batch. Most of a batch is the same few strings, such as names
// of sites and networks, so that each is written once and then referred to by its number.
type packer struct {
	b []byte
	// Events of a batch lie close together in time, so that the difference mostly takes
	// one or two bytes where a time takes six.
	last int64 // ms of the event before
	// It begins empty in each batch: a batch must be readable without those before it,
	// which the log may have dropped.
	known map[string]uint64
	runs  bool // there is one
}

// uint and int append numbers of variable length; most of them need one byte.
func (p *packer) uint(v uint64) { p.b = binary.AppendUvarint(p.b, v) }
func (p *packer) int(v int)     { p.b = binary.AppendVarint(p.b, int64(v)) }

// head writes the type of an event and its time, in whole milliseconds as the distance from
// the event before it. An event without a time says so by a flag, because the zero time is
// no number of milliseconds.
func (p *packer) head(kind byte, at time.Time) {
	if at.IsZero() {
		p.b = append(p.b, kind|packZeroTime)
		return
	}
	ms := at.UnixMilli()
	p.b = binary.AppendVarint(append(p.b, kind), ms-p.last)
	p.last = ms
}

// string appends a string in its shortest form. Pseudonyms are 16 hexadecimal digits and
// differ in each report: they are written as 8 bytes and kept out of the table.
func (p *packer) string(s string) {
	if len(s) == 16 && isLowerHex(s) {
		p.uint(stringHex)
		p.b, _ = hex.AppendDecode(p.b, []byte(s)) // it is hex
		return
	}
	if i, ok := p.known[s]; ok {
		p.uint(i)
		return
	}
	p.known[s] = stringKnown + uint64(len(p.known))
	p.uint(stringNew)
	p.uint(uint64(len(s)))
	p.b = append(p.b, s...)
}

// isLowerHex reports whether a string has lower-case hexadecimal digits alone. Upper-case
// ones would come back as lower-case.
func isLowerHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// strings appends several strings.
// Their number is not written: the reader knows it from the type of the event.
func (p *packer) strings(list ...string) {
	for _, s := range list {
		p.string(s)
	}
}

// components appends a list; nil and an empty list are told apart, as they are in JSON.
func (p *packer) components(list []faultline.Component) {
	if list == nil {
		p.uint(0)
		return
	}
	p.uint(uint64(len(list)) + 1)
	for _, c := range list {
		p.string(string(c))
	}
}

// shares appends a map in order of its keys, so that the same events always give the same
// bytes.
func (p *packer) shares(m map[faultline.Component]float64) {
	if m == nil {
		p.uint(0)
		return
	}
	names := make([]faultline.Component, 0, len(m))
	for c := range m {
		names = append(names, c)
	}
	slices.Sort(names)
	p.uint(uint64(len(m)) + 1)
	for _, c := range names {
		p.string(string(c))
		// The bits of the number, so that exactly the same share comes back and two nodes
		// fold alike.
		p.b = binary.LittleEndian.AppendUint64(p.b, math.Float64bits(m[c]))
	}
}

// site packs a record. Its owner, what that runs and what the page uses are there where the head
// says so.
func (p *packer) site(r faultline.SiteRecord) {
	kind := packSite
	if r.Owner != "" {
		kind |= packOwner
	}
	if len(r.Runs) > 0 {
		kind |= packRuns
	}
	if len(r.Uses) > 0 {
		kind |= packUses
	}
	p.head(kind, r.At)
	p.string(r.Site)
	p.int(r.Rank)
	p.components(r.Components)
	p.shares(r.Shares)
	p.string(r.Source)
	// What came into the format later stands at the end, behind a flag: entries of older
	// programs read as before, and most sites have none of it.
	if r.Owner != "" {
		p.string(r.Owner)
	}
	if len(r.Runs) > 0 {
		p.components(r.Runs)
	}
	if len(r.Uses) > 0 {
		p.components(r.Uses)
	}
}

// report packs a report. That it came from a network of machines is a flag of its head.
func (p *packer) report(e faultline.Report) {
	kind := packReport
	if e.Hosting {
		kind |= packHosting
	}
	p.head(kind, e.At)
	p.strings(e.Site, string(e.Symptom), e.Reporter)
	p.uint(uint64(e.ASN))
	p.strings(e.Country, e.Net)
}

// probe packs one result.
func (p *packer) probe(e faultline.Probe) {
	if e.Run != nil {
		p.run(e)
		return
	}
	p.head(packProbe, e.At)
	p.strings(e.Site, e.Vantage, string(e.Symptom))
	p.int(e.Status)
	p.int(e.LatencyMS)
	p.string(e.Detail)
	p.components(e.Via)
}

// run packs a probe that stands for several. All of them found the site well, so that its
// symptom is not written. Latencies ascend and are written as steps, which are short.
func (p *packer) run(e faultline.Probe) {
	p.runs = true
	p.head(packRun, e.At)
	p.strings(e.Site, e.Vantage)
	p.int(e.Status)
	p.string(e.Detail)
	p.components(e.Via)
	p.uint(uint64(e.At.Sub(e.Run.From).Milliseconds()))
	p.uint(uint64(e.Run.Count))
	before := 0
	for _, ms := range e.Run.LatencyMS {
		p.uint(uint64(ms - before))
		before = ms
	}
}

// readers packs how many requests came from each network.
func (p *packer) readers(e faultline.Readers) {
	p.head(packReaders, e.At)
	p.string(e.Node)
	// Plus one, as every list: 0 stands for nil.
	p.uint(uint64(len(e.Networks)) + 1)
	for _, n := range e.Networks {
		p.uint(uint64(n.ASN))
		p.string(n.Country)
		p.uint(uint64(n.Requests))
	}
}

// event packs one event. What is packed as JSON (adoptions and the like) is rare and large,
// so that it is compressed on its own.
func (p *packer) event(ev faultline.Event) error {
	switch e := ev.(type) {
	case faultline.Report:
		p.report(e)
	case faultline.Probe:
		p.probe(e)
	case faultline.SiteRecord:
		p.site(e)
	case faultline.Vantage:
		p.head(packVantage, time.Time{})
		p.string(e.Vantage)
		p.uint(uint64(e.ASN))
		p.string(e.Country)
	case faultline.Statement:
		p.head(packStatement, e.At)
		p.strings(string(e.Component), e.Source, e.Status, e.Text)
	case faultline.Tick:
		p.head(packTick, e.At)
	case faultline.Readers:
		p.readers(e)
	case faultline.Correction:
		p.head(packCorrection, e.At)
		p.strings(e.Incident, e.By, e.Text, string(e.State))
	case faultline.Epoch:
		p.head(packEpoch, e.At)
		p.string(e.Epoch)
	case faultline.Adopt:
		packed, err := pack(e)
		if err != nil {
			return err
		}
		p.head(packAdopt, e.At)
		p.string(string(packed))
	case faultline.Published:
		packed, err := pack(e)
		if err != nil {
			return err
		}
		p.head(packPublished, e.At)
		p.string(string(packed))
	// An event that cannot be packed is refused and never left out: the batch would be
	// acknowledged without it.
	default:
		return fmt.Errorf("cannot pack a %T", ev)
	}
	return nil
}
