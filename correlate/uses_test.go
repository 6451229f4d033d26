package correlate

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"faultline"
)

// published is what an engine publishes while it folds events, a revision a line.
func publishedWith(t *testing.T, events []faultline.Event) []byte {
	t.Helper()
	e := New(Config{})
	var out bytes.Buffer
	for _, ev := range events {
		for _, inc := range e.Fold(ev) {
			if err := json.NewEncoder(&out).Encode(inc); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out.Bytes()
}

// What a page loads from others is shown and never evidence: the same incidents, to the byte,
// whatever the records say of it.
func TestWhatPagesUseMovesNoIncident(t *testing.T) {
	plain := busy().events()
	using := slices.Clone(plain)
	used := 0
	for i, ev := range using {
		if r, ok := ev.(faultline.SiteRecord); ok {
			r.Uses = []faultline.Component{"cdn:a", "cdn:x", "cdn:y"}
			using[i] = r
			used++
		}
	}
	if used == 0 {
		t.Fatal("the scenario has no record of a site")
	}
	want, got := publishedWith(t, plain), publishedWith(t, using)
	if len(want) == 0 {
		t.Fatal("nothing is published")
	}
	if !bytes.Equal(want, got) {
		t.Error("another revision is published when records say what pages use")
	}
}

// What a page uses is part of its record: it comes back from the engine, replaces what was
// known before, and survives a restart.
func TestWhatAPageUsesIsKeptWithItsRecord(t *testing.T) {
	e := New(Config{})
	uses := []faultline.Component{"cdn:a", "cloud:b"}
	e.Fold(faultline.SiteRecord{Site: "one.example", Components: []faultline.Component{"cdn:x"}, Uses: uses})
	back, err := Restore(Config{}, e.Checkpoint())
	if err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]*Engine{"the engine": e, "a restored engine": back} {
		if r, ok := of.Record("one.example"); !ok || !slices.Equal(r.Uses, uses) {
			t.Errorf("%s says that one.example uses %v, want %v", name, r.Uses, uses)
		}
	}
	e.Fold(faultline.SiteRecord{Site: "one.example", Components: []faultline.Component{"cdn:x"}})
	if r, _ := e.Record("one.example"); r.Uses != nil {
		t.Errorf("a record that names nothing leaves %v", r.Uses)
	}
}
