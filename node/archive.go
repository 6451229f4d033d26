package node

import (
	"context"

	"faultline/replica"
	"faultline/store/archive"
)

// openArchive opens this node's copy of the archive. A drill has none, and neither has
// a store in memory: a file that outlives its store would be of incidents that nobody
// knows.
func (n *Node) openArchive() (err error) {
	cfg := n.cfg
	if cfg.ArchiveDir == "" || cfg.Drill != nil || !cfg.Store.Durable() {
		return nil
	}
	n.archive, err = archive.New(archive.Config{Dir: cfg.ArchiveDir, Store: cfg.Store, Keep: cfg.Keep,
		Pace:  cfg.ArchiveEvery,
		Check: func(ctx context.Context) error { return cfg.KnownLog.Check(ctx, cfg.Store) },
		Now:   cfg.Now, Log: cfg.Log, Registry: cfg.Registry})
	return err
}

// stored is where incidents are read that are not in memory.
func (n *Node) stored() archive.Source { return archive.Source{Store: n.cfg.Store, Archive: n.archive} }

// source is stored, as long as Redis holds the log that this node knows.
func (n *Node) source() sourceAdapter { return sourceAdapter{n.stored(), n.cfg.KnownLog} }

// archiveDuty moves incidents into the archive while this node leads.
func (n *Node) archiveDuty() []replica.Duty {
	if n.archive == nil || n.cfg.Keep <= 0 {
		return nil
	}
	return []replica.Duty{{Name: "archive", Run: func(ctx context.Context, t *replica.Term) error {
		return n.archive.Lead(ctx, t.Archive())
	}}}
}
