package ingest

import (
	"hash/maphash"
	"net/netip"
	"sync"

	"faultline"
)

// Streams that one reader may have open at once. An address may be that of many
// people behind one translator; who is refused polls.
const (
	maxStreams      = 64
	maxTokenStreams = 640
	// readersOfPrefix is how many readers without a token one prefix (/24, or IPv6 /48)
	// stands for: it may read, and have open, as much as so many do. Whoever has a whole
	// prefix for himself would otherwise be thousands.
	readersOfPrefix = 20
)

// reads are the quotas of those who read: their whole minute's worth may come at
// once, for what shows one page of ours asks for many things. Each node counts by
// itself. Nil has no limits.
type reads struct {
	keyless, keyed, prefix rate
	used, usedByPrefix     *gcraTable

	mu           sync.Mutex
	open         map[faultline.Reader]int // streams; as many keys as there are streams at most
	openByPrefix map[netip.Prefix]int     // of those without a token
}

// newReads limits requests of readers without and with a key, in requests a minute.
func newReads(keyless, keyed int) *reads {
	return &reads{keyless: perMinute(keyless, keyless), keyed: perMinute(keyed, keyed),
		prefix: perMinute(readersOfPrefix*keyless, readersOfPrefix*keyless),
		used:   newGCRA(limitKeys), usedByPrefix: newGCRA(limitKeys),
		open: map[faultline.Reader]int{}, openByPrefix: map[netip.Prefix]int{}}
}

// Read takes one read of a reader's quota. A conditional request is allowed up to twice
// the burst: a 304 does not count, and whether the answer is one is only known later.
func (l *Limits) Read(who faultline.Reader, conditional bool) faultline.Allowance {
	if l.reads == nil {
		return faultline.Allowance{OK: true}
	}
	name, r, key := l.reader(who)
	allowed := r
	if conditional {
		allowed.burst *= 2
	}
	used, wait := l.reads.used.take(key, allowed, 1, l.now())
	a := faultline.Allowance{OK: wait == 0, RetryAfter: wait}
	a.Quotas[0] = quota(name, r, used)
	switch {
	case !a.OK:
		l.refused.WithLabelValues(name).Inc()
	case who.Token == "":
		l.readPrefix(who, key, conditional, &a)
	}
	return a
}

// readPrefix takes one read of the quota of a reader's prefix as well. Where nothing is
// left of it, the reader's own is given back.
func (l *Limits) readPrefix(who faultline.Reader, key uint64, conditional bool, a *faultline.Allowance) {
	_, prefix := prefixesOf(who.Addr)
	allowed := l.reads.prefix
	if conditional {
		allowed.burst *= 2
	}
	used, wait := l.reads.usedByPrefix.take(maphash.Comparable(l.seed, prefix), allowed, 1, l.now())
	if wait == 0 {
		return
	}
	l.reads.used.give(key, l.reads.keyless, l.now())
	a.OK, a.RetryAfter = false, wait
	a.Quotas[0] = quota(quotaReadPrefix, l.reads.prefix, used)
	l.refused.WithLabelValues(quotaReadPrefix).Inc()
}

// Unread gives a read back that cost nothing.
func (l *Limits) Unread(who faultline.Reader) {
	if l.reads == nil {
		return
	}
	_, r, key := l.reader(who)
	l.reads.used.give(key, r, l.now())
	if who.Token == "" {
		_, prefix := prefixesOf(who.Addr)
		l.reads.usedByPrefix.give(maphash.Comparable(l.seed, prefix), l.reads.prefix, l.now())
	}
}

// Stream takes one of the streams that a reader may have open at once; release
// gives it back, and is called once. It reports false when there are none left.
func (l *Limits) Stream(who faultline.Reader) (release func(), ok bool) {
	if l.reads == nil {
		return func() {}, true
	}
	var prefix netip.Prefix // of who has a token: none
	if who.Token == "" {
		_, prefix = prefixesOf(who.Addr)
	}
	who, most := streamOf(who)
	l.reads.mu.Lock()
	defer l.reads.mu.Unlock()
	if l.reads.open[who] >= most || l.reads.openByPrefix[prefix] >= readersOfPrefix*maxStreams {
		l.refused.WithLabelValues(quotaStream).Inc()
		return nil, false
	}
	l.reads.open[who]++
	if prefix.IsValid() {
		l.reads.openByPrefix[prefix]++
	}
	return func() { l.reads.close(who, prefix) }, true
}

// close gives a stream back.
func (r *reads) close(who faultline.Reader, prefix netip.Prefix) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open[who]--; r.open[who] == 0 {
		delete(r.open, who)
	}
	if !prefix.IsValid() {
		return
	}
	if r.openByPrefix[prefix]--; r.openByPrefix[prefix] == 0 {
		delete(r.openByPrefix, prefix)
	}
}

// streamOf is whom streams are counted under, and how many there may be.
func streamOf(who faultline.Reader) (faultline.Reader, int) {
	if who.Token != "" {
		return faultline.Reader{Token: who.Token}, maxTokenStreams
	}
	person, _ := prefixesOf(who.Addr)
	return faultline.Reader{Addr: person.Addr()}, maxStreams
}

// reader is where a reader's reads are counted.
func (l *Limits) reader(who faultline.Reader) (name string, r rate, key uint64) {
	if who.Token != "" {
		return quotaKeyed, l.reads.keyed, maphash.String(l.seed, who.Token)
	}
	person, _ := prefixesOf(who.Addr)
	return quotaReads, l.reads.keyless, maphash.Comparable(l.seed, person)
}
