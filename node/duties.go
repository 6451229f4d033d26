package node

import (
	"context"

	"faultline"
	"faultline/api/push"
	"faultline/api/webhook"
	"faultline/ingest/statements"
	"faultline/replica"
)

// duties are what this node does besides the replica's own work while it leads. A duty
// runs while this node leads and is stopped when it no longer does, so that no hook is
// called twice and no page is read by two nodes. In a drill nothing leaves the node but
// webhooks and notifications.
func (n *Node) duties() []replica.Duty {
	cfg := n.cfg
	dispatch := webhook.NewDispatcher(n.source(), cfg.Providers, cfg.Now, cfg.Log, cfg.Registry)
	dispatch.PublicURL = cfg.BaseURL
	duties := []replica.Duty{{Name: "webhooks", Run: func(ctx context.Context, t *replica.Term) error {
		return dispatch.Run(ctx, t.Deliveries())
	}}}
	duties = append(duties, n.pushDuty()...)
	if cfg.Drill != nil {
		return duties
	}
	duties = append(duties, replica.Duty{Name: "map", Run: func(ctx context.Context, t *replica.Term) error {
		return n.maps.Run(ctx, t.Append)
	}})
	duties = append(duties, n.concentrationDuty())
	duties = append(duties, n.pagesDuty()...)
	duties = append(duties, n.archiveDuty()...)
	metrics := statements.NewMetrics(cfg.Registry)
	if len(cfg.Statements.Sources) == 0 {
		return duties
	}
	return append(duties, replica.Duty{Name: "statements", Run: func(ctx context.Context, t *replica.Term) error {
		return statements.NewPoller(statements.Config{Sources: cfg.Statements.Sources, Every: cfg.Statements.Every,
			Agent: cfg.Statements.Agent, Now: cfg.Now, Log: cfg.Log, Metrics: metrics, Append: t.Append,
			Announce: func(ctx context.Context, page string, list []faultline.Maintenance) error {
				return cfg.Store.SaveMaintenances(ctx, page, list, cfg.Now())
			}}).Run(ctx)
	}})
}

// push notifies browsers; nil where the operator does not want that.
func (cfg Config) push() *push.Service {
	if cfg.PushContact == "" {
		return nil
	}
	return push.New(push.Config{Contact: cfg.PushContact, Keys: cfg.Store, Now: cfg.Now})
}

// pushDuty notifies browsers, where the operator wants that. The texts come from the
// pages, so that a notification says what the page says, in the subscriber's language.
func (n *Node) pushDuty() []replica.Duty {
	if n.push == nil {
		return nil
	}
	cfg := n.cfg
	// The pages are made after the duties, and before anything runs.
	say := func(lang string, inc *faultline.Incident) (title, text string) {
		return n.pages.Notification(lang, inc)
	}
	dispatch := webhook.NewPushDispatcher(n.source(), cfg.Providers, n.push, say, cfg.Now, cfg.Log, cfg.Registry)
	dispatch.PublicURL = cfg.BaseURL
	return []replica.Duty{{Name: "notifications", Run: func(ctx context.Context, t *replica.Term) error {
		return dispatch.Run(ctx, t.Notifications())
	}}}
}
