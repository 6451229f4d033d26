package ingest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// DailyKeys hands out the secret of a day (2006-01-02, UTC), 32 random bytes
// that all nodes share and that are forgotten soon after.
type DailyKeys interface {
	DailyKey(ctx context.Context, day string) ([]byte, error)
}

// keyLimit bounds the fetching of a day's key.
const keyLimit = time.Second

// pseudonyms turns addresses into what may be kept of them: keyed hashes, which
// nobody can link to an address or to another day once the key is gone.
type pseudonyms struct {
	keys   DailyKeys
	flight singleflight.Group

	mu         sync.Mutex
	today, was dayKey // the two newest days asked for
}

// dayKey is the key of one day, ready for use.
type dayKey struct {
	day  int64      // since 1970
	macs *sync.Pool // of prefixMAC with that key: to set one up costs as much as to use it; nil: no day's
}

// newDayKey prepares a key for use by many goroutines.
func newDayKey(day int64, key []byte) dayKey {
	return dayKey{day: day, macs: &sync.Pool{New: func() any { return &prefixMAC{hash: hmac.New(sha256.New, key)} }}}
}

// dayOf is the day of a time, in UTC.
func dayOf(t time.Time) int64 {
	const day = 24 * 60 * 60
	s := t.Unix()
	if s < 0 {
		s -= day - 1
	}
	return s / day
}

// prefixMAC is an HMAC with the memory that it works in.
type prefixMAC struct {
	hash hash.Hash
	in   [17]byte
	out  [sha256.Size]byte
}

// pseudonym is what stands for an address: of its /32 or /64, and of its /24 or
// /48 (the low 32 bits are used).
type pseudonym struct {
	reporter uint64
	net      uint32
}

// text is how a report carries a pseudonym: 16 and 8 hexadecimal digits.
func (p pseudonym) text() (reporter, net string) {
	var raw [12]byte
	binary.BigEndian.PutUint64(raw[:], p.reporter)
	binary.BigEndian.PutUint32(raw[8:], p.net)
	all := hex.EncodeToString(raw[:])
	return all[:16], all[16:]
}

// of returns the pseudonym of addr on the day of now.
func (p *pseudonyms) of(ctx context.Context, addr netip.Addr, now time.Time) (pseudonym, error) {
	day, err := p.key(ctx, dayOf(now))
	if err != nil {
		return pseudonym{}, err
	}
	addr = addr.Unmap()
	person, net := 32, 24
	if addr.Is6() {
		person, net = 64, 48
	}
	mac := day.macs.Get().(*prefixMAC)
	defer day.macs.Put(mac)
	return pseudonym{
		reporter: binary.BigEndian.Uint64(mac.sum(addr, person)),
		net:      binary.BigEndian.Uint32(mac.sum(addr, net)),
	}, nil
}

// around returns the pseudonym of addr on the day of now and, within the first
// ten minutes of a day, who its reporter was the day before, so that midnight
// makes nobody two; else 0. What links the two days is kept by [recent] for ten
// minutes and goes no further. It is also 0 where yesterday's key can't be had or this
// node did not run yesterday: a person may then count twice around that midnight.
func (p *pseudonyms) around(ctx context.Context, addr netip.Addr, now time.Time) (pseudonym, uint64, error) {
	who, err := p.of(ctx, addr, now)
	yesterday := now.Add(-repeatWindow)
	if err != nil || dayOf(yesterday) == dayOf(now) {
		return who, 0, err
	}
	p.mu.Lock()
	held := p.was.macs != nil && p.was.day == dayOf(yesterday)
	p.mu.Unlock()
	if !held { // nothing is remembered of yesterday either
		return who, 0, nil
	}
	was, err := p.of(ctx, addr, yesterday)
	return who, was.reporter, err
}

// sum is HMAC-SHA256 of the prefix in binary: its address and its length, which
// keeps the two pseudonyms of one address apart. It is good until the next.
func (m *prefixMAC) sum(addr netip.Addr, bits int) []byte {
	prefix, err := addr.Prefix(bits) // drops a zone, too
	if err != nil {
		panic("ingest: " + err.Error()) // bits always fit the family
	}
	raw, _ := prefix.AppendBinary(m.in[:0]) // never fails
	m.hash.Reset()
	m.hash.Write(raw)
	return m.hash.Sum(m.out[:0])
}

// key returns the day's key. However many ask for a new day's at once, it is
// fetched once, and nobody waits longer than their own context.
func (p *pseudonyms) key(ctx context.Context, day int64) (dayKey, error) {
	if kept, ok := p.kept(day); ok {
		return kept, nil
	}
	name := time.Unix(day*24*60*60, 0).UTC().Format(time.DateOnly)
	fetched := p.flight.DoChan(name, func() (any, error) { return p.fetch(context.WithoutCancel(ctx), day, name) })
	select {
	case <-ctx.Done():
		return dayKey{}, ctx.Err()
	case res := <-fetched:
		if res.Err != nil {
			return dayKey{}, res.Err
		}
		return res.Val.(dayKey), nil
	}
}

// kept returns the key of a day that was fetched before.
func (p *pseudonyms) kept(day int64) (dayKey, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range [...]dayKey{p.today, p.was} {
		if k.macs != nil && k.day == day {
			return k, true
		}
	}
	return dayKey{}, false
}

// fetch reads the key of a day from Redis, and keeps the two newest ones: around midnight
// reports of both days come in. Whoever looked before the key was kept, and asks after it
// came, is given that one.
func (p *pseudonyms) fetch(ctx context.Context, day int64, name string) (dayKey, error) {
	if kept, ok := p.kept(day); ok {
		return kept, nil
	}
	ctx, cancel := context.WithTimeout(ctx, keyLimit)
	defer cancel()
	key, err := p.keys.DailyKey(ctx, name)
	if err != nil {
		return dayKey{}, err
	}
	if len(key) < sha256.Size {
		return dayKey{}, fmt.Errorf("the key of %s has %d bytes, not %d", name, len(key), sha256.Size)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh := newDayKey(day, key)
	if p.today.macs == nil || day > p.today.day {
		p.today, p.was = fresh, p.today
	} else {
		p.was = fresh
	}
	return fresh, nil
}
