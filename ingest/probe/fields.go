package probe

import (
	"bytes"
	"strings"
)

// field is one header line, name and value without blanks around them.
type field struct{ name, value []byte }

// fields are the header lines of an answer, in order. They point into the buffer that
// the answer was read into. A slice and not a map, because an answer has some twenty
// and is asked for four of them.
type fields []field

// get returns the value of the first line of that name, in any case of letters; empty
// when there is none. Lengths are compared first, which settles most of them.
func (f fields) get(name string) string {
	for i := range f {
		if len(f[i].name) == len(name) && strings.EqualFold(string(f[i].name), name) {
			return string(f[i].value)
		}
	}
	return ""
}

// has reports whether there is a line of that name.
func (f fields) has(name string) bool {
	for i := range f {
		if len(f[i].name) == len(name) && strings.EqualFold(string(f[i].name), name) {
			return true
		}
	}
	return false
}

// all returns the values of every line of that name, in order.
func (f fields) all(name string) (values []string) {
	for i := range f {
		if len(f[i].name) == len(name) && strings.EqualFold(string(f[i].name), name) {
			values = append(values, string(f[i].value))
		}
	}
	return values
}

// chunked reports whether the body comes in chunks. HTTP/1.0 has none, whatever a
// header says.
func (a *answer) chunked() bool {
	if !a.modern {
		return false
	}
	for _, f := range a.header {
		if len(f.name) != 17 || !bytes.EqualFold(f.name, []byte("Transfer-Encoding")) {
			continue
		}
		for v := range bytes.SplitSeq(f.value, []byte{','}) {
			if bytes.EqualFold(bytes.TrimSpace(v), []byte("chunked")) {
				return true
			}
		}
	}
	return false
}

// length returns what Content-Length says, negative when nothing or nothing that
// can be read.
func (a *answer) length() int64 {
	n, lines := int64(-1), 0
	for _, f := range a.header {
		if len(f.name) != 14 || !bytes.EqualFold(f.name, []byte("Content-Length")) {
			continue
		}
		if lines++; lines > 1 {
			return -1 // the same twice: the connection's end is the body's
		}
		n = readDigits(f.value)
	}
	return n
}

// readDigits reads a number of digits alone; negative when there is anything else, or
// more than eighteen of them, which could overflow.
func readDigits(v []byte) int64 {
	if len(v) == 0 || len(v) > 18 {
		return -1
	}
	n := int64(0)
	for _, c := range v {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}
