package api

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/boardtest"
)

// BenchmarkComponentOfManySites is one rendering of a component that 300,000 of a
// million sites depend on; there is one each 10 seconds at most for each that is
// asked for.
func BenchmarkComponentOfManySites(b *testing.B) {
	x := board.NewIndex()
	view := faultline.View{AsOf: t0}
	for i := range 1_000_000 {
		r := faultline.SiteRecord{Site: fmt.Sprintf("site%07d.example", i*7919%1_000_000), Rank: i}
		if i%10 < 3 {
			r.Components = []faultline.Component{"cdn:fastly"}
		}
		x.Put(r)
		if i%100 == 0 {
			view.Sites = append(view.Sites, faultline.SiteStatus{Site: r.Site, State: faultline.SiteDown})
		}
	}
	source := boardtest.NewSource()
	source.See(view)
	held := board.New(board.Config{Source: source, Now: time.Now})
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go func() { _ = held.Run(ctx) }()
	for held.View().AsOf.IsZero() {
		runtime.Gosched()
	}
	a := &api{cfg: Config{Index: x, Board: held}}
	s, err := held.Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("component", func(b *testing.B) {
		for b.Loop() {
			a.componentAnswer(s, "cdn:fastly")
		}
	})
	b.Run("statuspage", func(b *testing.B) {
		for b.Loop() {
			a.statuspage(b.Context(), s, statuspageOf{component: "cdn:fastly"}, statuspageFiles["summary.json"])
		}
	})
	b.Run("search", func(b *testing.B) {
		for b.Loop() {
			x.Search("site", searchLimit)
		}
	})
}
