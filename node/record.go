package node

import (
	"context"

	"faultline/record"
	"faultline/replica"
	"faultline/store"
)

// newKeeper makes what follows the record of what was published, and signs it where this
// node has its key.
func (n *Node) newKeeper() *record.Keeper {
	return record.NewKeeper(record.KeeperConfig{Source: recordSource{n.cfg.Store, n.cfg.KnownLog},
		Key: n.cfg.Record.Key, SignedFile: n.cfg.Record.SignedFile, Now: n.clock.Now, Log: n.log})
}

// Record says how this node takes part in the record of what was published.
type Record struct {
	Key        *record.Key // nil: it signs nothing
	SignedFile string      // where it notes what it has signed; empty: nowhere
}

// recordSource is the store as the record sees it: a Redis that holds another log than this
// node knows has no record.
type recordSource struct {
	*store.Store
	known *replica.KnownLog
}

func (s recordSource) RecordSize(ctx context.Context) (int64, error) {
	if err := s.known.Check(ctx, s.Store); err != nil {
		return 0, err
	}
	return s.Store.RecordSize(ctx)
}
