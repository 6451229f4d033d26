package replica

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"

	"faultline/pace"
)

// chunk is the key of a checkpoint's first piece.
func chunk(name string) string { return "{faultline}:checkpoint:" + name + ":0" }

// damages are what can be wrong with stored checkpoints. Each gets the names of all
// generations, the newest first.
var damages = map[string]func(r *rig, all []string) error{
	"a chunk of no bytes": func(r *rig, all []string) error {
		return r.raw.Set(r.t.Context(), chunk(all[0]), "", 0).Err()
	},
	"a chunk cut short": func(r *rig, all []string) error {
		whole, err := r.raw.Get(r.t.Context(), chunk(all[0])).Result()
		if err != nil {
			return err
		}
		return r.raw.Set(r.t.Context(), chunk(all[0]), whole[:len(whole)/2], 0).Err()
	},
	"a chunk that is gone": func(r *rig, all []string) error {
		return r.raw.Del(r.t.Context(), chunk(all[0])).Err()
	},
	"a chunk of another type": func(r *rig, all []string) error {
		r.raw.Del(r.t.Context(), chunk(all[0]))
		return r.raw.RPush(r.t.Context(), chunk(all[0]), "x").Err()
	},
	"a pointer to nothing": func(r *rig, _ []string) error {
		return r.raw.HSet(r.t.Context(), "{faultline}:checkpoint", "gen", "7-NOTHING-f1").Err()
	},
	"a pointer of no fields": func(r *rig, _ []string) error {
		return r.raw.HSet(r.t.Context(), "{faultline}:checkpoint", "gen", "", "chunks", "", "ms", "", "seq", "",
			"sum", "").Err()
	},
	"a pointer that is gone": func(r *rig, _ []string) error {
		return r.raw.Del(r.t.Context(), "{faultline}:checkpoint").Err()
	},
	"a pointer of another type": func(r *rig, _ []string) error {
		return r.raw.Set(r.t.Context(), "{faultline}:checkpoint", "x", 0).Err()
	},
	"a list of older ones that is no list": func(r *rig, all []string) error {
		r.raw.Del(r.t.Context(), chunk(all[0]))
		return r.raw.Set(r.t.Context(), "{faultline}:checkpoints:older", "[{", 0).Err()
	},
	"a list of older ones of another type": func(r *rig, _ []string) error {
		r.raw.Del(r.t.Context(), "{faultline}:checkpoints:older")
		return r.raw.RPush(r.t.Context(), "{faultline}:checkpoints:older", "x").Err()
	},
	"every chunk gone": func(r *rig, all []string) error {
		for _, name := range all {
			if err := r.raw.Del(r.t.Context(), chunk(name)).Err(); err != nil {
				return err
			}
		}
		return nil
	},
	"every chunk cut short": func(r *rig, all []string) error {
		for _, name := range all {
			if err := r.raw.Set(r.t.Context(), chunk(name), "x", 0).Err(); err != nil {
				return err
			}
		}
		return nil
	},
}

// generations are the names of all checkpoints, the newest first; nil where they can't be asked
// for just now.
func (r *rig) generations() (names []string) {
	found, err := r.st.Generations(r.t.Context())
	if err != nil {
		return nil
	}
	for _, g := range found {
		names = append(names, g.Name)
	}
	return names
}

// Whatever is wrong with the stored checkpoints, a node that starts goes on: the incident
// has its next revision, every report counts once, and a new checkpoint can be read.
func TestNoDamageOfCheckpointsEndsTheService(t *testing.T) {
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			first := r.start("")
			r.leads(first)
			r.append(report())
			pace.Eventually(t, "the report is published", func() bool { return r.stored().Revision == 1 })
			pace.Eventually(t, "the report is in the view", func() bool {
				v, _, err := r.st.View(t.Context(), 0)
				return err == nil && v.Counters.Reports == 1
			})
			pace.Eventually(t, "there are several checkpoints", func() bool { return len(r.generations()) == 3 })
			first.stop() // which stores a last one
			all := r.generations()
			r.trimmed("1-0")
			r.append(report())
			if err := damage(r, all); err != nil {
				t.Fatal(err)
			}
			w := r.start("")
			r.leads(w)
			r.append(report())
			pace.Eventually(t, "every report is counted", func() bool { return r.stored().Title == "3 reports" })
			if n := testutil.ToFloat64(w.fold.m.broken); n != 0 {
				t.Errorf("%v revisions do not fit", n)
			}
			pace.Eventually(t, "there is a new checkpoint, which can be read", func() bool {
				_, there, err := r.st.Checkpoint(t.Context())
				now := r.generations()
				return err == nil && there && len(now) > 0 && !slices.Contains(all, now[0])
			})
			if n := w.fold.begun.Load(); n > 4 {
				t.Errorf("the fold began %d times", n)
			}
		})
	}
}

// Entries that nobody can read, between others, are passed over by all nodes alike, and are
// counted; what stands behind them counts.
func TestEntriesThatNobodyCanReadArePassedOver(t *testing.T) {
	r := newRig(t)
	w := r.start("")
	r.leads(w)
	r.append(report())
	pace.Eventually(t, "the report is published", func() bool { return r.stored().Title == "1 reports" })
	entries, err := r.raw.XRange(t.Context(), "{faultline}:log", "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	good := entries[len(entries)-1].Values["b"].(string)
	wrong := []byte(good)
	wrong[len(wrong)-1] ^= 1
	for _, values := range [][]any{
		{"b", string(wrong)}, {"b", ""}, {"b", "\x01"}, {"b", "\x02" + good[1:]}, {"b", "\xff" + good[1:]},
		{"b", strings.Repeat("x", 1<<20)}, {"other", good}, {"b", good[:len(good)-1]},
	} {
		entry := &redis.XAddArgs{Stream: "{faultline}:log", Values: values}
		if err := r.raw.XAdd(t.Context(), entry).Err(); err != nil {
			t.Fatal(err)
		}
		r.append(report())
	}
	pace.Eventually(t, "every report is counted", func() bool { return r.stored().Title == "9 reports" })
	other := r.start("", func(w *worker) { w.follows = true })
	r.reads(other)
	if n := testutil.ToFloat64(w.fold.m.broken); n != 0 {
		t.Errorf("%v revisions do not fit", n)
	}
}
