package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"faultline"
)

const (
	// dueAtOnce bounds the messages that one read of the outbox brings.
	dueAtOnce = 2_048
	// lanesAtOnce bounds the receivers that are called at once.
	lanesAtOnce = 256
	// maxPause bounds how long a receiver that fails keeps its other messages
	// waiting; the one that failed waits for its own next try.
	maxPause = 5 * time.Minute
)

// queued is a message with what is known of it.
type queued struct {
	faultline.Delivery
	message queuedMessage
}

// lane is what one receiver is sent, one message after the other, so that a
// receiver that hangs delays no other.
type lane struct {
	busy  bool
	until time.Time // after a failure: nothing is sent before
	// ended is the step during which it was last done. What that step read of the
	// outbox may have been sent meanwhile.
	ended int
}

// lanes hand messages to receivers.
type lanes struct {
	*Dispatcher
	box Outbox

	mu       sync.Mutex
	byHook   map[string]*lane
	running  int
	steps    int
	inFlight sync.WaitGroup
	lost     error // that another node leads now
}

// newLanes returns the lanes of a term: none yet.
func newLanes(d *Dispatcher, box Outbox) *lanes {
	return &lanes{Dispatcher: d, box: box, byHook: map[string]*lane{}}
}

// step starts what is due and can be sent now. It waits for no receiver.
func (l *lanes) step(ctx context.Context) error {
	l.mu.Lock()
	l.steps++
	lost := l.lost
	l.mu.Unlock()
	if lost != nil {
		return lost
	}
	due, err := l.box.Due(ctx, l.now(), dueAtOnce)
	if err != nil || len(due) == 0 {
		return err
	}
	kept, err := l.box.Webhooks(ctx)
	if err != nil {
		return err
	}
	hooks := map[string]Hook{}
	for _, w := range Read(kept) {
		hooks[w.ID] = w
	}
	byHook, err := l.sort(ctx, due, hooks)
	if err != nil {
		return err
	}
	for id, messages := range byHook {
		l.start(ctx, hooks[id], messages)
	}
	l.forget(hooks)
	return nil
}

// sort puts messages into the order in which their receivers get them: those due first
// first, and of one moment the earlier revision. What nobody wants any more is taken
// out of the outbox. A message that cannot be read belongs to no webhook and is taken
// out, too.
func (l *lanes) sort(ctx context.Context, due []faultline.Delivery,
	hooks map[string]Hook) (map[string][]queued, error) {
	byHook := map[string][]queued{}
	for _, d := range due {
		q := queued{Delivery: d}
		if json.Unmarshal(d.Data, &q.message) != nil {
			q.message.Webhook = "unreadable"
		}
		id := q.message.Webhook
		if _, there := hooks[id]; !there {
			if err := l.box.End(ctx, d.ID, id, nil); err != nil {
				return nil, err
			}
			continue
		}
		byHook[id] = append(byHook[id], q)
	}
	for _, messages := range byHook {
		slices.SortStableFunc(messages, func(a, b queued) int {
			return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.message.Revision, b.message.Revision))
		})
	}
	return byHook, nil
}

// start sends a receiver its messages, unless that is under way or it has just failed.
// Beyond the bound of receivers, the rest is read again at the next step.
func (l *lanes) start(ctx context.Context, w Hook, messages []queued) {
	l.mu.Lock()
	defer l.mu.Unlock()
	la := l.byHook[w.ID]
	if la == nil {
		la = &lane{}
		l.byHook[w.ID] = la
	}
	if la.busy || la.ended == l.steps || l.running >= lanesAtOnce || l.now().Before(la.until) {
		return
	}
	la.busy = true
	l.running++
	l.inFlight.Go(func() {
		until, err := l.deliver(ctx, w, messages)
		l.mu.Lock()
		defer l.mu.Unlock()
		la.busy, la.until, la.ended = false, until, l.steps
		l.running--
		if err != nil && ctx.Err() == nil {
			l.log.Warn("a message to a webhook could not be noted as sent", slog.String("webhook", w.ID),
				slog.Any("error", err))
			l.lost = cmp.Or(l.lost, err)
		}
	})
}

// deliver sends messages until one fails. What was not tried stays due: it is sent when
// the receiver may be called again. The order is kept for a receiver while it works;
// after a failure later messages may overtake the one that failed, and carry their
// revision for that reason.
func (l *lanes) deliver(ctx context.Context, w Hook, messages []queued) (until time.Time, err error) {
	for _, q := range messages {
		next, gone, err := l.sendOne(ctx, l.box, w, q)
		if err != nil || gone {
			return time.Time{}, err
		}
		if !next.IsZero() {
			return earlier(next, l.now().Add(maxPause)), nil
		}
	}
	return time.Time{}, nil
}

// earlier is the earlier of two times.
func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// forget lets go of the lanes of webhooks that are gone.
func (l *lanes) forget(hooks map[string]Hook) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, la := range l.byHook {
		if _, there := hooks[id]; !there && !la.busy {
			delete(l.byHook, id)
		}
	}
}
