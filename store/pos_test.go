package store

import (
	"encoding/json"
	"testing"
)

func TestPositionsAreInOrder(t *testing.T) {
	ascending := []string{"", "9-9", "10-0", "10-2", "10-11", "1623145625000-0"}
	for i, a := range ascending {
		for j, b := range ascending {
			p, err1 := ParsePos(a)
			q, err2 := ParsePos(b)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			if got, want := p.After(q), i > j; got != want {
				t.Errorf("%q after %q: %v", a, b, got)
			}
			if got, want := p.Compare(q) == 0, i == j; got != want {
				t.Errorf("%q equal to %q: %v", a, b, got)
			}
		}
	}
}

func TestPositionsKeepTheirForm(t *testing.T) {
	for _, text := range []string{`{"pos":"","seqs":null}`, `{"pos":"1623145625000-7","seqs":null}`} {
		var c Cursor
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(c); err != nil || string(got) != text {
			t.Errorf("%s becomes %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"x", "1", "1-", "-1", "1-2-3", "-"} {
		if _, err := ParsePos(text); err == nil {
			t.Errorf("%q is taken for a position", text)
		}
	}
}
