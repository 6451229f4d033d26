package replay

import (
	"time"

	"faultline"
)

// space moves past blanks.
func (q *quick) space() {
	for q.pos < len(q.text) {
		switch q.text[q.pos] {
		case ' ', '\t', '\r', '\n':
			q.pos++
		default:
			return
		}
	}
}

// skip moves past blanks and then c, if c is next. The byte itself is tried first,
// because files written by machines have no blanks.
func (q *quick) skip(c byte) bool {
	if !q.next(c) {
		q.space()
		return q.next(c)
	}
	return true
}

// next passes over a byte, if it is the next one.
func (q *quick) next(c byte) bool {
	if q.pos < len(q.text) && q.text[q.pos] == c {
		q.pos++
		return true
	}
	return false
}

// end reports whether nothing but space is left.
func (q *quick) end() bool {
	q.space()
	return q.pos == len(q.text)
}

// string reads a string of printable ASCII without escapes. An escape, or a letter
// outside ASCII, is left to the full decoder, which checks UTF-8.
func (q *quick) string() ([]byte, bool) {
	if !q.skip('"') {
		return nil, false
	}
	rest := q.text[q.pos:]
	for i, c := range rest {
		if c == '"' {
			q.pos += i + 1
			return rest[:i], true
		}
		if c < ' ' || c > '~' || c == '\\' {
			break
		}
	}
	return nil, false
}

// plain reads a string without escapes into a slice of the line itself, without a copy.
func (q *quick) plain(into *[]byte) bool {
	s, ok := q.string()
	*into = s
	return ok
}

// number reads a whole number from 0 to 999,999,999,999. Twelve digits fit every
// member, and no sum of them overflows. A number that begins with 0 is not JSON and
// goes to the full decoder, which says so.
func (q *quick) number(into *int64) bool {
	const digits = 12
	q.space()
	begin, n := q.pos, int64(0)
	for q.pos < len(q.text) && q.text[q.pos]-'0' <= 9 {
		n = n*10 + int64(q.text[q.pos]-'0')
		if q.pos++; q.pos-begin > digits {
			return false
		}
	}
	length := q.pos - begin
	if length == 0 || length > 1 && q.text[begin] == '0' {
		return false
	}
	*into = n
	return true // what follows must be a comma or the end: no fraction, no exponent
}

// list reads a list of components into a slice that is used again for each line. The
// components come from the table of words, so a million lines hold one copy of each.
func (q *quick) list(into *[]faultline.Component, w words) bool {
	*into = (*into)[:0]
	if !q.skip('[') {
		return false
	}
	if q.skip(']') {
		return true
	}
	for {
		s, ok := q.string()
		if !ok {
			return false
		}
		*into = append(*into, faultline.Component(w.get(s)))
		if q.skip(',') {
			continue
		}
		return q.skip(']')
	}
}

// The parts of 2006-01-02T15:04:05.999Z.
const (
	minuteLen = len("2006-01-02T15:04:")
	secondLen = len("2006-01-02T15:04:05")
)

// time reads an RFC 3339 time in UTC, written with Z, and at most nine decimals. Lines
// of one minute follow one another, so a minute is worked out once. Other zones and
// forms go to the full decoder.
func (q *quick) time() bool {
	s, ok := q.string()
	if !ok || len(s) <= secondLen || s[len(s)-1] != 'Z' {
		return false
	}
	if string(s[:minuteLen]) != string(q.minute) {
		t, err := time.Parse("2006-01-02T15:04:", string(s[:minuteLen]))
		if err != nil {
			return false
		}
		q.minute = append(q.minute[:0], s[:minuteLen]...)
		q.minuteUnix = t.Unix()
	}
	tens, ones := s[minuteLen]-'0', s[minuteLen+1]-'0'
	if tens > 5 || ones > 9 {
		return false
	}
	nanos, ok := fraction(s[secondLen : len(s)-1])
	q.at = time.Unix(q.minuteUnix+int64(tens)*10+int64(ones), nanos).UTC()
	return ok
}

// fraction reads nothing, or a point and one to nine digits, as nanoseconds.
func fraction(s []byte) (int64, bool) {
	if len(s) == 0 {
		return 0, true
	}
	if s[0] != '.' || len(s) == 1 || len(s) > 10 {
		return 0, false
	}
	n, unit := int64(0), int64(time.Second)
	for _, c := range s[1:] {
		if c -= '0'; c > 9 {
			return 0, false
		}
		unit /= 10
		n += int64(c) * unit
	}
	return n, true
}
