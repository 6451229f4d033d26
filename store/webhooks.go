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
	maxWebhooks   = 1_000
	maxDeliveries = 100_000
	keptDead      = 50
	keepDead      = 30 * 24 * time.Hour
	keptTries     = 100
	keepTries     = 7 * 24 * time.Hour
	// maxOthers is how many webhooks there may be when one is added that belongs to nobody
	// whom the operator knows: strangers leave room for the operator's own.
	maxOthers = 800
)

// ReplaceWebhook stores what a webhook becomes. It reports false, and stores nothing, where
// it is no longer what it was when it was read: somebody has changed or removed it.
func (s *Store) ReplaceWebhook(ctx context.Context, id string, was, data []byte) (bool, error) {
	replaced, err := s.scripts.replaceWebhook.Run(ctx, s.writes, []string{keyWebhooks}, id, was, data).Bool()
	if err != nil {
		return false, s.fail("replace a webhook", err)
	}
	return replaced, nil
}

// AddWebhook stores a new webhook of an owner, whose name is the member owner of data; the
// webhooks of the owner "" are not counted. It reports false, and stores nothing, where the
// owner has most already: counted and stored by one script, so that many at once do not
// pass the bound. Beyond 1,000 of all owners it fails with [ErrTooLarge].
func (s *Store) AddWebhook(ctx context.Context, id, owner string, data []byte, most int) (bool, error) {
	const op = "add a webhook"
	if id == "" || len(id) > maxIDBytes {
		return false, fmt.Errorf("%s: no such id can be", op)
	}
	left := maxWebhooks
	// Keys that anybody can make must not use up the room of those that the operator gave
	// out.
	if faultline.SelfMade(owner) {
		left = maxOthers
	}
	n, err := s.scripts.webhook.Run(ctx, s.writes, []string{keyWebhooks}, id, data, left, owner, most).Int()
	if err != nil {
		return false, s.fail(op, err)
	}
	if n == 0 {
		return false, fmt.Errorf("%s: %w: there are %d", op, ErrTooLarge, left)
	}
	return n > 0, nil
}

// DeleteWebhook removes a webhook and what could not be delivered to it.
func (s *Store) DeleteWebhook(ctx context.Context, id string) error {
	if err := s.writes.HDel(ctx, keyWebhooks, id).Err(); err != nil {
		return s.fail("delete a webhook", err)
	}
	if err := s.writes.Unlink(ctx, deadKey(id), triesKey(id)).Err(); err != nil {
		return s.fail("delete a webhook", err)
	}
	return nil
}

// Webhooks returns all webhooks by id.
func (s *Store) Webhooks(ctx context.Context) (map[string][]byte, error) {
	all, err := s.reads.HGetAll(ctx, keyWebhooks).Result()
	if err != nil {
		return nil, s.fail("read the webhooks", err)
	}
	out := make(map[string][]byte, len(all))
	for id, data := range all {
		out[id] = []byte(data)
	}
	return out, nil
}

// WebhookPosition is the change up to which deliveries are queued; "" at first.
func (s *Store) WebhookPosition(ctx context.Context) (string, error) {
	at, err := s.reads.Get(ctx, keyWebhookAt).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	if err != nil {
		return "", s.fail("read the position of webhooks", err)
	}
	return at, nil
}

// QueueDeliveries adds deliveries, those that are there already excepted, and moves the
// position to at ("" leaves it), both or neither: a position that moved alone would lose
// messages, and messages alone would be sent twice. It returns how many there is no room
// for.
func (s *Store) QueueDeliveries(ctx context.Context, l Lease, at string, list []faultline.Delivery) (left int,
	err error) {
	args := []any{at, maxDeliveries}
	for _, d := range list {
		args = append(args, d.ID, d.Due.UnixMilli(), d.Data)
	}
	left, err = s.fenced(ctx, s.scripts.deliver, l, []string{keyWebhookAt, keyDue, keyDeliveries}, args...).Int()
	if err != nil {
		return 0, s.fail("queue deliveries", err)
	}
	return left, nil
}

// DueDeliveries returns deliveries whose time has come, those due first first.
func (s *Store) DueDeliveries(ctx context.Context, now time.Time, limit int) ([]faultline.Delivery, error) {
	const op = "read deliveries"
	ids, err := s.reads.ZRangeByScoreWithScores(ctx, keyDue, &redis.ZRangeBy{Min: "-inf",
		Max: strconv.FormatInt(now.UnixMilli(), 10), Count: int64(limit)}).Result()
	if err != nil || len(ids) == 0 {
		if err != nil {
			err = s.fail(op, err)
		}
		return nil, err
	}
	names := make([]string, len(ids))
	for i, z := range ids {
		names[i], _ = z.Member.(string)
	}
	data, err := s.reads.HMGet(ctx, keyDeliveries, names...).Result()
	if err != nil {
		return nil, s.fail(op, err)
	}
	out := make([]faultline.Delivery, len(ids))
	for i, z := range ids {
		text, _ := data[i].(string)
		out[i] = faultline.Delivery{ID: names[i], Due: time.UnixMilli(int64(z.Score)).UTC(), Data: []byte(text)}
	}
	return out, nil
}

// PostponeDelivery replaces a delivery that failed, and moves the time at which it is due. One
// that was removed meanwhile stays removed.
func (s *Store) PostponeDelivery(ctx context.Context, d faultline.Delivery) error {
	if err := s.scripts.postpone.Run(ctx, s.writes, []string{keyDue, keyDeliveries}, d.ID, d.Due.UnixMilli(),
		d.Data).Err(); err != nil {
		return s.fail("postpone a delivery", err)
	}
	return nil
}

// EndDelivery removes a delivery. One that was given up is kept among the last 50
// of its webhook, for 30 days: dead says what of it.
func (s *Store) EndDelivery(ctx context.Context, id, webhook string, dead []byte) error {
	pipe := s.writes.TxPipeline()
	pipe.ZRem(ctx, keyDue, id)
	pipe.HDel(ctx, keyDeliveries, id)
	if dead != nil {
		pipe.LPush(ctx, deadKey(webhook), dead)
		pipe.LTrim(ctx, deadKey(webhook), 0, keptDead-1)
		pipe.PExpire(ctx, deadKey(webhook), keepDead)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return s.fail("end a delivery", err)
	}
	return nil
}

// DeadDeliveries returns what was given up of a webhook, the newest first.
func (s *Store) DeadDeliveries(ctx context.Context, webhook string) ([][]byte, error) {
	all, err := s.reads.LRange(ctx, deadKey(webhook), 0, keptDead-1).Result()
	if err != nil {
		return nil, s.fail("read dead deliveries", err)
	}
	out := make([][]byte, len(all))
	for i, text := range all {
		out[i] = []byte(text)
	}
	return out, nil
}

// NoteAttempt keeps a try to deliver to a webhook among its last 100, for 7 days.
func (s *Store) NoteAttempt(ctx context.Context, webhook string, attempt []byte) error {
	pipe := s.writes.TxPipeline()
	pipe.LPush(ctx, triesKey(webhook), attempt)
	pipe.LTrim(ctx, triesKey(webhook), 0, keptTries-1)
	pipe.PExpire(ctx, triesKey(webhook), keepTries)
	if _, err := pipe.Exec(ctx); err != nil {
		return s.fail("note a delivery", err)
	}
	return nil
}

// Attempts returns the last tries to deliver to a webhook, the newest first.
func (s *Store) Attempts(ctx context.Context, webhook string) ([][]byte, error) {
	all, err := s.reads.LRange(ctx, triesKey(webhook), 0, keptTries-1).Result()
	if err != nil {
		return nil, s.fail("read deliveries", err)
	}
	out := make([][]byte, len(all))
	for i, text := range all {
		out[i] = []byte(text)
	}
	return out, nil
}
