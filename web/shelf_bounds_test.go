package web

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"faultline/board/page"

	"github.com/prometheus/client_golang/prometheus"
)

// Of too many pages on disk those go that nobody has asked for longest, also after a
// restart.
func TestPagesOnDiskAreBounded(t *testing.T) {
	dir, now := t.TempDir(), time.Unix(1_600_000_000, 0)
	open := func() *diskCache {
		tick := func() time.Time { now = now.Add(time.Second); return now }
		s, err := openDiskCache(dir, page.Bounds{Bytes: 1 << 20, Pages: 4}, tick,
			slog.New(slog.DiscardHandler), prometheus.NewRegistry())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	for i := range 10 {
		s.write(keptPage{Key: fmt.Sprint(i), body: []byte("page")})
		if s.read("0") == nil {
			t.Fatalf("the page that is asked for always is gone after %d others", i)
		}
	}
	s = open()
	s.write(keptPage{Key: "new", body: []byte("page")})
	for _, key := range []string{"0", "8", "9", "new"} {
		if s.read(key) == nil {
			t.Errorf("page %s is gone", key)
		}
	}
	for _, key := range []string{"1", "7"} {
		if s.read(key) != nil {
			t.Errorf("page %s is still there", key)
		}
	}
	s.bounds.Bytes = 1
	if s.write(keptPage{Key: "large", body: []byte("page")}); len(s.files) != 0 || s.bytes != 0 {
		t.Errorf("%d files of %d bytes", len(s.files), s.bytes)
	}
}
