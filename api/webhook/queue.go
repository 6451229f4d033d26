package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"faultline"
)

// queuer makes messages of changes. It runs on the leader alone. Messages are stored
// before they are sent, so that a leader that ends loses none.
type queuer struct {
	*Dispatcher
	box    Outbox
	before map[string]*faultline.Incident
	ask    time.Time // when it next looks at what owners ask for
}

// step queues the messages of the changes behind the position, and tests. Changes that
// were trimmed before they were read are lost to receivers, which is logged as an
// error; it goes on with what is published from now on.
func (q *queuer) step(ctx context.Context) error {
	if !q.now().Before(q.ask) {
		kept, err := q.box.Webhooks(ctx)
		if err != nil {
			return err
		}
		if err := q.asked(ctx, Read(kept)); err != nil {
			return err
		}
		q.ask = q.now().Add(q.askEvery)
	}
	at, err := q.box.Position(ctx)
	if err != nil {
		return err
	}
	if at == "" {
		return q.begin(ctx)
	}
	if at == beginning {
		return q.first(ctx)
	}
	for {
		changes, err := q.source.Changes(ctx, at, changesAtOnce, 0)
		if errors.Is(err, faultline.ErrNotFound) {
			q.log.Error("changes were trimmed before webhooks were sent for them", slog.String("position", at))
			last, err := q.source.Changes(ctx, "", 1, 0)
			if err != nil || len(last) == 0 {
				return err
			}
			_, err = q.box.Queue(ctx, last[0].ID, nil)
			return err
		}
		if err != nil || len(changes) == 0 {
			return err
		}
		if err := q.changes(ctx, changes); err != nil {
			return err
		}
		at = changes[len(changes)-1].ID
	}
}

// changes queues the messages of changes that were read, for the webhooks that there are
// now. The webhooks are read after the changes: one that is made or proven while the
// changes are being read would otherwise miss what is published right after that.
func (q *queuer) changes(ctx context.Context, changes []faultline.Change) error {
	kept, err := q.box.Webhooks(ctx)
	if err != nil {
		return err
	}
	hooks := Read(kept)
	hooks = slices.DeleteFunc(hooks, func(w Hook) bool { return w.Unproven() || w.over(q.now()) })
	for _, c := range changes {
		if err := q.change(ctx, hooks, c); err != nil {
			return err
		}
	}
	return nil
}

// beginning is the position before the first change there ever was.
const beginning = "0"

// begin stores the position of the newest change the first time that a node dispatches, so
// that webhooks are not sent what was published before. If nothing was published yet, the
// first change will be sent.
func (q *queuer) begin(ctx context.Context) error {
	last, err := q.source.Changes(ctx, "", 1, 0)
	if err != nil {
		return err
	}
	at := beginning
	if len(last) > 0 {
		at = last[0].ID
	}
	_, err = q.box.Queue(ctx, at, nil)
	return err
}

// first queues the messages of the first changes that there ever were. A source
// knows no position before the first one, so that the last ones are read: nobody
// publishes as many within a second.
func (q *queuer) first(ctx context.Context) error {
	changes, err := q.source.Changes(ctx, "", firstChanges, 0)
	if err != nil || len(changes) == 0 {
		return err
	}
	if len(changes) == firstChanges {
		q.log.Warn("there may have been changes before the first one that webhooks are sent")
	}
	return q.changes(ctx, changes)
}

// change queues the messages of one change. The id of a message is made from webhook,
// incident and change, so a change that is read twice gives the same id, by which a
// receiver drops the repeat.
func (q *queuer) change(ctx context.Context, hooks []Hook, c faultline.Change) error {
	before, err := q.asItWas(ctx, c.Incident)
	if err != nil {
		return err
	}
	inc, err := q.whole(ctx, c.Incident)
	if err != nil {
		return err
	}
	listed := inc.Listed()
	say := Message{Type: TypeUpdated, Timestamp: listed.UpdatedAt, Data: &listed}
	var messages []faultline.Delivery
	for _, w := range hooks {
		if f, ok := w.filter(q.providers); !ok || !w.wants(&f, &inc, before) {
			continue
		}
		body, err := q.body(w, say)
		if err != nil {
			return err
		}
		m, err := q.message("msg_"+shortID(w.ID, c.Incident.ID, c.ID), queuedMessage{
			Webhook: w.ID, Type: TypeUpdated, Incident: listed.ID, Revision: listed.Revision, Body: body})
		if err != nil {
			return err
		}
		messages = append(messages, m)
	}
	if err := q.queue(ctx, c.ID, messages); err != nil {
		return err
	}
	// Only now: a change that could not be queued is read again, and must not be compared
	// with itself then.
	// One with many sites is read from the source again, so that a large outage takes no room
	// here.
	if delete(q.before, inc.ID); c.Incident.SitesTotal <= len(c.Incident.Sites) {
		q.before[inc.ID] = &c.Incident
	}
	return nil
}

// wants reports whether a webhook is sent an incident that was before one revision earlier;
// nil: it is new. One that the filter took and takes no longer is sent once more, so that its
// receiver learns of it.
func (w Hook) wants(f *faultline.Filter, inc, before *faultline.Incident) bool {
	took := before != nil && f.Takes(before)
	if !took && !f.Takes(inc) || w.Format == FormatPush && !notifies(inc) {
		return false
	}
	return w.wantsEach() || !took || before.State != inc.State
}

// body writes a message in the form of a webhook.
func (d *Dispatcher) body(w Hook, m Message) ([]byte, error) {
	if w.Format == FormatPush {
		return d.notification(w, m.Data)
	}
	return w.render(m, d.PublicURL)
}

// whole is an incident with all its sites, of which a change carries the first ones:
// filters see the others too. Where the source has it no more, what the change says
// must do.
func (q *queuer) whole(ctx context.Context, inc faultline.Incident) (faultline.Incident, error) {
	if inc.SitesTotal <= len(inc.Sites) {
		return inc, nil
	}
	all, err := q.source.Incident(ctx, inc.ID, inc.Revision)
	if errors.Is(err, faultline.ErrNotFound) {
		return inc, nil
	}
	return all, err
}

// message is a message as it waits in the store, due at once.
func (q *queuer) message(id string, m queuedMessage) (faultline.Delivery, error) {
	data, err := json.Marshal(m)
	return faultline.Delivery{ID: id, Due: faultline.Millis(q.now()), Data: data}, err
}

// queue stores messages and the position up to which changes were seen, in one step.
// What there was no room for is counted as dropped. Either both are stored or neither,
// or a message would be lost or sent twice.
func (q *queuer) queue(ctx context.Context, position string, messages []faultline.Delivery) error {
	left, err := q.box.Queue(ctx, position, messages)
	if err == nil {
		q.sent.WithLabelValues("queued").Add(float64(len(messages) - left))
		q.sent.WithLabelValues("dropped").Add(float64(left))
	}
	return err
}

// asItWas returns an incident as it was one revision earlier. A webhook whose filter
// took that revision is sent this one too, so that its receiver learns that the
// incident left the filter. Its memory is bounded by forgetting all of it at once; what
// is missing is read again.
func (q *queuer) asItWas(ctx context.Context, inc faultline.Incident) (*faultline.Incident, error) {
	before := q.before[inc.ID]
	if before == nil && inc.Revision > 1 {
		old, err := q.source.Incident(ctx, inc.ID, inc.Revision-1)
		if err != nil && !errors.Is(err, faultline.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			before = &old
		}
	}
	if len(q.before) >= maxBefore {
		clear(q.before)
	}
	return before, nil
}

// filter chooses the incidents that a webhook is sent. One that can't be read was
// not written by us, and chooses none.
func (w Hook) filter(providers *faultline.Providers) (f faultline.Filter, ok bool) {
	query, err := url.ParseQuery(w.Filter)
	if err != nil {
		return f, false
	}
	// The name of a site was normalised when the webhook was made.
	f, err = faultline.ReadFilter(
		query,
		func(site string) (faultline.SiteRecord, error) { return faultline.SiteRecord{Site: site}, nil },
		providers,
	)
	return f, err == nil
}
