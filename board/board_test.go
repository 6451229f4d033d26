package board

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/board/boardtest"
)

// So many first changes at once that some may have been dropped before they
// were seen: then they are not taken for all there were.
func TestFirstChangesMayBeTooMany(t *testing.T) {
	source := boardtest.NewSource()
	b := New(Config{Source: source, Now: time.Now})
	for i := range Recent {
		u, synced, err := b.readNext(t.Context(), Beginning)
		if i%100 == 0 && (err != nil || !synced || len(u.changes) != i) {
			t.Fatalf("after %d: %d changes, %t, %v", i, len(u.changes), synced, err)
		}
		source.Publish(boardtest.Incident(0, i+1, 1))
	}
	if u, synced, err := b.readNext(t.Context(), Beginning); err != nil || synced || len(u.changes) != 0 {
		t.Errorf("took %d changes, %t, %v", len(u.changes), synced, err)
	}
}

// Reads through the source are few at a time, whoever asks.
func TestReadsThroughAreBounded(t *testing.T) {
	b := New(Config{Source: boardtest.NewSource(), Now: time.Now})
	for range readsThrough {
		b.through <- struct{}{}
	}
	if _, err := b.ReadThrough(t.Context(), "inc_OLD", 0); !errors.Is(err, faultline.ErrUnavailable) {
		t.Errorf("one too many: %v", err)
	}
	<-b.through
	if _, err := b.ReadThrough(t.Context(), "inc_OLD", 0); !errors.Is(err, faultline.ErrNotFound) {
		t.Errorf("with a place free: %v", err)
	}
	if len(b.through) != readsThrough-1 {
		t.Error("a read through the source kept its place")
	}
}

// What can't be a position is not looked for.
func TestOnlyPositionsAreLookedFor(t *testing.T) {
	source := boardtest.NewSource()
	b := New(Config{Source: source, Now: time.Now})
	for _, after := range []string{"<script>", "1 2", "", "a\nb", strings.Repeat("9", 65), Beginning} {
		if _, err := b.ChangesBetween(t.Context(), after, boardtest.Position(5), 10); err == nil ||
			source.Count("changes") != 0 {
			t.Errorf("%.20q: %v", after, err)
		}
	}
}

// Memory is bounded: the oldest closed incidents go, open ones stay, and long
// lists of sites are left to the source.
func TestBoardForgets(t *testing.T) {
	entries := map[string]*Entry{}
	for i := range MaxIncidents + 50 {
		inc := boardtest.Incident(i, 1, 1)
		inc.ID = fmt.Sprint("inc_", i)
		if inc.State = faultline.StateResolved; i < 10 {
			inc.State = faultline.StateConfirmed
		}
		e, err := newEntry(inc)
		if err != nil {
			t.Fatal(err)
		}
		entries[inc.ID] = e
	}
	order, floor := arrange(entries)
	if len(order) != MaxIncidents+10 || len(entries) != len(order) {
		t.Errorf("%d kept, %d known", len(order), len(entries))
	}
	if entries["inc_10"] != nil || entries["inc_9"] == nil || entries[fmt.Sprint("inc_", MaxIncidents+49)] == nil {
		t.Error("the wrong ones were forgotten")
	}
	if floor != CursorOf(&order[MaxIncidents-1].Incident) {
		t.Errorf("nothing is said to lack down to %v", floor)
	}
	long := boardtest.Incident(0, 1, 30)
	for range maxKeptSites {
		long.Sites = append(long.Sites, long.Sites[0])
	}
	long.SitesTotal = len(long.Sites)
	recent := boardtest.Incident(1, 1, 30)
	entries = map[string]*Entry{}
	for _, inc := range []faultline.Incident{long, recent} {
		entries[inc.ID], _ = newEntry(inc)
	}
	if _, floor := arrange(entries); floor != (Cursor{}) {
		t.Errorf("of two, some lack behind %v", floor)
	}
	if e := entries[long.ID]; e.Complete || len(e.Incident.Sites) != faultline.ListedSites ||
		cap(e.Incident.Sites) > 2*faultline.ListedSites {
		t.Errorf("the long one keeps %d sites", len(e.Incident.Sites))
	}
	if e := entries[recent.ID]; !e.Complete || len(e.Incident.Sites) != 30 {
		t.Error("the recent one lost its sites")
	}
}
