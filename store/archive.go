package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"faultline"
	"faultline/record"
)

// Incidents of long ago are kept in files on the nodes' disks, see package store/archive.
// Redis keeps one line about each file, and nodes hand files to each other through it.

const (
	// maxArchiveNodes bounds the nodes whose copies are waited for.
	maxArchiveNodes = 64
	// archiveNodeLife is for how long a node that has ended is waited for.
	archiveNodeLife = 24 * time.Hour
	// MaxSegmentBytes bounds one file of the archive.
	MaxSegmentBytes = 64 << 20
)

// ErrChanged says that an incident was given another revision after it was written into
// a file of the archive. The leader then writes the file again.
var ErrChanged = errors.New("an incident has changed since it was written down")

// Segment describes one file of the archive. A reader finds the file of an incident by
// its onset and id, without opening the others.
type Segment struct {
	Name      string `json:"name"` // SHA-256 of the file, hexadecimal
	Bytes     int    `json:"bytes"`
	Incidents int    `json:"incidents"`
	FirstID   string `json:"first_id"` // of the ids in it, the least and the greatest
	LastID    string `json:"last_id"`
	FromMS    int64  `json:"from_ms"` // of the onsets in it, in ms since 1970
	UntilMS   int64  `json:"until_ms"`
}

// Proposal is a file that a leader has written, and what of Redis it is to replace. It
// stays in Redis until every node has a copy of the file. Only then may the incidents
// leave Redis, or the loss of one disk would be the loss of them.
type Proposal struct {
	Segment Segment         `json:"segment"`
	Moves   []MovedIncident `json:"moves"`
}

// MovedIncident is an incident of a file, and its last revision there.
type MovedIncident struct {
	ID   string `json:"id"`
	Last int    `json:"last"`
}

// ArchiveNodes says which file each node holds that was last proposed, by the node's
// name, as of all that were seen within a day.
type ArchiveNodes map[string]string

// CountSegments is how many files the archive has. A node compares it with how many
// files it holds, which costs less than the whole list.
func (s *Store) CountSegments(ctx context.Context) (int, error) {
	n, err := s.reads.HLen(ctx, keyArchive).Result()
	if err != nil {
		return 0, s.fail("count the archive's files", err)
	}
	return int(n), nil
}

// Segments returns all files of the archive by name.
func (s *Store) Segments(ctx context.Context) (map[string]Segment, error) {
	list, _, err := s.Archive(ctx)
	return list, err
}

// Archive returns all files of the archive by name, and the file that is proposed (nil: none).
// Both are of one moment: a file that is moved from the one to the other is in one of them.
func (s *Store) Archive(ctx context.Context) (map[string]Segment, *Proposal, error) {
	const op = "read the archive's files"
	var all *redis.MapStringStringCmd
	var text *redis.StringCmd
	_, err := s.reads.TxPipelined(ctx, func(p redis.Pipeliner) error {
		all, text = p.HGetAll(ctx, keyArchive), p.Get(ctx, keyArchiveNext)
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, nil, s.fail(op, err)
	}
	list, err := segments(all.Val())
	if err != nil {
		return nil, nil, err
	}
	p, ok := proposal([]byte(text.Val()))
	if !ok {
		return list, nil, nil
	}
	return list, &p, nil
}

// segments reads the list of files. One that is damaged is an error and is not skipped: incidents
// of a file that is missing from the list would be answered with 404.
func segments(stored map[string]string) (map[string]Segment, error) {
	list := make(map[string]Segment, len(stored))
	for name, text := range stored {
		var seg Segment
		if err := json.Unmarshal([]byte(text), &seg); err != nil || seg.Name != name ||
			seg.Bytes < 1 || seg.Bytes > MaxSegmentBytes {
			return nil, fmt.Errorf("the archive's list of files is damaged at %q", name)
		}
		list[name] = seg
	}
	return list, nil
}

// Proposed returns the file that is proposed, and false if none is.
func (s *Store) Proposed(ctx context.Context) (p Proposal, ok bool, err error) {
	const op = "read the archive's next file"
	text, err := s.reads.Get(ctx, keyArchiveNext).Bytes()
	if errors.Is(err, redis.Nil) {
		return p, false, nil
	}
	if err != nil {
		return p, false, s.fail(op, err)
	}
	p, ok = proposal(text)
	return p, ok, nil
}

// proposal reads what is proposed. One that is damaged is none: the leader makes another.
func proposal(text []byte) (p Proposal, ok bool) {
	err := json.Unmarshal(text, &p)
	return p, err == nil && p.Segment.Bytes <= MaxSegmentBytes
}

// Propose makes a file known that this node holds. The incidents in it stay in Redis.
// It takes the place of what was proposed before: a leader that has just been elected
// may propose another file, and only one is under way at a time.
func (s *Store) Propose(ctx context.Context, l Lease, p Proposal) error {
	const op = "propose a file of the archive"
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := s.fenced(ctx, s.scripts.propose, l, []string{keyArchiveNext}, text).Err(); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// Move takes the incidents of a proposed file out of Redis and adds the file to the
// archive's list, in one step. It fails with [ErrChanged] if an incident has another
// revision than the file, or if something else is proposed. Redis checks the lease, the
// proposal and each last revision in the same script that moves. So a leader that has
// lost its lease without knowing moves nothing.
func (s *Store) Move(ctx context.Context, l Lease, p Proposal) error {
	op := "move incidents into the archive"
	proposal, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	segment, err := json.Marshal(p.Segment)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	keys := []string{keyArchiveNext, keyArchive, keyIndex}
	args := []any{proposal, p.Segment.Name, segment}
	for _, k := range p.Moves {
		keys = append(keys, incidentKey(k.ID))
		args = append(args, k.ID, k.Last)
	}
	moved, err := s.fenced(ctx, s.scripts.move, l, keys, args...).Int()
	if err != nil {
		return s.fail(op, err)
	}
	if moved == 0 {
		return fmt.Errorf("%s: %w", op, ErrChanged)
	}
	return nil
}

// SaveHolding says for a day that a node is there, and that it holds a file. The line
// lives for a day, so that a node that is replaced for good stops the archive for a day
// and not for ever. Lines of nodes that are gone are removed on the way.
func (s *Store) SaveHolding(ctx context.Context, node, segment string, now time.Time) error {
	const op = "say which file of the archive is held"
	if len(node) > maxIDBytes || len(segment) > 2*sha256.Size {
		return fmt.Errorf("%s: %w", op, ErrTooLarge)
	}
	all, err := s.holdings(ctx, op)
	if err != nil {
		return err
	}
	gone := make([]string, 0, len(all))
	for other, h := range all {
		if now.Sub(h.at) > archiveNodeLife {
			gone = append(gone, other)
		}
	}
	if _, there := all[node]; !there && len(all)-len(gone) >= maxArchiveNodes {
		return fmt.Errorf("%s: %w: %d nodes are known", op, ErrTooLarge, maxArchiveNodes)
	}
	pipe := s.writes.Pipeline()
	if len(gone) > 0 {
		pipe.HDel(ctx, keyArchiveNodes, gone...)
	}
	pipe.HSet(ctx, keyArchiveNodes, node, strconv.FormatInt(now.UnixMilli(), 10)+" "+segment)
	pipe.PExpire(ctx, keyArchiveNodes, archiveNodeLife)
	if _, err := pipe.Exec(ctx); err != nil {
		return s.fail(op, err)
	}
	return nil
}

// holding is what one node last said.
type holding struct {
	at      time.Time
	segment string
}

// holdings returns for each node when it was last seen, and which proposed file it holds.
func (s *Store) holdings(ctx context.Context, op string) (map[string]holding, error) {
	stored, err := s.reads.HGetAll(ctx, keyArchiveNodes).Result()
	if err != nil {
		return nil, s.fail(op, err)
	}
	all := make(map[string]holding, len(stored))
	for node, text := range stored {
		at, segment, _ := strings.Cut(text, " ")
		ms, err := strconv.ParseInt(at, 10, 64)
		if err != nil {
			ms = 0 // a damaged line is one of long ago
		}
		all[node] = holding{time.UnixMilli(ms), segment}
	}
	return all, nil
}

// Holdings returns which file each node holds of those that were proposed last.
func (s *Store) Holdings(ctx context.Context, now time.Time) (ArchiveNodes, error) {
	all, err := s.holdings(ctx, "read who holds the archive")
	if err != nil {
		return nil, err
	}
	nodes := ArchiveNodes{}
	for node, h := range all {
		if now.Sub(h.at) <= archiveNodeLife {
			nodes[node] = h.segment
		}
	}
	return nodes, nil
}

// Oldest returns incidents of an onset before a time at their last revisions, the
// oldest first, without the first skip of them. The order is that of the index: by
// onset. Skip lets the leader pass over incidents that cannot be moved yet, such as
// open ones.
func (s *Store) Oldest(ctx context.Context, before time.Time, skip, limit int) ([]faultline.Incident, error) {
	const op = "read the oldest incidents"
	ids, err := s.reads.ZRangeByScore(ctx, keyIndex, &redis.ZRangeBy{Min: "-inf",
		Max: "(" + strconv.FormatInt(before.UnixMilli(), 10), Offset: int64(skip), Count: int64(limit)}).Result()
	if err != nil {
		return nil, s.fail(op, err)
	}
	return s.wholeOf(ctx, op, ids)
}

// LogBegins is the time of the first entry that the log still has, zero for an empty
// log. A fold of the log could make an incident again whose events it still has, so
// such an incident is not moved.
func (s *Store) LogBegins(ctx context.Context) (time.Time, error) {
	const op = "read the log's first entry"
	first, err := s.reads.XRangeN(ctx, keyLog, "-", "+", 1).Result()
	if err != nil {
		return time.Time{}, s.fail(op, err)
	}
	if len(first) == 0 {
		return time.Time{}, nil
	}
	pos, err := ParsePos(first[0].ID)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %w", op, err)
	}
	return pos.Time(), nil
}

// PlainRevision is one revision as JSON, as it was stored.
type PlainRevision struct {
	Revision int
	JSON     []byte
}

// Incident takes the JSON of a stored revision apart.
func (r PlainRevision) Incident() (inc faultline.Incident, err error) {
	if err := json.Unmarshal(r.JSON, &inc); err != nil {
		return inc, err
	}
	inc.Hash, err = record.Hash(inc)
	return inc, err
}

// PlainRevisions returns all stored revisions of an incident up to last, in order, and
// the number of the first one that the public record has, 0 for none. They are read in
// parts of MaxRevisions, since an incident of weeks has thousands. A gap is left out
// and is no error: the record tells whether a revision was ever there.
func (s *Store) PlainRevisions(ctx context.Context, id string, last int) (all []PlainRevision, recorded int,
	err error) {
	op := fmt.Sprintf("read all revisions of %q", id)
	recorded, err = s.reads.HGet(ctx, incidentKey(id), fieldRecorded).Int()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, 0, s.fail(op, err)
	}
	for first := 1; first <= last; first += MaxRevisions {
		var fields []string
		for n := first; n <= min(last, first+MaxRevisions-1); n++ {
			fields = append(fields, strconv.Itoa(n))
		}
		stored, err := s.reads.HMGet(ctx, incidentKey(id), fields...).Result()
		if err != nil {
			return nil, 0, s.fail(op, err)
		}
		for i, value := range stored {
			text, ok := value.(string)
			if !ok {
				continue // lost in a failover
			}
			plain, err := plainRevision(text)
			if err != nil {
				return nil, 0, fmt.Errorf("%s: revision %s: %w", op, fields[i], err)
			}
			all = append(all, PlainRevision{first + i, plain})
		}
	}
	return all, recorded, nil
}

// plainRevision takes a stored revision apart and compares it with its checksum.
func plainRevision(stored string) ([]byte, error) {
	if len(stored) < sha256.Size {
		return nil, errors.New("truncated")
	}
	plain, err := inflate([]byte(stored[sha256.Size:]))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(plain); string(sum[:]) != stored[:sha256.Size] {
		return nil, errors.New("its checksum is wrong")
	}
	return plain, nil
}
