package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"log/slog"
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
	say       Speaker       // of notifications; nil for webhooks
	askEvery  time.Duration // between two looks at what owners ask for; 0: each time
}

// NewDispatcher returns one that reads changes from source; providers are those that
// filters may name. It calls public addresses alone.
func NewDispatcher(source Source, providers *faultline.Providers, now func() time.Time, log *slog.Logger,
	registry prometheus.Registerer) *Dispatcher {
	sent := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "faultline_webhook_messages_total",
		Help: "Messages to webhooks: queued, taken, failed (tried again later), dead (given up), or dropped for " +
			"want of room."}, []string{"outcome"})
	return newDispatcher(source, providers, now, log, sent, registry)
}

// newDispatcher returns one that counts in sent.
func newDispatcher(source Source, providers *faultline.Providers, now func() time.Time, log *slog.Logger,
	sent *prometheus.CounterVec, registry prometheus.Registerer) *Dispatcher {
	if registry != nil {
		registry.MustRegister(sent)
	}
	return &Dispatcher{source: source, providers: providers, sender: newSender(), now: now, log: log,
		every: dispatchEvery, sent: sent}
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

// sendOne tries one message once and notes what becomes of it. It returns when a
// message that failed is tried again, and whether the webhook is gone.
func (d *Dispatcher) sendOne(ctx context.Context, box Outbox, w Hook, q queued) (next time.Time, gone bool, err error) {
	began := d.now()
	r := d.post(ctx, w, q, began)
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
	case r.gone || q.message.Attempts >= w.tries():
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

// post sends one message once.
func (d *Dispatcher) post(ctx context.Context, w Hook, q queued, now time.Time) result {
	if w.Format == FormatPush {
		return d.sender.sendPush(ctx, w, q.message.Incident, q.message.Body)
	}
	return d.sender.send(ctx, w, q.ID, now, q.message.Body)
}

// tries is how often a message is sent at most.
func (w Hook) tries() int {
	if w.Format == FormatPush {
		return pushTries
	}
	return len(backoff) + 1
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
