package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// keptGenerations is how many checkpoints are kept, the newest one included. Beside
// them the newest of each other format is kept while the log goes on from it, so that
// a release that is put back finds one that it can read.
const keptGenerations = 3

// keptFormats bounds how many formats are kept beside the newest ones.
const keptFormats = 2

// errReplaced says that chunks which a pointer names are gone: a newer checkpoint came
// between reading the pointer and reading them.
var errReplaced = errors.New("a newer checkpoint has replaced it")

// Generation names one stored checkpoint.
type Generation struct {
	Name   string `json:"name"`
	Chunks int    `json:"chunks"`
	Pos    Pos    `json:"pos"` // how far into the log it has come
	Sum    []byte `json:"sum"` // SHA-256 of its chunks

	pointed bool // the pointer names it, and not the list of older ones
}

// generationName is a name that no other generation has. It ends with the format.
func generationName(fence int64, format int) string {
	return fmt.Sprintf("%d-%s-f%d", fence, rand.Text(), format)
}

// Format is that of the generation's state; 0 if its writer did not say.
func (g Generation) Format() int {
	_, text, _ := strings.Cut(g.Name, "-f")
	format, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return format
}

// Generations returns the stored checkpoints, the newest first. Where the newest one
// can't be read, a fold may begin from an older one as long as the log goes on from it.
func (s *Store) Generations(ctx context.Context) ([]Generation, error) {
	all, err := s.generations(ctx, s.reads)
	if err != nil {
		return nil, s.fail("read which checkpoints there are", err)
	}
	return all, nil
}

// generations reads the pointer to the newest checkpoint and the list of older ones. A
// pointer that is damaged is a generation without chunks: nobody can read it, and it
// can be replaced.
func (s *Store) generations(ctx context.Context, c redis.UniversalClient) ([]Generation, error) {
	// Both are read in one round trip. Between two a checkpoint could move from the pointer
	// into the list and be seen in neither.
	pipe := c.Pipeline()
	pointer := pipe.HMGet(ctx, keyCheckpoint, "gen", "chunks", "ms", "seq", "sum")
	list := pipe.Get(ctx, keyOlder)
	_, _ = pipe.Exec(ctx) // it returns the first of the errors that the two commands have
	for _, err := range []error{pointer.Err(), list.Err()} {
		if err != nil && !errors.Is(err, redis.Nil) && !wrongType(err) {
			return nil, err
		}
	}
	var fields [5]string
	for i, v := range pointer.Val() {
		fields[i], _ = v.(string)
	}
	var all []Generation
	if name := fields[0]; name != "" {
		g := Generation{Name: name, Sum: []byte(fields[4]), pointed: true}
		chunks, err := strconv.Atoi(fields[1])
		if err == nil && chunks >= 0 && chunks <= maxCheckpointChunks {
			g.Chunks = chunks
		}
		g.Pos, _ = ParsePos(fields[2] + "-" + fields[3]) // a damaged one is at the start
		all = append(all, g)
	}
	var older []Generation
	if err := json.Unmarshal([]byte(list.Val()), &older); err != nil {
		return all, nil //nolint:nilerr // a list that is damaged is none: the next checkpoint replaces it
	}
	for _, g := range older {
		if g.Chunks >= 0 && g.Chunks <= maxCheckpointChunks && (len(all) == 0 || g.Name != all[0].Name) {
			all = append(all, g)
		}
	}
	return all, nil
}

// wrongType reports whether a key holds something of another kind than what we write there.
// Nobody can read it, now or later, so that it counts as damaged and not as out of reach.
func wrongType(err error) bool { return reply(err) == "WRONGTYPE" }

// flip makes fresh the newest checkpoint and drops those that need not be kept, in one
// script. It is refused when the newest one is no longer the one that old names, since
// another leader has then stored one meanwhile.
func (s *Store) flip(ctx context.Context, l Lease, fresh Generation, old []Generation) error {
	floor, err := s.floor(ctx, s.writes)
	if err != nil {
		return err
	}
	keep, drop := retain(fresh, old, floor)
	list, err := json.Marshal(keep)
	if err != nil {
		return err
	}
	newest := ""
	if len(old) > 0 && old[0].pointed { // without a pointer an older one is the newest that is left
		newest = old[0].Name
	}
	keys := append([]string{keyCheckpoint, keyOlder}, chunkKeys(fresh.Name, fresh.Chunks)...)
	for _, g := range drop {
		keys = append(keys, chunkKeys(g.Name, g.Chunks)...)
	}
	return s.fenced(ctx, s.scripts.flip, l, keys, fresh.Name, newest, fresh.Chunks, fresh.Pos.ms, fresh.Pos.seq,
		fresh.Sum, list).Err()
}

// retain divides the older checkpoints into those that are kept beside a fresh one and
// those that go. floor is where the log begins.
func retain(fresh Generation, old []Generation, floor Pos) (keep, drop []Generation) {
	formats := []int{fresh.Format()}
	others := 0
	for i, g := range old {
		known := slices.Contains(formats, g.Format())
		switch {
		case g.Chunks == 0 && len(g.Sum) > 0: // its pointer was damaged
			drop = append(drop, g)
		// The newest ones are kept whatever their format: one of them may turn out to be
		// damaged.
		case i < keptGenerations-1:
			keep = append(keep, g)
		case !known && others < keptFormats && g.Pos.Compare(floor) >= 0:
			keep = append(keep, g)
			others++
		default:
			drop = append(drop, g)
		}
		formats = append(formats, g.Format())
	}
	return keep, drop
}
