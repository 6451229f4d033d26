package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"faultline"
)

const (
	// askedWithin is how long the request of an owner for a test is remembered.
	askedWithin = 10 * time.Minute
	// unprovenFor is how long a receiver has to answer its challenge.
	unprovenFor = time.Hour
	// MaxAgain bounds the messages of one webhook that wait to be sent again.
	MaxAgain = 20
)

// Again is a message that its owner asked to have sent again.
type Again struct {
	ID       string `json:"id"` // webhook-id: the same as before
	Incident string `json:"incident"`
	Revision int    `json:"revision"`
}

// NewChallenge makes what a receiver must answer. It can't be guessed.
func NewChallenge() string { return rand.Text() }

// Proves reports whether the answer to a challenge holds it: as the member challenge of an
// object of JSON, or alone.
func (w Hook) Proves(answer []byte) bool {
	var object struct {
		Challenge string `json:"challenge"`
	}
	answer = bytes.TrimSpace(answer)
	if json.Unmarshal(answer, &object) == nil && object.Challenge != "" {
		return object.Challenge == w.Challenge
	}
	return w.Challenge != "" && string(answer) == w.Challenge
}

// Unproven reports whether nobody has shown yet that the receiver wants messages.
func (w Hook) Unproven() bool { return w.Challenge != "" }

// over reports whether a webhook ends: its key has, or its receiver never answered.
func (w Hook) over(now time.Time) bool {
	return w.Expires != nil && now.After(*w.Expires) || w.Unproven() && now.Sub(w.Created) > unprovenFor
}

// asked queues what owners of webhooks asked for, and removes the webhooks that have ended.
func (q *queuer) asked(ctx context.Context, hooks []Hook) error {
	for _, w := range hooks {
		if w.over(q.now()) {
			if err := q.box.DeleteWebhook(ctx, w.ID); err != nil {
				return err
			}
			continue
		}
		if err := q.queueRequested(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// queueRequested queues what the owner of one webhook asked for.
func (q *queuer) queueRequested(ctx context.Context, w Hook) error {
	says, err := q.says(ctx, w)
	if err != nil || len(says) == 0 && len(w.Again) == 0 {
		return err
	}
	messages := make([]faultline.Delivery, 0, len(says))
	for _, s := range says {
		body, err := w.render(s.Message, q.PublicURL)
		if err != nil {
			return err
		}
		m := queuedMessage{Webhook: w.ID, Type: s.Type, Body: body}
		if s.Data != nil {
			m.Incident, m.Revision = s.Data.ID, s.Data.Revision
		}
		queued, err := q.message(s.id, m)
		if err != nil {
			return err
		}
		messages = append(messages, queued)
	}
	// First it is noted, so that what the owner does meanwhile is not overwritten later.
	was := w
	w.Challenged, w.TestAt, w.Again = w.Unproven(), nil, nil
	if err := q.save(ctx, w); err != nil || len(messages) == 0 {
		return err
	}
	if err := q.queue(ctx, "", messages); err != nil {
		return errors.Join(err, q.save(ctx, was))
	}
	return nil
}

// identified is a message with its webhook-id.
type identified struct {
	Message
	id string
}

// says returns what the owner of a webhook asked to have sent: a challenge that was not
// sent yet, a test, and messages that were sent before.
func (q *queuer) says(ctx context.Context, w Hook) (says []identified, err error) {
	if w.Unproven() && !w.Challenged {
		says = append(says, identified{Message{Type: TypeChallenge, Timestamp: w.Created, Challenge: w.Challenge},
			"msg_" + shortID(w.ID, TypeChallenge)})
	}
	if w.TestAt != nil && q.now().Sub(*w.TestAt) <= askedWithin {
		says = append(says, identified{Message{Type: TypeTest, Timestamp: *w.TestAt},
			"msg_" + shortID(w.ID, TypeTest, w.TestAt.Format(time.RFC3339Nano))})
	}
	for _, again := range w.Again {
		inc, err := q.source.Incident(ctx, again.Incident, again.Revision)
		if errors.Is(err, faultline.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		listed := inc.Listed()
		says = append(says,
			identified{Message{Type: TypeUpdated, Timestamp: listed.UpdatedAt, Data: &listed}, again.ID})
	}
	return says, nil
}

// save stores a webhook as it is now.
func (q *queuer) save(ctx context.Context, w Hook) error {
	data, err := json.Marshal(w) //nolint:gosec // the store must have what the receiver is signed to by
	if err != nil {
		return err
	}
	return q.box.SaveWebhook(ctx, w.ID, data)
}

// prove notes that the receiver of a webhook has answered its challenge. What is kept of
// the webhook is read anew: its owner may have changed it.
func (d *Dispatcher) prove(ctx context.Context, box Outbox, id string) error {
	kept, err := box.Webhooks(ctx)
	if err != nil {
		return err
	}
	for _, w := range Read(kept) {
		if w.ID != id {
			continue
		}
		w.Challenge, w.Challenged = "", false
		data, err := json.Marshal(w) //nolint:gosec // the store must have what the receiver is signed to by
		if err != nil {
			return err
		}
		return box.SaveWebhook(ctx, id, data)
	}
	return nil
}

// Attempt is one try to deliver a message.
type Attempt struct {
	Message string    `json:"message"` // webhook-id
	Type    string    `json:"type"`
	At      time.Time `json:"at"`
	Try     int       `json:"try"` // 1 is the first
	// Outcome is taken, failed (it is tried again) or given_up.
	Outcome string `json:"outcome" enums:"taken,failed,given_up"`
	Status  int    `json:"status"` // of the answer; 0: there was none
	Reason  string `json:"reason"` // why it was not taken; empty if it was
	TookMS  int64  `json:"took_ms"`
	// Incident and Revision are what the message was about; empty and 0 in tests.
	Incident string `json:"incident"`
	Revision int    `json:"revision"`
}

// The outcomes of an [Attempt].
const (
	OutcomeTaken   = "taken"
	OutcomeFailed  = "failed"
	OutcomeGivenUp = "given_up"
)

// note keeps one try in the log of its webhook.
func note(ctx context.Context, box Outbox, q queued, r result, at time.Time, outcome string) error {
	kind := q.message.Type
	if kind == "" { // queued by a release before this one
		kind = TypeUpdated
	}
	data, err := json.Marshal(Attempt{Message: q.ID, Type: kind, At: faultline.Millis(at), Try: q.message.Attempts,
		Outcome: outcome, Status: r.status, Reason: r.reason, TookMS: r.took.Milliseconds(),
		Incident: q.message.Incident, Revision: q.message.Revision})
	if err != nil {
		return err
	}
	return box.NoteAttempt(ctx, q.message.Webhook, data)
}
