package replica

import (
	"context"
	"errors"
	"time"

	"faultline"
	"faultline/store"
)

// checkRequestsEvery is how often requests are stored: as often as ticks come, since each
// evaluation may change them.
const checkRequestsEvery = time.Second

// saveCheckRequests stores what the correlator wants probed, once a second while it wants
// something. A list that could not be stored is not tried again: the next one follows in a
// second, and each stored list ends by itself after 45 seconds.
func (l *leader) saveCheckRequests(ctx context.Context, lease store.Lease) error {
	beat := time.NewTicker(checkRequestsEvery)
	defer beat.Stop()
	stored := false // requests that may still hold
	for {
		select {
		case <-beat.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		var requests []faultline.CheckRequest
		if err := l.fold.Do(ctx, func(e Engine, _ store.Cursor) { requests = e.CheckRequests() }); err != nil {
			return err
		}
		// An empty list is stored once, to end the one before it.
		if len(requests) == 0 && !stored {
			continue
		}
		err := l.store.SaveCheckRequests(ctx, lease, requests)
		if errors.Is(err, faultline.ErrNotLeader) {
			return err
		}
		stored = len(requests) > 0 || err != nil
	}
}
