package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// maxPublicKeys bounds the keys of all nodes together.
	maxPublicKeys = 64
	// publicKeyLife is for how long a key holds that no node publishes any more.
	publicKeyLife = 24 * time.Hour
)

// errTooManyKeys: there are maxPublicKeys of other nodes.
var errTooManyKeys = errors.New("there are too many keys of other nodes")

// PublishKeys makes public keys known to all nodes, by their ids, for a day. A node
// publishes its own again and again as long as it has them.
func (s *Store) PublishKeys(ctx context.Context, keys map[string][]byte, now time.Time) error {
	// Bounds are kept by the script, which sees all nodes' keys at one moment.
	const op = "publish the public keys"
	args := []any{now.UnixMilli(), now.Add(-publicKeyLife).UnixMilli(), maxPublicKeys, publicKeyLife.Milliseconds()}
	for id, key := range keys {
		if len(id) > maxIDBytes || len(key) > maxIDBytes {
			return fmt.Errorf("%s: %w", op, ErrTooLarge)
		}
		args = append(args, id, base64.StdEncoding.EncodeToString(key))
	}
	left, err := s.scripts.publish.Run(ctx, s.writes, []string{keyPublic}, args...).Int()
	if err != nil {
		return s.fail(op, err)
	}
	if left > 0 {
		return fmt.Errorf("%s: %w", op, errTooManyKeys)
	}
	return nil
}

// WithdrawKeys takes public keys away that were retired.
func (s *Store) WithdrawKeys(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	if err := s.writes.HDel(ctx, keyPublic, ids...).Err(); err != nil {
		return s.fail("withdraw public keys", err)
	}
	return nil
}

// PublicKeys returns the public keys that nodes have published within a day, by their ids.
func (s *Store) PublicKeys(ctx context.Context, now time.Time) (map[string][]byte, error) {
	all, err := s.reads.HGetAll(ctx, keyPublic).Result()
	if err != nil {
		return nil, s.fail("read the public keys", err)
	}
	keys := make(map[string][]byte, len(all))
	for id, text := range all {
		at, encoded, _ := strings.Cut(text, " ")
		ms, err := strconv.ParseInt(at, 10, 64)
		key, err2 := base64.StdEncoding.DecodeString(encoded)
		if err == nil && err2 == nil && now.Sub(time.UnixMilli(ms)) < publicKeyLife && len(keys) < maxPublicKeys {
			keys[id] = key
		}
	}
	return keys, nil
}
