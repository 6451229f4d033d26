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

type dayKey struct {
	day  string
	macs *sync.Pool // of HMACs with that key: to set one up costs as much as to use it
}

func newDayKey(day string, key []byte) dayKey {
	return dayKey{day: day, macs: &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
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
	day, err := p.key(ctx, now.UTC().Format(time.DateOnly))
	if err != nil {
		return pseudonym{}, err
	}
	addr = addr.Unmap()
	person, net := 32, 24
	if addr.Is6() {
		person, net = 64, 48
	}
	return pseudonym{
		reporter: binary.BigEndian.Uint64(day.sum(addr, person)),
		net:      binary.BigEndian.Uint32(day.sum(addr, net)),
	}, nil
}

// around returns the pseudonym of addr on the day of now and, within the first
// ten minutes of a day, who its reporter was the day before, so that midnight
// makes nobody two; else 0. What links the two days is kept by [recent] for ten
// minutes and goes no further. Where yesterday's key can't be had, or this node
// was not there yesterday, nobody was anybody.
func (p *pseudonyms) around(ctx context.Context, addr netip.Addr, now time.Time) (pseudonym, uint64, error) {
	who, err := p.of(ctx, addr, now)
	yesterday := now.Add(-repeatWindow)
	if err != nil || yesterday.UTC().Day() == now.UTC().Day() {
		return who, 0, err
	}
	p.mu.Lock()
	held := p.was.day == yesterday.UTC().Format(time.DateOnly)
	p.mu.Unlock()
	if !held { // nothing is remembered of yesterday either
		return who, 0, nil
	}
	was, err := p.of(ctx, addr, yesterday)
	return who, was.reporter, err
}

// sum is HMAC-SHA256 of the prefix in binary: its address and its length, which
// keeps the two pseudonyms of one address apart.
func (d dayKey) sum(addr netip.Addr, bits int) []byte {
	prefix, err := addr.Prefix(bits) // drops a zone, too
	if err != nil {
		panic("ingest: " + err.Error()) // bits always fit the family
	}
	var buf [17]byte
	raw, _ := prefix.AppendBinary(buf[:0]) // never fails
	mac := d.macs.Get().(hash.Hash)
	defer d.macs.Put(mac)
	mac.Reset()
	mac.Write(raw)
	return mac.Sum(nil)
}

// key returns the day's key. However many ask for a new day's at once, it is
// fetched once, and nobody waits longer than their own context.
func (p *pseudonyms) key(ctx context.Context, day string) (dayKey, error) {
	p.mu.Lock()
	today, was := p.today, p.was
	p.mu.Unlock()
	switch day {
	case today.day:
		return today, nil
	case was.day:
		return was, nil
	}
	fetched := p.flight.DoChan(day, func() (any, error) { return p.fetch(context.WithoutCancel(ctx), day) })
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

func (p *pseudonyms) fetch(ctx context.Context, day string) (dayKey, error) {
	ctx, cancel := context.WithTimeout(ctx, keyLimit)
	defer cancel()
	key, err := p.keys.DailyKey(ctx, day)
	if err != nil {
		return dayKey{}, err
	}
	if len(key) < sha256.Size {
		return dayKey{}, fmt.Errorf("the key of %s has %d bytes, not %d", day, len(key), sha256.Size)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh := newDayKey(day, key)
	if day > p.today.day {
		p.today, p.was = fresh, p.today
	} else {
		p.was = fresh
	}
	return fresh, nil
}
