package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
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

// Proves reports whether the answer to a challenge holds it: as the member challenge of
// an object of JSON, or alone. Both are allowed because a receiver may be a few lines
// of any language.
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

// Unproven reports whether nobody has shown yet that the receiver wants messages. Until
// then only the challenge is sent, so that nobody can have a stranger's server called
// with every outage.
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
	// First it is noted, so that a node that takes over does not queue it again under
	// another id.
	if err := change(ctx, q.box, w.ID, w.queued); err != nil || len(messages) == 0 {
		return err
	}
	if err := q.queue(ctx, "", messages); err != nil {
		return errors.Join(err, change(ctx, q.box, w.ID, w.waits))
	}
	return nil
}

// queued notes in the webhook as it is now that what w asked for is queued. What was asked
// for meanwhile stays, and so does the proof of a receiver that answered meanwhile.
func (w Hook) queued(now *Hook) error {
	now.Challenged = now.Unproven()
	if now.TestAt != nil && w.TestAt != nil && now.TestAt.Equal(*w.TestAt) {
		now.TestAt = nil
	}
	now.Again = slices.DeleteFunc(now.Again, func(m Again) bool { return slices.Contains(w.Again, m) })
	return nil
}

// waits takes back what queued noted.
func (w Hook) waits(now *Hook) error {
	now.Challenged = now.Unproven() && w.Challenged
	now.TestAt = cmp.Or(now.TestAt, w.TestAt)
	now.Again = append(slices.Clone(w.Again), now.Again...)
	return nil
}

// identified is a message with its webhook-id.
type identified struct {
	Message
	id string
}

// says returns what the owner of a webhook asked to have sent: a challenge that was not
// sent yet, a test, and messages that were sent before. A request for a test that is
// older than ten minutes is forgotten: nobody waits for it any more.
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

// change changes a webhook, unless its owner has removed it meanwhile.
func change(ctx context.Context, box Outbox, id string, change func(*Hook) error) error {
	err := Change(ctx, box, id, change)
	if errors.Is(err, faultline.ErrNotFound) {
		return nil
	}
	return err
}

// Proved notes that the receiver of a webhook wants its messages.
func Proved(w *Hook) error {
	w.Challenge, w.Challenged = "", false
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

// note keeps one try in the log of its webhook. It is what the owner sees under the
// webhook, to find out why nothing arrives.
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
