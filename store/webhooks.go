package store

import (
	"context"
	"errors"
	"faultline"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Bounds of what webhooks keep.
const (
	maxWebhooks = 1_000
	// A receiver that is away keeps its messages in Redis, whose memory the log shares.
	maxDeliveries = 100_000
	// Both bounds hold: the newest 50, and none older than 30 days.
	keptDead  = 50
	keepDead  = 30 * 24 * time.Hour
	keptTries = 100
	keepTries = 7 * 24 * time.Hour
	// maxOthers is how many webhooks there may be when one is added that belongs to nobody
	// whom the operator knows: strangers leave room for the operator's own.
	maxOthers = 800
)

// Hooks keeps who is sent messages, and the messages that wait for them. There are two of
// them, with keys of their own, so that many subscriptions of browsers never make webhooks
// wait: [Store] is the one of webhooks, and [Store.Pushes] that of browsers.
type Hooks struct {
	store *Store
	keys  hookKeys
}

// hookKeys are the keys of one [Hooks]. Where dead and tries are empty, nothing is kept of
// what was sent.
type hookKeys struct{ hooks, at, due, deliveries, dead, tries string }

// Where webhooks are, and where subscriptions of browsers are.
var (
	webhookKeys = hookKeys{keyWebhooks, keyWebhookAt, keyDue, keyDeliveries, prefixDead, prefixTries}
	pushKeys    = hookKeys{hooks: keyPushes, at: keyPushAt, due: keyPushDue, deliveries: keyPushDeliveries}
)

// ReplaceWebhook stores what a webhook becomes. It reports false, and stores nothing, where
// it is no longer what it was when it was read: somebody has changed or removed it.
func (h *Hooks) ReplaceWebhook(ctx context.Context, id string, was, data []byte) (bool, error) {
	replaced, err := h.store.scripts.replaceWebhook.Run(ctx, h.store.writes, []string{h.keys.hooks}, id, was,
		data).Bool()
	if err != nil {
		return false, h.store.fail("replace a webhook", err)
	}
	return replaced, nil
}

// AddWebhook stores a new webhook of an owner, whose name is the member owner of data; the
// webhooks of the owner "" are not counted. It reports false, and stores nothing, where the
// owner has most already: counted and stored by one script, so that many at once do not
// pass the bound. Beyond 1,000 of all owners it fails with [ErrTooLarge].
func (h *Hooks) AddWebhook(ctx context.Context, id, owner string, data []byte, most int) (bool, error) {
	const op = "add a webhook"
	// The id becomes a part of keys.
	if id == "" || len(id) > maxIDBytes {
		return false, fmt.Errorf("%s: no such id can be", op)
	}
	left := maxWebhooks
	// Keys that anybody can make must not use up the room of those that the operator gave
	// out.
	if faultline.SelfMade(owner) {
		left = maxOthers
	}
	n, err := h.store.scripts.webhook.Run(ctx, h.store.writes, []string{h.keys.hooks}, id, data, left, owner,
		most).Int()
	if err != nil {
		return false, h.store.fail(op, err)
	}
	if n == 0 {
		return false, fmt.Errorf("%s: %w: there are %d", op, ErrTooLarge, left)
	}
	// The script returns 1 if it was stored, 0 if there is no room, and a negative number
	// if the owner has too many.
	return n > 0, nil
}

// DeleteWebhook removes a webhook and what could not be delivered to it.
func (h *Hooks) DeleteWebhook(ctx context.Context, id string) error {
	// First the webhook, so that nothing more is sent to it. Its deliveries that wait end
	// by themselves when they come due and find no webhook.
	if err := h.store.writes.HDel(ctx, h.keys.hooks, id).Err(); err != nil {
		return h.store.fail("delete a webhook", err)
	}
	if h.keys.dead == "" {
		return nil
	}
	if err := h.store.writes.Unlink(ctx, h.keys.dead+id, h.keys.tries+id).Err(); err != nil {
		return h.store.fail("delete a webhook", err)
	}
	return nil
}

// Webhooks returns all webhooks by id.
func (h *Hooks) Webhooks(ctx context.Context) (map[string][]byte, error) {
	all, err := h.store.reads.HGetAll(ctx, h.keys.hooks).Result()
	if err != nil {
		return nil, h.store.fail("read the webhooks", err)
	}
	out := make(map[string][]byte, len(all))
	for id, data := range all {
		out[id] = []byte(data)
	}
	return out, nil
}

// WebhookPosition is the change up to which deliveries are queued; "" at first.
func (h *Hooks) WebhookPosition(ctx context.Context) (string, error) {
	at, err := h.store.reads.Get(ctx, h.keys.at).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	if err != nil {
		return "", h.store.fail("read the position of webhooks", err)
	}
	return at, nil
}

// QueueDeliveries adds deliveries, those that are there already excepted, and moves the
// position to at ("" leaves it), both or neither: a position that moved alone would lose
// messages, and messages alone would be sent twice. It returns how many there is no room
// for.
func (h *Hooks) QueueDeliveries(ctx context.Context, l Lease, at string, list []faultline.Delivery) (left int,
	err error) {
	args := []any{at, maxDeliveries}
	for _, d := range list {
		args = append(args, d.ID, d.Due.UnixMilli(), d.Data)
	}
	keys := []string{h.keys.at, h.keys.due, h.keys.deliveries}
	left, err = h.store.fenced(ctx, h.store.scripts.deliver, l, keys, args...).Int()
	if err != nil {
		return 0, h.store.fail("queue deliveries", err)
	}
	return left, nil
}

// DueDeliveries returns deliveries whose time has come, those due first first.
func (h *Hooks) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]faultline.Delivery, error) {
	const op = "read deliveries"
	ids, err := h.store.reads.ZRangeByScoreWithScores(ctx, h.keys.due, &redis.ZRangeBy{Min: "-inf",
		Max: strconv.FormatInt(now.UnixMilli(), 10), Count: int64(limit)}).Result()
	if err != nil || len(ids) == 0 {
		if err != nil {
			err = h.store.fail(op, err)
		}
		return nil, err
	}
	names := make([]string, len(ids))
	for i, z := range ids {
		names[i], _ = z.Member.(string)
	}
	data, err := h.store.reads.HMGet(ctx, h.keys.deliveries, names...).Result()
	if err != nil {
		return nil, h.store.fail(op, err)
	}
	out := make([]faultline.Delivery, len(ids))
	for i, z := range ids {
		// One that ended between the two reads has no data. Its caller finds nothing to
		// send, and ends it.
		text, _ := data[i].(string)
		out[i] = faultline.Delivery{ID: names[i], Due: time.UnixMilli(int64(z.Score)).UTC(), Data: []byte(text)}
	}
	return out, nil
}

// PostponeDelivery replaces a delivery that failed, and moves the time at which it is due. One
// that was removed meanwhile stays removed.
func (h *Hooks) PostponeDelivery(ctx context.Context, d faultline.Delivery) error {
	if err := h.store.scripts.postpone.Run(ctx, h.store.writes, []string{h.keys.due, h.keys.deliveries}, d.ID,
		d.Due.UnixMilli(),
		d.Data).Err(); err != nil {
		return h.store.fail("postpone a delivery", err)
	}
	return nil
}

// EndDelivery removes a delivery. One that was given up is kept among the last 50
// of its webhook, for 30 days: dead says what of it.
// The queue and its data change in one transaction: an entry of the queue without data
// would come due again and again.
func (h *Hooks) EndDelivery(ctx context.Context, id, webhook string, dead []byte) error {
	pipe := h.store.writes.TxPipeline()
	pipe.ZRem(ctx, h.keys.due, id)
	pipe.HDel(ctx, h.keys.deliveries, id)
	if dead != nil && h.keys.dead != "" {
		pipe.LPush(ctx, h.keys.dead+webhook, dead)
		pipe.LTrim(ctx, h.keys.dead+webhook, 0, keptDead-1)
		pipe.PExpire(ctx, h.keys.dead+webhook, keepDead)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return h.store.fail("end a delivery", err)
	}
	return nil
}

// DeadDeliveries returns what was given up of a webhook, the newest first.
func (h *Hooks) DeadDeliveries(ctx context.Context, webhook string) ([][]byte, error) {
	all, err := h.store.reads.LRange(ctx, h.keys.dead+webhook, 0, keptDead-1).Result()
	if err != nil {
		return nil, h.store.fail("read dead deliveries", err)
	}
	out := make([][]byte, len(all))
	for i, text := range all {
		out[i] = []byte(text)
	}
	return out, nil
}

// NoteAttempt keeps a try to deliver to a webhook among its last 100, for 7 days.
func (h *Hooks) NoteAttempt(ctx context.Context, webhook string, attempt []byte) error {
	if h.keys.tries == "" {
		return nil
	}
	pipe := h.store.writes.TxPipeline()
	pipe.LPush(ctx, h.keys.tries+webhook, attempt)
	pipe.LTrim(ctx, h.keys.tries+webhook, 0, keptTries-1)
	pipe.PExpire(ctx, h.keys.tries+webhook, keepTries)
	if _, err := pipe.Exec(ctx); err != nil {
		return h.store.fail("note a delivery", err)
	}
	return nil
}

// Attempts returns the last tries to deliver to a webhook, the newest first.
func (h *Hooks) Attempts(ctx context.Context, webhook string) ([][]byte, error) {
	all, err := h.store.reads.LRange(ctx, h.keys.tries+webhook, 0, keptTries-1).Result()
	if err != nil {
		return nil, h.store.fail("read deliveries", err)
	}
	out := make([][]byte, len(all))
	for i, text := range all {
		out[i] = []byte(text)
	}
	return out, nil
}
