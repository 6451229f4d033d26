package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"
	"faultline/board/boardtest"
)

func (x *dispatched) attempts() (all []Attempt) {
	x.t.Helper()
	texts, _ := x.box.Attempts(x.t.Context(), x.hook.ID)
	for _, text := range texts {
		var a Attempt
		if err := json.Unmarshal(text, &a); err != nil {
			x.t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

// unproven makes the webhook one whose receiver must answer a challenge first.
func (x *dispatched) unproven() {
	x.hook.Challenge = NewChallenge()
	x.save(x.hook)
}

// A receiver that answers its challenge gets what happens from then on, and nothing
// before.
func TestChallengeIsAnswered(t *testing.T) {
	for name, form := range map[string]string{"as JSON": `{"challenge":"%"}`, "alone": "%\n"} {
		t.Run(name, func(t *testing.T) {
			x := newDispatched(t, "", 200)
			x.unproven()
			x.to.answer = strings.ReplaceAll(form, "%", x.hook.Challenge)
			x.box.At = boardtest.Position(0)
			x.start()
			boardtest.Eventually(t, "it is proven", func() bool { return !x.stored().Unproven() })
			var say Message
			if err := json.Unmarshal(x.to.body(0), &say); err != nil || say.Type != TypeChallenge ||
				say.Challenge != x.hook.Challenge || say.Data != nil {
				t.Errorf("%s: %v", x.to.body(0), err)
			}
			x.source.Publish(caused(0, "cdn:fastly", "a.example"))
			boardtest.Eventually(t, "an incident", func() bool { return x.to.count() >= 2 })
		})
	}
}

// during does something just before changes are read the first time.
type during struct {
	Source
	once sync.Once
	do   func()
}

func (d *during) Changes(ctx context.Context, after string, limit int, block time.Duration,
) ([]faultline.Change, error) {
	d.once.Do(d.do)
	return d.Source.Changes(ctx, after, limit, block)
}

// What is published right after a webhook was proven is sent to it, also when a step that
// queues messages was under way just then.
func TestAWebhookThatIsProvenDuringAStepMissesNothing(t *testing.T) {
	for _, from := range []string{beginning, boardtest.Position(1)} {
		x := newDispatched(t, "", 200)
		x.hook.Challenged = true
		x.unproven()
		if from != beginning {
			x.source.Publish(caused(0, "cdn:fastly", "a.example"))
		}
		x.box.At = from
		x.d.source = &during{Source: x.source, do: func() {
			x.hook.Challenge, x.hook.Challenged = "", false
			x.save(x.hook)
			x.source.Publish(caused(1, "dns:dyn", "b.example"))
		}}
		q := &queuer{Dispatcher: x.d, box: x.box, before: map[string]*faultline.Incident{}}
		if err := q.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if due, _ := x.box.Due(t.Context(), x.clock.Now(), 9); len(due) != 1 {
			t.Errorf("from %s: %d messages are queued, not one", from, len(due))
		}
	}
}

// full is an outbox that can't be written to at first.
type full struct {
	Outbox
	fails int
}

func (f *full) Queue(ctx context.Context, position string, messages []faultline.Delivery) (int, error) {
	if f.fails--; f.fails >= 0 {
		return 0, faultline.ErrUnavailable
	}
	return f.Outbox.Queue(ctx, position, messages)
}

// A change of state that could not be queued at once is queued later all the same.
func TestAChangeOfStateIsQueuedAfterAFailure(t *testing.T) {
	x := newDispatched(t, "", 200)
	x.hook.Format = FormatSlack
	x.save(x.hook)
	x.box.At = boardtest.Position(0)
	x.source.Publish(caused(0, "cdn:fastly", "a.example"))
	q := &queuer{Dispatcher: x.d, box: &full{Outbox: x.box, fails: 1}, before: map[string]*faultline.Incident{}}
	if err := q.step(t.Context()); !errors.Is(err, faultline.ErrUnavailable) {
		t.Fatal(err)
	}
	if err := q.step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if due, _ := x.box.Due(t.Context(), x.clock.Now(), 9); len(due) != 1 {
		t.Errorf("%d messages are queued, not one", len(due))
	}
}

// A receiver that does not is sent nothing else, and is forgotten after an hour.
func TestUnprovenReceiversAreSentNothing(t *testing.T) {
	x := newDispatched(t, "", 200)
	x.unproven()
	x.to.answer = `{"challenge":"another"}`
	x.box.At = boardtest.Position(0)
	x.source.Publish(caused(0, "cdn:fastly", "a.example"))
	x.start()
	boardtest.Eventually(t, "the challenge is noted as taken", func() bool { return len(x.attempts()) == 1 })
	boardtest.Eventually(t, "the change has passed",
		func() bool { at, _ := x.box.Position(t.Context()); return at == boardtest.Position(1) })
	x.clock.add(unprovenFor + time.Minute)
	boardtest.Eventually(t, "it is forgotten",
		func() bool { all, _ := x.box.Webhooks(t.Context()); return len(all) == 0 })
	if n := x.to.count(); n != 1 {
		t.Errorf("it was sent %d messages", n)
	}
}

// A webhook ends with the key that it was made with.
func TestWebhookEndsWithItsKey(t *testing.T) {
	x := newDispatched(t, "", 200)
	until := x.clock.Now().Add(time.Hour)
	x.hook.Expires = &until
	x.save(x.hook)
	x.start()
	x.clock.add(2 * time.Hour)
	boardtest.Eventually(t, "it is gone", func() bool { all, _ := x.box.Webhooks(t.Context()); return len(all) == 0 })
}

// Each try stands in the log, and what its owner asks for is sent again under its id.
func TestAttemptsAreKeptAndMessagesSentAgain(t *testing.T) {
	x := newDispatched(t, "", http.StatusInternalServerError)
	x.box.At = boardtest.Position(0)
	inc := caused(0, "cdn:fastly", "a.example")
	x.source.Publish(inc)
	x.start()
	boardtest.Eventually(t, "the first try is noted", func() bool { return len(x.attempts()) == 1 })
	// A try is noted before its message is put off: were the clock moved in between, the next
	// try would be due that much later.
	boardtest.Eventually(t, "its message is put off", func() bool {
		due, _ := x.box.Due(t.Context(), x.clock.Now(), 9)
		return len(due) == 0
	})
	x.to.mu.Lock()
	x.to.status = http.StatusOK
	x.to.mu.Unlock()
	x.clock.add(backoff[0])
	boardtest.Eventually(t, "the second is too", func() bool { return len(x.attempts()) == 2 })
	tries := x.attempts()
	second, first := tries[0], tries[1]
	if first.Outcome != OutcomeFailed || first.Status != 500 || first.Reason != "answered 500" || first.Try != 1 ||
		first.Type != TypeUpdated || first.Incident != inc.ID || first.Revision != 1 {
		t.Errorf("the first: %+v", first)
	}
	if second.Outcome != OutcomeTaken || second.Status != 200 || second.Try != 2 || second.Message != first.Message {
		t.Errorf("the second: %+v", second)
	}
	boardtest.Eventually(t, "nothing waits", func() bool {
		due, _ := x.box.Due(t.Context(), x.clock.Now().Add(time.Hour), 9)
		return len(due) == 0
	})
	w := x.stored()
	w.Again = []Again{{ID: first.Message, Incident: inc.ID, Revision: 1}, {ID: "msg_x", Incident: "inc_0", Revision: 1}}
	x.save(w)
	boardtest.Eventually(t, "it is sent again", func() bool { return len(x.attempts()) == 3 })
	if third := x.attempts()[0]; third.Message != first.Message || third.Outcome != OutcomeTaken {
		t.Errorf("the third: %+v", third)
	}
	if w := x.stored(); len(w.Again) != 0 {
		t.Errorf("it is still asked for: %+v", w.Again)
	}
}
