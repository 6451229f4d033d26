package main

import (
	"context"
	"errors"
	"time"

	"faultline"
	"faultline/store"
)

const wishEvery = time.Second

// saveWishes stores what the correlator wants probed, once a second while it
// wants something. What can't be stored is not missed: the next follows, and
// what is stored ends by itself.
func (l *leader) saveWishes(ctx context.Context, lease store.Lease) error {
	beat := time.NewTicker(wishEvery)
	defer beat.Stop()
	stored := false // wishes that may still hold
	for {
		select {
		case <-beat.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		var wishes []faultline.CheckRequest
		if err := l.fold.Do(ctx, func(e engine, _ store.Cursor) { wishes = e.CheckRequests() }); err != nil {
			return err
		}
		if len(wishes) == 0 && !stored {
			continue
		}
		err := l.store.SaveWishes(ctx, lease, wishes)
		if errors.Is(err, faultline.ErrNotLeader) {
			return err
		}
		stored = len(wishes) > 0 || err != nil
	}
}
