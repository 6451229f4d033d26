package replica

import (
	"context"
	"errors"
	"time"

	"faultline"
	"faultline/store"
)

const checkRequestsEvery = time.Second

// saveCheckRequests stores what the correlator wants probed, once a second while it
// wants something. What can't be stored is not missed: the next follows, and
// what is stored ends by itself.
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
		if len(requests) == 0 && !stored {
			continue
		}
		err := l.store.SaveWishes(ctx, lease, requests)
		if errors.Is(err, faultline.ErrNotLeader) {
			return err
		}
		stored = len(requests) > 0 || err != nil
	}
}
