package ingest

import (
	"context"
	"faultline"
	"fmt"
	"hash/maphash"
	"time"
)

// Run settles quotas among the nodes once a second until ctx ends.
// Between two settlements each node knows only what itself let through. So with several
// nodes a quota may be passed by what the others let through in a second.
func (l *Limits) Run(ctx context.Context) error {
	if l.shared == nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := l.settle(ctx); err != nil {
			l.failed.Inc()
		}
	}
}

// settle adds what this node let through to what all did, and takes over how
// much of each quota is used. What could not be settled is kept for the next
// time, at most what a quota holds.
func (l *Limits) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleWithin)
	defer cancel()
	keys, spent, err := l.accounts(ctx)
	if err != nil || len(keys) == 0 {
		return err
	}
	settled, err := l.shared.Settle(ctx, spent)
	now := l.now()
	// The answers come in the order of the questions, and after an error there may be
	// fewer of them.
	for i, k := range keys {
		if i >= len(settled) {
			l.owe(k, spent[i].N)
			continue
		}
		table, key, r := l.place(k)
		used := settled[i].Used
		if left := settled[i].Left; left > 0 { // as long as it is owed, nobody is let in
			l.owe(k, left)
			used += time.Duration(left) * r.interval
		}
		table.raise(key, used, now)
		// Far from its limit and idle, it need not be settled any more; this keeps the
		// table small.
		if used <= r.window()/2 && spent[i].N == 0 {
			l.mu.Lock()
			if l.near[k] == 0 {
				delete(l.near, k)
			}
			l.mu.Unlock()
		}
	}
	return err
}

// accounts takes what is to be settled, each under a name that the nodes share
// and that says nothing of an address.
func (l *Limits) accounts(ctx context.Context) ([]near, []faultline.QuotaSpent, error) {
	l.mu.Lock()
	keys := make([]near, 0, len(l.near))
	spent := make([]faultline.QuotaSpent, 0, len(l.near))
	for k, n := range l.near {
		keys, spent = append(keys, k), append(spent, faultline.QuotaSpent{N: n})
		// It is set to nought under the lock, before the round trip: what is let through
		// meanwhile is counted for the next time.
		l.near[k] = 0
	}
	l.mu.Unlock()
	for i, k := range keys {
		_, _, r := l.place(k)
		spent[i].Burst, spent[i].Interval = r.burst, r.interval
		if spent[i].Key = "token:" + k.token; k.prefix.IsValid() {
			who, err := l.pseudonyms.of(ctx, k.prefix.Addr(), l.now())
			if err != nil {
				l.oweAll(keys, spent)
				return nil, nil, fmt.Errorf("name a prefix: %w", err)
			}
			spent[i].Key = fmt.Sprintf("prefix:%08x", who.net)
		}
	}
	return keys, spent, nil
}

// oweAll takes back what could not be settled, for the next time.
func (l *Limits) oweAll(keys []near, spent []faultline.QuotaSpent) {
	for i := range keys {
		l.owe(keys[i], spent[i].N)
	}
}

// owe keeps what could not be settled for the next time.
func (l *Limits) owe(k near, n int) {
	_, _, r := l.place(k)
	l.mu.Lock()
	defer l.mu.Unlock()
	// More than the whole quota would change nothing, and the debt of a long failure must
	// not bar anybody for hours.
	l.near[k] = min(l.near[k]+n, r.burst)
}

// place is where a quota is counted.
func (l *Limits) place(k near) (*gcraTable, uint64, rate) {
	if k.prefix.IsValid() {
		return l.prefixes, maphash.Comparable(l.seed, k.prefix), l.prefix
	}
	return l.other, maphash.String(l.seed, k.token), l.token
}
