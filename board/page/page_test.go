package page

import (
	"fmt"
	"testing"
	"time"
)

func TestNoneMatch(t *testing.T) {
	const etag = `"abc"`
	for _, test := range []struct {
		lines []string
		want  bool
	}{
		{nil, false},
		{[]string{`"abc"`}, true},
		{[]string{`W/"abc"`}, true},
		{[]string{`*`}, true},
		{[]string{` * `}, true},
		{[]string{`"x", "abc"`}, true},
		{[]string{`"x","y" , W/"abc"`}, true},
		{[]string{`,, "abc"`}, true},
		{[]string{`"x"`, `"abc"`}, true},
		{[]string{`"x, abc", "abc"`}, true},
		{[]string{`"a,b"`}, false},
		{[]string{`abc`}, false},
		{[]string{`"abc`}, false},
		{[]string{`"abcd"`}, false},
		{[]string{`"x\"abc"`}, false},
		{[]string{`w/"abc"`}, false},
		{[]string{``}, false},
		{[]string{`W/`}, false},
	} {
		if got := noneMatch(test.lines, etag); got != test.want {
			t.Errorf("%q: got %t", test.lines, got)
		}
	}
}

// A page cache keeps within its bytes and still answers.
func TestPageCache(t *testing.T) {
	c := NewCache(Bounds{Bytes: 3_000, Pages: 100})
	rendered := 0
	get := func(key string) {
		p, err := c.Get(key, func() (*Page, error) { rendered++; return Of(make([]byte, 999)), nil })
		if err != nil || len(p.identity.body) == 0 {
			t.Fatal(p, err)
		}
	}
	for range 2 {
		for key := range 5 {
			get(fmt.Sprint(key))
		}
	}
	if rendered != 5+2 || c.bytes > 3_000 {
		t.Errorf("rendered %d times, %d bytes kept", rendered, c.bytes)
	}
}

// Accept-Encoding is read as RFC 9110 section 12.5.3 has it: an encoding with the
// weight 0 is not sent, and of two the one that is preferred.
func TestAcceptable(t *testing.T) {
	for accept, want := range map[string][2]bool{
		"":                                    {false, false},
		"identity":                            {false, false},
		"gzip":                                {false, true},
		"x-gzip":                              {false, true},
		"GZIP":                                {false, true},
		"br":                                  {true, false},
		"gzip, deflate, br, zstd":             {true, true},
		"gzip;q=0":                            {false, false},
		"gzip; q=0.0, br;q=0":                 {false, false},
		"br;q=0, gzip":                        {false, true},
		"*":                                   {true, true},
		"*;q=0":                               {false, false},
		"gzip;q=0, *":                         {true, false},
		"br;q=0.5, gzip;q=1":                  {false, true},
		"br;q=1, gzip;q=0.5":                  {true, true},
		"gzip;q=1.000, identity;q=0.5, *;q=0": {false, true},
		"gzip;q=zero":                         {false, false},
		"identity, gzip;q=0.5, br;q=0.2":      {false, false},
		"identity;q=0.5, gzip;q=0.5":          {false, true},
		"identity;q=0, *":                     {true, true},
		"identity;q=0.9, br;q=1.0, gzip;q=.8": {true, true},
		"gzip;q=2":                            {false, false},
		"nogzip, brotli":                      {false, false},
	} {
		if br, gz := acceptable(accept); br != want[0] || gz != want[1] {
			t.Errorf("%q: brotli %t, gzip %t", accept, br, gz)
		}
	}
}

// A page that lives for a while is rendered again once that is over, or the clock
// was set back.
func TestPagesAge(t *testing.T) {
	c := NewCache(Bounds{Bytes: 1_000, Pages: 2, Life: time.Second})
	at, rendered := time.Unix(1_000_000, 0), 0
	get := func(key string, after time.Duration) {
		if _, err := c.GetAt(key, at.Add(after), func() (*Page, error) {
			rendered++
			return Of([]byte(key)),
				nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		key   string
		after time.Duration
		want  int
	}{{"a", 0, 1}, {"a", 999 * time.Millisecond, 1}, {"a", time.Second, 2}, {"a", 0, 3}, {"b", 0, 4}, {"c", 0, 5},
		{"c", 0, 6}, {"c", time.Second, 7}, {"c", time.Second, 7}} {
		if get(step.key, step.after); rendered != step.want {
			t.Errorf("%s after %s: rendered %d times, want %d", step.key, step.after, rendered, step.want)
		}
	}
}

// What never changes is kept within the bounds, whatever else has to go.
func TestKeptPagesAreBounded(t *testing.T) {
	c := NewCache(Bounds{Bytes: 3_000, Pages: 100})
	for i := range 50 {
		key := fmt.Sprint(i)
		c.Put(key, Of(make([]byte, 900)))
		if c.Kept(key) == nil || c.bytes > 3_000 || len(c.slots) > 3 {
			t.Fatalf("after %d: %d pages of %d bytes", i, len(c.slots), c.bytes)
		}
	}
	c.Put("large", Of(make([]byte, 3_001)))
	if c.Kept("large") != nil || c.Kept("nothing") != nil {
		t.Error("there is what can't be")
	}
}
