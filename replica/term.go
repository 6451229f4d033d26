package replica

import (
	"context"
	"time"

	"faultline"
	"faultline/store"
)

// Duty is something that only a leader does, such as sending webhooks. Run works until ctx
// ends; an error of it ends the term, so that this node or another takes over from the
// start.
type Duty struct {
	Name string // for errors and logs; each duty has its own
	Run  func(ctx context.Context, t *Term) error
}

// Term is what a duty may do while this node leads. Each of its writes carries the
// fence: once another node leads it fails with [faultline.ErrNotLeader].
type Term struct {
	leader *leader
	lease  store.Lease
	writer *store.Writer
}

// Append puts events into the log as one batch, and tries until Redis has taken it
// or ctx ends.
func (t *Term) Append(ctx context.Context, events []faultline.Event) error {
	return t.leader.append(ctx, t.lease, t.writer, events)
}

// Deliveries is where messages to webhooks wait during this term.
func (t *Term) Deliveries() Deliveries { return Deliveries{&t.leader.store.Hooks, t.lease} }

// Notifications is where messages to browsers wait during this term.
func (t *Term) Notifications() Deliveries { return Deliveries{t.leader.store.Pushes(), t.lease} }

// Archive is how incidents are moved into the archive during this term.
func (t *Term) Archive() Archive { return Archive{t.leader.store, t.lease} }

// SaveConcentration keeps what was counted of a day, in place of an earlier count of it.
func (t *Term) SaveConcentration(ctx context.Context, day faultline.ConcentrationDay) error {
	return t.leader.store.SaveConcentration(ctx, t.lease, day)
}

// Archive is the store as what keeps old incidents needs it.
type Archive struct {
	store *store.Store
	lease store.Lease
}

// Propose makes a file known that replaces incidents of Redis once all nodes hold it.
func (a Archive) Propose(ctx context.Context, p store.Proposal) error {
	return a.store.Propose(ctx, a.lease, p)
}

// Move takes the incidents of a proposed file out of Redis.
func (a Archive) Move(ctx context.Context, p store.Proposal) error {
	return a.store.Move(ctx, a.lease, p)
}

// Deliveries is the store as the dispatcher of webhooks or notifications needs it, for the time of one term:
// a dispatcher of an older leader can queue nothing more.
type Deliveries struct {
	*store.Hooks
	lease store.Lease
}

// Position is the change up to which messages are queued, "" at the start.
func (d Deliveries) Position(ctx context.Context) (string, error) { return d.WebhookPosition(ctx) }

// Queue adds messages, those that wait already excepted, and moves the position, in
// one step. It returns how many there was no room for.
func (d Deliveries) Queue(ctx context.Context, position string, messages []faultline.Delivery) (int, error) {
	return d.QueueDeliveries(ctx, d.lease, position, messages)
}

// Due returns up to limit messages whose time has come, the earliest first.
func (d Deliveries) Due(ctx context.Context, now time.Time, limit int) ([]faultline.Delivery, error) {
	return d.DueDeliveries(ctx, now, limit)
}

// Postpone replaces a message whose attempt failed.
func (d Deliveries) Postpone(ctx context.Context, m faultline.Delivery) error {
	return d.PostponeDelivery(ctx, m)
}

// End removes a message. dead is what is kept of one that was given up.
func (d Deliveries) End(ctx context.Context, id, webhook string, dead []byte) error {
	return d.EndDelivery(ctx, id, webhook, dead)
}
