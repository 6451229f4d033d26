package history_test

import (
	"errors"
	"os"
	"slices"
	"testing"

	"faultline"
	"faultline/scenario"
	"faultline/scenario/history"
)

// soon is within how many seconds of the onset an outage is to be named; slower ones are
// known to take so long, with why.
const soon = 60

var slower = map[string]int{
	"dyn-2016-10-21":              90,  // most vantages see an eighth of the failures
	"azure-front-door-2025-10-29": 90,  // the edges fail one by one over two minutes
	"rogers-2022-07-08":           240, // people alone can say it, and they take minutes
}

func all(t *testing.T) []history.Replay {
	t.Helper()
	var list []history.Replay
	for _, name := range history.Names() {
		r, err := history.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func TestEveryOutageOfThePastIsNamedRightAndFirst(t *testing.T) {
	for _, r := range all(t) {
		s, name := r.Score, r.Spec.Name
		if !s.Right || s.False != 0 {
			t.Errorf("%s: named %s, %d false ones", name, s.Named, s.False)
		}
		limit := soon
		if known, ok := slower[name]; ok {
			limit = known
		}
		if s.Seconds > limit || s.Seconds < 0 {
			t.Errorf("%s: after %d s, more than %d", name, s.Seconds, limit)
		}
		if s.Ahead == nil != r.Spec.Record.FirstWord.IsZero() || s.Ahead != nil && *s.Ahead <= 0 {
			t.Errorf("%s: not ahead of the provider's first word: %v", name, s.Ahead)
		}
		if len(s.Missed)+len(s.Blamed) > 0 {
			t.Errorf("%s: not cleared: %v, blamed: %v", name, s.Missed, s.Blamed)
		}
	}
}

func TestSitesThatPeopleBlamedInErrorAreCleared(t *testing.T) {
	for name, want := range map[string][]string{
		"facebook-2021-10-04": {"verizon.com", "att.com"}, "fastly-2021-06-08": {"wikipedia.org"},
	} {
		r, err := history.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.Score.Cleared, want) {
			t.Errorf("%s: cleared %v, want %v", name, r.Score.Cleared, want)
		}
	}
}

func TestRecordingsAreOfTheSpecsOfToday(t *testing.T) {
	var recorded []string
	for _, name := range scenario.Names() {
		spec, err := scenario.Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		if spec.Record == nil {
			continue
		}
		recorded = append(recorded, name)
		r, err := history.Open(name)
		if err != nil {
			t.Errorf("%v: run make replays", err)
			continue
		}
		if r.Score.Spec != history.Digest(spec) {
			t.Errorf("%s: the spec has changed since it was recorded: run make replays", name)
		}
	}
	if len(recorded) < 13 || len(recorded) != len(history.Names()) {
		t.Errorf("%d outages, recordings of %v", len(recorded), history.Names())
	}
}

func TestTheTableIsThatOfTheRecordings(t *testing.T) {
	written, err := os.ReadFile("../../docs/replays.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != string(history.Table(all(t))) {
		t.Error("docs/replays.md is not what the recordings say: run make replays")
	}
}

func TestUnknownReplayIsNotFound(t *testing.T) {
	if _, err := history.Open("../recorded/dyn-2016-10-21"); !errors.Is(err, faultline.ErrNotFound) {
		t.Error(err)
	}
}

func TestARecordingReadsAsItWasWritten(t *testing.T) {
	r, err := history.Open("dyn-2016-10-21")
	if err != nil {
		t.Fatal(err)
	}
	packed, err := history.Pack(r.Score, r.Revisions)
	if err != nil {
		t.Fatal(err)
	}
	score, revisions, err := history.Unpack(packed)
	if err != nil || score.Incident != r.Score.Incident || len(revisions) != len(r.Revisions) {
		t.Errorf("%v: %d revisions of %d", err, len(revisions), len(r.Revisions))
	}
	for i := 1; i < len(revisions); i++ {
		if revisions[i].UpdatedAt.Before(revisions[i-1].UpdatedAt) {
			t.Fatalf("revision %d is out of order", i)
		}
	}
	if _, _, err := history.Unpack(packed[:len(packed)/2]); err == nil {
		t.Error("half a recording is read")
	}
}
