package ingest

import (
	"hash/maphash"
	"sync"

	"faultline"
)

// Streams that one reader may have open at once. An address may be that of many
// people behind one translator; who is refused polls.
const (
	maxStreams      = 64
	maxTokenStreams = 640
)

// reads are the quotas of those who read: their whole minute's worth may come at
// once, for what shows one page of ours asks for many things. Each node counts by
// itself. Nil has no limits.
type reads struct {
	keyless, keyed rate
	used           *gcraTable

	mu   sync.Mutex
	open map[faultline.Reader]int // streams; as many keys as there are streams at most
}

func newReads(keyless, keyed int) *reads {
	return &reads{keyless: perMinute(keyless, keyless), keyed: perMinute(keyed, keyed),
		used: newGCRA(limitKeys), open: map[faultline.Reader]int{}}
}

// Read takes one read of a reader's quota. Who may hold the answer already, and
// asks whether it is still good, may owe as much again: until it is looked at
// nobody knows whether that read is one that is given back.
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
	if !a.OK {
		l.refused.WithLabelValues(name).Inc()
	}
	return a
}

// Unread gives a read back that cost nothing.
func (l *Limits) Unread(who faultline.Reader) {
	if l.reads != nil {
		_, r, key := l.reader(who)
		l.reads.used.give(key, r, l.now())
	}
}

// Stream takes one of the streams that a reader may have open at once; release
// gives it back, and is called once. It reports false when there are none left.
func (l *Limits) Stream(who faultline.Reader) (release func(), ok bool) {
	if l.reads == nil {
		return func() {}, true
	}
	who, most := streamOf(who)
	l.reads.mu.Lock()
	defer l.reads.mu.Unlock()
	if l.reads.open[who] >= most {
		l.refused.WithLabelValues(quotaStream).Inc()
		return nil, false
	}
	l.reads.open[who]++
	return func() {
		l.reads.mu.Lock()
		defer l.reads.mu.Unlock()
		if l.reads.open[who]--; l.reads.open[who] == 0 {
			delete(l.reads.open, who)
		}
	}, true
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
