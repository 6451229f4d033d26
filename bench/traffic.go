package main

import (
	"bufio"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// The shape of the generated traffic: a busy hour of a whole world's sites. Numbers are
// chosen so that both halves of the fold work: many reports of unprobed sites, and steady
// probes of the popular ones.
const (
	trafficSites     = 20_000
	trafficProbed    = 2_000 // the most popular ones
	trafficVantages  = 3
	trafficPerSecond = 2_000 // lines an event-second
	trafficCadence   = 60    // seconds between two probes of a site from a vantage

	// One line in so many is a probe, which makes up the cadence.
	trafficProbeEach = trafficPerSecond * trafficCadence / (trafficProbed * trafficVantages)

	trafficCDNs = 20
	// trafficCulprit fails from the half to eight tenths of the time.
	trafficCulprit = "cdn:c3"
)

// traffic writes event lines: the map first, then a quiet time in which people mostly say
// that sites work for them, then an outage of one CDN, then its end. The same seed writes the
// same bytes. Lines are appended by hand, because a million of them are written before each
// run.
type traffic struct {
	rng   *rand.Rand
	lines int
	buf   []byte
}

// newTraffic makes a writer of so many lines.
func newTraffic(seed uint64, lines int) *traffic {
	return &traffic{rng: rand.New(rand.NewPCG(seed, 0x666175_6c74)), lines: lines}
}

// trafficStart is when the traffic begins. It is fixed, so that the bytes are.
var trafficStart = time.Date(2024, time.January, 15, 12, 0, 0, 0, time.UTC)

// writeTo writes all lines.
func (t *traffic) writeTo(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<20)
	head := trafficSites + trafficVantages
	for i := range t.lines {
		t.buf = t.buf[:0]
		switch {
		case i < trafficSites:
			t.site(i)
		case i < head:
			t.vantage(i - trafficSites)
		default:
			t.event(i-head, t.lines-head)
		}
		t.buf = append(t.buf, '\n')
		if _, err := out.Write(t.buf); err != nil {
			return err
		}
	}
	return out.Flush()
}

// site writes the line of a site with what it depends on, as the catalogue has it.
func (t *traffic) site(i int) {
	t.text(`{"type":"site","site":"`).siteName(i).text(`","rank":`).int(i + 1)
	t.text(`,"components":["asn:AS`).int(64512 + t.rng.IntN(400))
	t.text(`","ca:a`).int(t.rng.IntN(10)).text(`","cdn:c`).int(i % trafficCDNs)
	if t.rng.IntN(3) == 0 {
		t.text(`","cloud:k/r`).int(t.rng.IntN(30))
	}
	t.text(`","dns:d`).int(t.rng.IntN(40)).text(`","tld:`).text(trafficTLD(i)).text(`"]}`)
}

// vantage writes the line of a vantage.
func (t *traffic) vantage(v int) {
	t.text(`{"type":"vantage","vantage":"v`).int(v).text(`","asn":`).int(100 + v).text(`,"country":"US"}`)
}

// event writes line n of all that carry a time.
func (t *traffic) event(n, all int) {
	at := trafficStart.Add(time.Duration(n) * time.Second / trafficPerSecond)
	failing := n >= all/2 && n < all/10*8
	if n%trafficProbeEach == 0 {
		t.probe(at, n/trafficProbeEach, failing)
		return
	}
	t.report(at, failing)
}

// probe writes the k-th probe. During the outage 85 % of those of the culprit's sites fail.
func (t *traffic) probe(at time.Time, k int, failing bool) {
	site, vantage := k/trafficVantages%trafficProbed, k%trafficVantages
	t.text(`{"type":"probe","at":"`).time(at).text(`","site":"`).siteName(site).text(`","vantage":"v`).int(vantage)
	if failing && site%trafficCDNs == 3 && t.rng.IntN(100) < 85 {
		t.text(`","symptom":"http_503","status":503,"latency_ms":`)
	} else {
		t.text(`","symptom":"ok","status":200,"latency_ms":`)
	}
	t.int(40 + t.rng.IntN(200)).text("}")
}

// report writes one report. One in twenty arrives up to 30 seconds late, as reports do.
func (t *traffic) report(at time.Time, failing bool) {
	// The square makes the popular half of the sites get seven tenths of it.
	u := t.rng.Float64()
	site, symptom := int(u*u*trafficSites), "ok"
	switch dice := t.rng.IntN(20); {
	case failing && dice < 10:
		site, symptom = site/trafficCDNs*trafficCDNs+3, "http_503"
	case dice >= 18:
		symptom = [...]string{"timeout", "connect", "slow", "other"}[t.rng.IntN(4)]
	}
	if t.rng.IntN(20) == 0 {
		at = at.Add(-time.Duration(t.rng.IntN(30_000)) * time.Millisecond)
	}
	network := t.rng.IntN(200)
	t.text(`{"type":"report","at":"`).time(at).text(`","site":"`).siteName(site)
	t.text(`","symptom":"`).text(symptom).text(`","reporter":"`).hex(t.rng.Uint64())
	t.text(`","asn":`).int(1000 + network).text(`,"country":"`)
	t.text([...]string{"US", "GB", "DE", "FR", "IN", "JP", "BR", "CA"}[network%8]).text(`"}`)
}

func (t *traffic) text(s string) *traffic { t.buf = append(t.buf, s...); return t }
func (t *traffic) int(n int) *traffic     { t.buf = strconv.AppendInt(t.buf, int64(n), 10); return t }

func (t *traffic) time(at time.Time) *traffic {
	t.buf = at.AppendFormat(t.buf, "2006-01-02T15:04:05.000Z")
	return t
}

func (t *traffic) siteName(i int) *traffic {
	return t.text("site").int(i).text(".").text(trafficTLD(i))
}

// trafficTLD spreads the sites over 23 made-up top-level domains, so that none
// of them holds all members of a CDN.
func trafficTLD(i int) string { return "abcdefghijklmnopqrstuvw"[i%23:i%23+1] + "x" }

// hex appends 16 hexadecimal digits.
func (t *traffic) hex(v uint64) *traffic {
	for shift := 60; shift >= 0; shift -= 4 {
		t.buf = append(t.buf, "0123456789abcdef"[v>>shift&15])
	}
	return t
}
