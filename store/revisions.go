package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/record"
	"faultline/trace"
)

const (
	// maxIDBytes bounds what is looked up as an incident's id.
	maxIDBytes = 64
	// incidentsAtOnce is how many incidents one round trip reads.
	incidentsAtOnce = 64
	// MaxRevisions is how many revisions of one incident may be asked for at once.
	MaxRevisions = 128
	// maxSameOnset bounds the incidents of one millisecond that a page may begin in.
	maxSameOnset = 1_000
)

// The fields of an incident besides its revisions.
const (
	fieldLast     = "last"     // the number of its last revision
	fieldRecorded = "recorded" // the number of the first one that the public record has
)

// SaveRevision stores one whole revision of an incident, and announces it in the changes. Revision
// n is stored after n-1 and never rewritten: to save the same again is fine and does nothing, to
// save another under its number fails with [ErrRevisionDiffers], to leave one out with
// [ErrRevisionGap].
func (s *Store) SaveRevision(ctx context.Context, l Lease, inc faultline.Incident) error {
	return s.saveRevision(ctx, l, inc, false)
}

// SaveLost stores a revision that was published before the end of the log was lost, see
// [faultline.Published]. The ones before it may be missing for good. Where one of its
// number is stored already it does nothing.
func (s *Store) SaveLost(ctx context.Context, l Lease, inc faultline.Incident) error {
	return s.saveRevision(ctx, l, inc, true)
}

// saveRevision stores a revision in two forms: whole, and as lists and changes show it, so
// that a list need not unpack thousands of sites.
func (s *Store) saveRevision(ctx context.Context, l Lease, inc faultline.Incident, lost bool) error {
	op := fmt.Sprintf("save revision %d of %s", inc.Revision, inc.ID)
	if inc.Revision < 1 || inc.ID == "" || len(inc.ID) > maxIDBytes {
		return fmt.Errorf("%s: no such id or revision can be", op)
	}
	published, err := record.Hash(inc)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	inc.Hash = ""
	plain, err := json.Marshal(inc)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	whole, err := deflate(plain)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	short := inc.Listed()
	short.Hash = published
	listed, err := pack(short)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	// The sum is of the plain text: another release may compress differently.
	sum := sha256.Sum256(plain)
	entry := record.Entry{Incident: inc.ID, Revision: inc.Revision, SHA256: published, Stored: record.Hex(sum)}
	err = s.fenced(ctx, s.scripts.revision, l, []string{incidentKey(inc.ID), keyIndex, keyChanges, keyRecord},
		inc.Revision, sum[:], whole, listed, inc.ID, inc.Onset.At.UnixMilli(), changesKept, lost,
		entry.Head(), record.Tail, prefixEntries, record.TileWidth, trace.Carried(ctx)).Err()
	if err != nil {
		return s.fail(op, err)
	}
	return nil
}

// Incident returns one revision of an incident with all its sites; revision 0 is
// the last. An unknown one is [faultline.ErrNotFound].
func (s *Store) Incident(ctx context.Context, id string, revision int) (faultline.Incident, error) {
	op := fmt.Sprintf("read revision %d of %q", revision, id)
	if id == "" || len(id) > maxIDBytes || revision < 0 {
		return faultline.Incident{}, fmt.Errorf("%s: %w", op, faultline.ErrNotFound)
	}
	field := strconv.Itoa(revision)
	if revision == 0 {
		last, err := s.reads.HGet(ctx, incidentKey(id), fieldLast).Result()
		if err != nil {
			return faultline.Incident{}, s.missing(op, err)
		}
		field = last
	}
	stored, err := s.reads.HGet(ctx, incidentKey(id), field).Result()
	if err != nil {
		return faultline.Incident{}, s.missing(op, err)
	}
	inc, err := readRevision(stored)
	if err != nil {
		return faultline.Incident{}, fmt.Errorf("%s: %w", op, err)
	}
	return inc, nil
}

// Revisions returns some revisions of an incident with all their sites: those from
// first up to last, both from 1 on, that there are, in order. At most so many as
// [MaxRevisions] may be asked for at once. An unknown incident is
// [faultline.ErrNotFound].
func (s *Store) Revisions(ctx context.Context, id string, first, last int) ([]faultline.Incident, error) {
	op := fmt.Sprintf("read revisions %d to %d of %q", first, last, id)
	if id == "" || len(id) > maxIDBytes {
		return nil, fmt.Errorf("%s: %w", op, faultline.ErrNotFound)
	}
	if first < 1 || last < first || last-first >= MaxRevisions {
		return nil, fmt.Errorf("%s: no such range may be asked for", op)
	}
	fields := []string{fieldLast}
	for n := first; n <= last; n++ {
		fields = append(fields, strconv.Itoa(n))
	}
	stored, err := s.reads.HMGet(ctx, incidentKey(id), fields...).Result()
	if err != nil {
		return nil, s.fail(op, err)
	}
	if stored[0] == nil {
		return nil, fmt.Errorf("%s: %w", op, faultline.ErrNotFound)
	}
	var list []faultline.Incident
	for _, value := range stored[1:] {
		text, ok := value.(string)
		if !ok {
			continue
		}
		inc, err := readRevision(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		list = append(list, inc)
	}
	return list, nil
}

// missing makes [faultline.ErrNotFound] of a key or field that does not exist, and
// wraps every other error as a failed read. Readers answer the first with 404 and the
// second with 503.
func (s *Store) missing(op string, err error) error {
	if errors.Is(err, redis.Nil) {
		return fmt.Errorf("%s: %w", op, faultline.ErrNotFound)
	}
	return s.fail(op, err)
}

// readRevision takes a stored revision apart: 32 bytes of sum, then the compressed
// incident. The sum is compared, so a damaged revision is never served.
func readRevision(stored string) (faultline.Incident, error) {
	var inc faultline.Incident
	if len(stored) < sha256.Size {
		return inc, errors.New("truncated")
	}
	if err := unpack([]byte(stored[sha256.Size:]), &inc); err != nil {
		return inc, err
	}
	var err error
	inc.Hash, err = record.Hash(inc)
	return inc, err
}

// Incidents returns the last revisions of the newest incidents, whole, the
// newest onset first and of equal ones the greater id, at most limit of them.
func (s *Store) Incidents(ctx context.Context, limit int) ([]faultline.Incident, error) {
	const op = "read the incidents"
	if limit <= 0 {
		return nil, nil
	}
	ids, err := s.reads.ZRevRange(ctx, keyIndex, 0, int64(limit)-1).Result()
	if err != nil {
		return nil, s.fail(op, err)
	}
	return s.wholeOf(ctx, op, ids)
}

// Older is Incidents behind the place of one of that onset and id, whether or not
// there is such a one.
func (s *Store) Older(ctx context.Context, onset time.Time, id string, limit int) ([]faultline.Incident, error) {
	const op = "read older incidents"
	if limit <= 0 {
		return nil, nil
	}
	at := strconv.FormatInt(onset.UnixMilli(), 10)
	pipe := s.reads.Pipeline()
	same := pipe.ZRevRangeByScore(ctx, keyIndex, &redis.ZRangeBy{Max: at, Min: at, Count: maxSameOnset})
	before := pipe.ZRevRangeByScore(ctx, keyIndex, &redis.ZRangeBy{Max: "(" + at, Min: "-inf", Count: int64(limit)})
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, s.fail(op, err)
	}
	ids := slices.DeleteFunc(same.Val(), func(other string) bool { return other >= id })
	ids = append(ids, before.Val()...)
	return s.wholeOf(ctx, op, ids[:min(limit, len(ids))])
}

// wholeOf returns the last revisions of some incidents, in their order.
func (s *Store) wholeOf(ctx context.Context, op string, ids []string) ([]faultline.Incident, error) {
	var err error
	all := make([]faultline.Incident, 0, len(ids))
	for len(ids) > 0 {
		n := min(len(ids), incidentsAtOnce)
		if all, err = s.lastRevisions(ctx, op, ids[:n], all); err != nil {
			return nil, err
		}
		ids = ids[n:]
	}
	return all, nil
}

// lastRevisions appends the last revisions of some incidents to all, in two round
// trips: one for their numbers, one for their contents. An incident that gets another
// revision in between is read at the one before.
func (s *Store) lastRevisions(ctx context.Context, op string, ids []string,
	all []faultline.Incident) ([]faultline.Incident, error) {
	last, err := s.hashFields(ctx, ids, func(int) string { return fieldLast })
	if err != nil {
		return nil, s.missing(op, err)
	}
	stored, err := s.hashFields(ctx, ids, func(i int) string { return last[i] })
	if err != nil {
		return nil, s.missing(op, err)
	}
	for i, id := range ids {
		inc, err := readRevision(stored[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", op, id, err)
		}
		all = append(all, inc)
	}
	return all, nil
}

// hashFields reads one field of each of some incidents in one round trip; which field may
// differ from incident to incident.
func (s *Store) hashFields(ctx context.Context, ids []string, field func(i int) string) ([]string, error) {
	cmds, err := s.reads.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, id := range ids {
			p.HGet(ctx, incidentKey(id), field(i))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	values := make([]string, len(cmds))
	for i, cmd := range cmds {
		values[i] = cmd.(*redis.StringCmd).Val()
	}
	return values, nil
}
