package ingest

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// PushStore keeps subscriptions of browsers. Package store has it.
type PushStore interface {
	// AddPush stores or replaces the subscription of a browser of a prefix (a pseudonym of
	// that day). It fails with [faultline.BusyError].
	AddPush(ctx context.Context, id string, data []byte, day, prefix string) error
	DropPush(ctx context.Context, id string) error
}

// Pushes keeps subscriptions of browsers. How many a prefix makes is counted by its pseudonym
// of the day: the address goes no further, and is not part of a subscription.
type Pushes struct {
	store      PushStore
	pseudonyms pseudonyms
	now        func() time.Time
}

// NewPushes returns what keeps subscriptions in a store; keys are those of pseudonyms.
func NewPushes(store PushStore, keys DailyKeys, now func() time.Time) *Pushes {
	return &Pushes{store: store, pseudonyms: pseudonyms{keys: keys}, now: now}
}

// Subscribe stores the subscription of the browser at addr, in the place of one with the same
// id. It fails with [faultline.BusyError] where there are too many.
func (p *Pushes) Subscribe(ctx context.Context, addr netip.Addr, id string, data []byte) error {
	now := p.now()
	pseudonym, err := p.pseudonyms.of(ctx, addr, now)
	if err != nil {
		return fmt.Errorf("pseudonym of who subscribes: %w", unavailable(err))
	}
	_, prefix := pseudonym.text()
	return p.store.AddPush(ctx, id, data, now.UTC().Format(time.DateOnly), prefix)
}

// Unsubscribe removes a subscription; there may be none.
func (p *Pushes) Unsubscribe(ctx context.Context, id string) error { return p.store.DropPush(ctx, id) }
