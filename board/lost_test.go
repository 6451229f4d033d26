package board

import (
	"testing"
	"time"

	"faultline"
	"faultline/board/boardtest"
)

// Of a source that has lost what readers were told, readers see no revision go back and no
// incident vanish; of another log they see what it has.
func TestReadersSeeNoRevisionGoBack(t *testing.T) {
	newer, only := boardtest.Incident(1, 5, 1), boardtest.Incident(2, 1, 1)
	for name, c := range map[string]struct {
		began time.Time
		kept  int
	}{
		"the same log": {newer.DetectedAt.Add(-time.Hour), 2},
		"another log":  {newer.DetectedAt.Add(time.Hour), 1},
		"none known":   {time.Time{}, 1},
	} {
		b := New(Config{Source: boardtest.NewSource(), Now: time.Now})
		k := &keeper{board: b, entries: map[string]*Entry{}}
		k.take(batch{restart: true, incidents: []faultline.Incident{newer, only}})
		k.take(batch{restart: true, began: c.began, incidents: []faultline.Incident{boardtest.Incident(1, 3, 1)}})
		published, known := b.Published()
		if !known || len(published) != c.kept {
			t.Errorf("%s: %d incidents are known, %t", name, len(published), known)
		}
		for _, in := range published {
			if in.ID == newer.ID && in.Revision != newer.Revision {
				t.Errorf("%s: revision %d", name, in.Revision)
			}
		}
	}
}
