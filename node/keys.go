package node

import (
	"context"
	"maps"
	"slices"
	"time"

	"faultline/task"
)

// keysEvery is how often keys and revocations are read again, keysSoon how often until
// they were read once, and publishEvery how often this node's own public keys are made
// known to the others while they stay the same.
const (
	keysEvery    = 5 * time.Second
	keysSoon     = 200 * time.Millisecond
	publishEvery = time.Minute
)

// watchKeys keeps a node's keys and revocations those of the files and of the store, and
// makes its public keys known to all nodes. What can't be read stays as it is.
func (n *Node) watchKeys(ctx context.Context) error {
	wait := keysSoon // until the first answer, tokens are not taken
	var published map[string][]byte
	var publishedAt time.Time
	for {
		// Once it was read, less often: revocations are rare.
		if n.exchangeKeys(ctx) == nil {
			wait = keysEvery
		}
		if own := n.cfg.Keys.Public(); !sameIDs(own, published) || n.cfg.Now().Sub(publishedAt).Abs() >= publishEvery {
			if err := n.publishKeys(ctx, own, published); err == nil {
				published, publishedAt = own, n.cfg.Now()
			} else {
				n.log.Debug("the public keys are not known to other nodes yet", "error", err)
			}
		}
		if !task.Pause(ctx, wait) {
			return nil
		}
		if err := n.cfg.Keys.Reload(); err != nil {
			n.log.Warn("the signing keys stay as they are", "error", err)
		}
	}
}

// exchangeKeys reads the public keys of other nodes, and then which tokens are revoked, of
// a Redis that holds the known log.
func (n *Node) exchangeKeys(ctx context.Context) error {
	source := n.source()
	others, err := n.cfg.Store.PublicKeys(ctx, n.cfg.Now())
	if others, err = known(ctx, source, others, err); err != nil {
		return err
	}
	ids, err := n.cfg.Store.Revoked(ctx)
	if ids, err = known(ctx, source, ids, err); err != nil {
		return err
	}
	// Both are set only after both were read, so that a key is never known without its
	// revocations.
	n.cfg.Keys.SetOthers(others)
	n.cfg.Keys.SetRevoked(ids)
	return nil
}

// publishKeys publishes this node's own public keys, and withdraws those that it published
// before and that were retired. They are withdrawn first: if the second step fails, a
// retired key is gone all the same.
func (n *Node) publishKeys(ctx context.Context, own, published map[string][]byte) error {
	var gone []string
	for id := range published {
		if _, there := own[id]; !there {
			gone = append(gone, id)
		}
	}
	if err := n.cfg.Store.WithdrawKeys(ctx, gone); err != nil {
		return err
	}
	return n.cfg.Store.PublishKeys(ctx, own, n.cfg.Now())
}

// sameIDs reports whether two sets of keys have the same ids. A key never changes under its
// id.
func sameIDs(a, b map[string][]byte) bool {
	return slices.Equal(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)))
}
