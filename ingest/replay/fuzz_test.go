package replay

import (
	"bytes"
	"reflect"
	"testing"
	"unicode"

	"faultline"
)

// FuzzDecode holds the quick reader to the full one, and every accepted line to
// its written form.
func FuzzDecode(f *testing.F) {
	for _, tt := range good {
		f.Add([]byte(tt.line))
	}
	f.Add([]byte(`{"type":"site","site":"a","components":["bad"]}`))
	f.Add([]byte(`{"type":"report","at":"2021-06-08T09:51:03.1234567891Z","site":"a","reporter":"r"}`))
	f.Add([]byte(`{"type":"probe","at":"0000-01-01T00:00:00Z","site":"a","vantage":"v","status":1.5}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var quickly, fully parsed
		var q quick
		if q.parse(line, newWords(), &quickly) {
			if err := fully.unmarshal(line); err != nil {
				t.Fatalf("read quickly, but in full: %v", err)
			}
			if !reflect.DeepEqual(quickly, fully) {
				t.Fatalf("quickly %+v\nin full %+v", quickly, fully)
			}
		}
		d := newDecoder()
		ev, err := d.decode(line)
		if err != nil {
			if bytes.ContainsFunc([]byte(err.Error()), unicode.IsControl) {
				t.Fatalf("the error has control characters: %q", err)
			}
			return
		}
		written, err := faultline.AppendLine(nil, ev)
		if err != nil {
			t.Fatalf("write %#v: %v", ev, err)
		}
		again, err := d.decode(bytes.TrimSuffix(written, []byte("\n")))
		if err != nil || !reflect.DeepEqual(ev, again) {
			t.Fatalf("%s: read %#v, %v\nwas %#v", written, again, err, ev)
		}
	})
}
