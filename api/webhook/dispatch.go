package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"faultline"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
)

// Outbox keeps messages until they are taken or given up. Only the node that leads
// writes to it. Package store has it.
type Outbox interface {
	Store
	Position(ctx context.Context) (string, error)
	// Queue adds messages, but for those that are there, and moves the position.
	Queue(ctx context.Context, position string, messages []faultline.Delivery) (left int, err error)
	Due(ctx context.Context, now time.Time, limit int) ([]faultline.Delivery, error)
	Postpone(ctx context.Context, m faultline.Delivery) error
	End(ctx context.Context, id, webhook string, dead []byte) error
	// NoteAttempt keeps one try among the last ones of its webhook.
	NoteAttempt(ctx context.Context, webhook string, attempt []byte) error
}

// Source is where changes come from. Package store has it.
type Source interface {
	// Changes returns up to limit changes behind the position after, oldest first,
	// without waiting where block is 0; behind "", the last limit that are kept. It
	// fails with [faultline.ErrNotFound] where some behind after are no longer kept.
	Changes(ctx context.Context, after string, limit int, block time.Duration) ([]faultline.Change, error)
	// Incident returns one revision with all its sites.
	Incident(ctx context.Context, id string, revision int) (faultline.Incident, error)
}

const (
	changesAtOnce = 256
	firstChanges  = 1_024
	dispatchEvery = time.Second
	maxBefore     = 4_096 // incidents whose last revision is remembered
)

// backoff is how long after each try the next one comes; behind the last it is
// given up.
var backoff = []time.Duration{
	5 * time.Second,
	30 * time.Second,
	5 * time.Minute,
	30 * time.Minute,
	2 * time.Hour,
	5 * time.Hour,
	10 * time.Hour,
}

// queuedMessage is what an Outbox keeps of a message.
type queuedMessage struct {
	Webhook  string          `json:"webhook"`
	Type     string          `json:"type,omitempty"`
	Incident string          `json:"incident"`
	Revision int             `json:"revision"`
	Attempts int             `json:"attempts"`
	Body     json.RawMessage `json:"body"`
}

// The types of [Message].
const (
	TypeUpdated   = "incident.updated"
	TypeTest      = "test"
	TypeChallenge = "challenge"
)

// Message is the body that a webhook is sent.
type Message struct {
	Type      string              `json:"type"` // one of the types above
	Timestamp time.Time           `json:"timestamp"`
	Data      *faultline.Incident `json:"data"` // in the form of the list; null in a test and in a challenge
	// Challenge is what the receiver answers to show that it wants messages: as the member
	// challenge of an object of JSON, or alone. Empty in every other message.
	Challenge string `json:"challenge,omitempty"`
}

// Dispatcher sends what changes to the webhooks that want it. Only the node that
// leads runs one.
type Dispatcher struct {
	PublicURL string // put before the paths of links in messages for people; set before Run
	source    Source
	providers *faultline.Providers // that filters may name
	sender    *sender
	now       func() time.Time
	log       *slog.Logger
	sent      *prometheus.CounterVec
	every     time.Duration
}

// NewDispatcher returns one that reads changes from source; providers are those that
// filters may name. It calls public addresses alone.
func NewDispatcher(source Source, providers *faultline.Providers, now func() time.Time, log *slog.Logger,
	registry prometheus.Registerer) *Dispatcher {
	d := &Dispatcher{source: source, providers: providers, sender: newSender(), now: now, log: log,
		every: dispatchEvery,
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_webhook_messages_total",
			Help: "Messages to webhooks: queued, taken, failed (tried again later), dead (given up), or dropped for " +
				"want of room."}, []string{"outcome"})}
	if registry != nil {
		registry.MustRegister(d.sent)
	}
	return d
}

// Run queues and sends until ctx ends or the outbox is another node's.
func (d *Dispatcher) Run(ctx context.Context, box Outbox) error {
	g, ctx := errgroup.WithContext(ctx)
	l := newLanes(d, box)
	g.Go(func() error {
		defer l.inFlight.Wait()
		return d.repeat(ctx, func() error { return l.step(ctx) })
	})
	q := &queuer{Dispatcher: d, box: box, before: map[string]*faultline.Incident{}}
	g.Go(func() error { return d.repeat(ctx, func() error { return q.step(ctx) }) })
	return g.Wait()
}

// repeat does a step once a second; what fails for a moment is tried again.
func (d *Dispatcher) repeat(ctx context.Context, step func() error) error {
	failing := false
	for ctx.Err() == nil {
		err := step()
		if errors.Is(err, faultline.ErrNotLeader) {
			return err
		}
		if err != nil && ctx.Err() == nil && !failing {
			d.log.Warn("webhooks wait", slog.Any("error", err))
		}
		failing = err != nil
		pause(ctx, d.every)
	}
	return ctx.Err()
}

// queuer makes messages of changes.
type queuer struct {
	*Dispatcher
	box    Outbox
	before map[string]*faultline.Incident
}

// step queues the messages of the changes behind the position, and tests.
func (q *queuer) step(ctx context.Context) error {
	kept, err := q.box.Webhooks(ctx)
	if err != nil {
		return err
	}
	if err := q.asked(ctx, Read(kept)); err != nil {
		return err
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

// change queues the messages of one change.
func (q *queuer) change(ctx context.Context, hooks []Hook, c faultline.Change) error {
	before, err := q.asItWas(ctx, c.Incident)
	if err != nil {
		return err
	}
	listed := c.Incident.Listed()
	say := Message{Type: TypeUpdated, Timestamp: listed.UpdatedAt, Data: &listed}
	var messages []faultline.Delivery
	for _, w := range hooks {
		f, ok := w.filter(q.providers)
		if !ok || !f.Takes(&c.Incident) && (before == nil || !f.Takes(before)) {
			continue
		}
		if !w.wantsEach() && before != nil && before.State == c.Incident.State && f.Takes(before) {
			continue
		}
		body, err := w.render(say, q.PublicURL)
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
	q.before[c.Incident.ID] = &c.Incident
	return nil
}

// message is a message as it waits in the store, due at once.
func (q *queuer) message(id string, m queuedMessage) (faultline.Delivery, error) {
	data, err := json.Marshal(m)
	return faultline.Delivery{ID: id, Due: faultline.Millis(q.now()), Data: data}, err
}

// queue stores messages and the position up to which changes were seen, in one step. What
// there was no room for is counted as dropped.
func (q *queuer) queue(ctx context.Context, position string, messages []faultline.Delivery) error {
	left, err := q.box.Queue(ctx, position, messages)
	if err == nil {
		q.sent.WithLabelValues("queued").Add(float64(len(messages) - left))
		q.sent.WithLabelValues("dropped").Add(float64(left))
	}
	return err
}

// asItWas returns an incident as it was one revision earlier. A webhook whose filter took that
// revision is sent this one too, so that its receiver learns that the incident left the filter.
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

// sendOne tries one message once and notes what becomes of it. It returns when a
// message that failed is tried again, and whether the webhook is gone.
func (d *Dispatcher) sendOne(ctx context.Context, box Outbox, w Hook, q queued) (next time.Time, gone bool, err error) {
	began := d.now()
	r := d.sender.send(ctx, w, q.ID, began, q.message.Body)
	r.took = d.now().Sub(began)
	q.message.Attempts++
	switch {
	case ctx.Err() != nil: // cut off: it is sent again, under the same id
		return next, false, ctx.Err()
	case r.reason == "":
		d.sent.WithLabelValues("taken").Inc()
		if q.message.Type == TypeChallenge && w.Proves(r.answer) {
			err = change(ctx, box, w.ID, Proved)
		}
		return next, false, errors.Join(err, note(ctx, box, q, r, began, OutcomeTaken), box.End(ctx, q.ID, w.ID, nil))
	case r.gone || q.message.Attempts > len(backoff):
		err = note(ctx, box, q, r, began, OutcomeGivenUp)
		return next, r.gone, errors.Join(err, d.giveUp(ctx, box, w, q, r.reason, r.gone))
	}
	d.sent.WithLabelValues("failed").Inc()
	if err = note(ctx, box, q, r, began, OutcomeFailed); err != nil {
		return next, false, err
	}
	q.Due = faultline.Millis(d.now().Add(backoff[q.message.Attempts-1]))
	if q.Data, err = json.Marshal(q.message); err != nil {
		return next, false, err
	}
	return q.Due, false, box.Postpone(ctx, q.Delivery)
}

// giveUp puts a message among the dead. If the receiver answered that it is gone, the webhook
// is deleted, since every later message would fail too.
func (d *Dispatcher) giveUp(ctx context.Context, box Outbox, w Hook, q queued, reason string, gone bool) error {
	d.sent.WithLabelValues("dead").Inc()
	dead, err := json.Marshal(DeadDelivery{ID: q.ID, At: faultline.Millis(d.now()), Attempts: q.message.Attempts,
		Reason: reason, Incident: q.message.Incident, Revision: q.message.Revision})
	if err != nil {
		return err
	}
	if gone {
		if err := box.DeleteWebhook(ctx, w.ID); err != nil {
			return err
		}
	}
	return box.End(ctx, q.ID, w.ID, dead)
}

// shortID makes an id of 12 letters and digits, the same for the same parts.
func shortID(of ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(of, "\n")))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:12])
}

// pause waits until ctx ends or d has passed.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
