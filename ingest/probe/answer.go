package probe

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

// Bounds of an answer. Those of its head are Chromium's, so that what a browser opens
// is opened here too. A site may send whatever it likes, and nothing that it sends may
// grow this process.
const (
	maxHead      = 256 << 10 // status line and header lines of one answer
	maxBody      = 16 << 10  // of the page, enough to know a refusal by
	maxInterim   = 200       // answers of 1xx before the one that counts
	junkAllowed  = 4         // bytes in front of the status line, and before them
	blankAllowed = 64        // spaces and line ends
	firstBuffer  = 4 << 10
	keptBuffer   = 64 << 10 // a larger one is not kept for the next check
	// bodyPatience is how long the rest of a page is waited for once some of it is
	// there: a page that does not end is shown as far as it has come.
	bodyPatience = 3 * time.Second
)

// answer is what came back over one connection. Its slices point into the buffers that
// it was read into, and are valid until these are used again: whoever keeps a part
// copies it.
type answer struct {
	status  int
	header  fields
	body    []byte // its beginning, decoded
	modern  bool   // HTTP/1.1 or later: chunks are understood
	short   bool   // it ended before it said that it would
	encoded bool   // its Content-Encoding is not what it says
	cert    certificate
	h2      bool // by HTTP/2
	asksFor bool // the server asked for a certificate of ours
}

// What can be wrong with an answer. Each becomes the detail of a probe with symptom
// content, see judgeStep.
var (
	errFlood     = errors.New("headers without end")
	errGarbage   = errors.New("the answer is no HTTP")
	errAmbiguous = errors.New("a header that must be unique has two values")
)

// wire reads an answer from a connection into buffers that are used again. net/http is
// not used for HTTP/1.1, because it refuses answers that browsers open, and because a
// check by it costs more than twice the CPU time (bench, group probe).
type wire struct {
	conn net.Conn
	b    *buffers
	base int // what b.in holds before is in use: the head, that the header lines point into
	at   int // what it holds from here on has not been taken yet
	end  int
}

// fill reads more into the buffer, which it moves together or enlarges when it is full;
// io.EOF when there is no more. One call is one read of the connection, so it returns
// as soon as anything is there. A buffer that has grown is given back smaller after the
// check (keptBuffer), so that one site with a long head does not cost memory for good.
func (w *wire) fill() error {
	// All of it was taken, so that the buffer can be filled from its beginning without a
	// copy.
	if w.at == w.end {
		w.at, w.end = w.base, w.base
	}
	if w.end == len(w.b.in) {
		if w.at > w.base {
			w.end = w.base + copy(w.b.in[w.base:], w.b.in[w.at:w.end])
			w.at = w.base
		} else {
			// Doubled, so that a long head costs few copies.
			w.b.in = append(w.b.in, make([]byte, len(w.b.in))...)
		}
	}
	n, err := w.conn.Read(w.b.in[w.end:])
	w.end += n
	if n > 0 {
		return nil
	}
	if err == nil {
		// A connection that returns neither bytes nor an error would be read without end.
		err = io.ErrNoProgress
	}
	if errors.Is(err, io.ErrUnexpectedEOF) { // TLS without a farewell
		err = io.EOF
	}
	return err
}

// held is what has been read and not taken yet.
func (w *wire) held() []byte { return w.b.in[w.at:w.end] }

// readAnswer reads the head of an answer, behind those of 1xx, and the beginning of its
// body, as tolerantly as Chromium does. first is called once the first byte is there,
// for the time to it. secure says that the connection is TLS, where an answer that is
// cut off may have been cut by an attacker. Interim answers are bounded, since a server
// that sends them without end would hold a worker.
func readAnswer(conn net.Conn, secure bool, b *buffers, first func()) (answer, error) {
	w := &b.wire
	*w = wire{conn: conn, b: b}
	if err := w.fill(); err != nil {
		return answer{}, err
	}
	first()
	var a answer
	for range maxInterim {
		whole, err := w.head(secure, &a)
		if err != nil {
			return answer{}, err
		}
		if a.status/100 != 1 || a.header == nil && !whole {
			return a, w.body(&a, whole)
		}
	}
	return answer{}, errFlood
}

// head reads one head into a. whole is false if the connection ended with it. A zero
// byte is no text and ends the reading, as in Chromium.
func (w *wire) head(secure bool, a *answer) (whole bool, err error) {
	begin, err := w.findStatusLine()
	if err != nil {
		return false, err
	}
	if begin < 0 {
		return true, w.headless(a)
	}
	if bytes.IndexByte(w.held()[:begin], 0) >= 0 {
		return false, errGarbage
	}
	w.at += begin
	n, whole, err := w.findHeadEnd()
	if err != nil {
		return false, err
	}
	if !whole && secure { // cut off by whoever can cut a TLS connection
		return false, io.EOF
	}
	head := w.held()[:n]
	w.at += n
	if bytes.IndexByte(head, 0) >= 0 {
		return false, errGarbage
	}
	return whole, a.parse(head, w.b)
}

// findStatusLine returns where HTTP begins in what is held, negative when it does not.
// A few blanks and stray bytes in front are skipped, because servers exist that send
// the rest of an earlier body first.
func (w *wire) findStatusLine() (int, error) {
	for ended := false; ; {
		held := w.held()
		blank := len(
			held,
		) - len(
			bytes.TrimLeft(held[:min(len(held), blankAllowed)], " \r\n"),
		) - max(
			0,
			len(held)-blankAllowed,
		)
		for i := 0; i <= blank+junkAllowed && i+4 <= len(held); i++ {
			if isHTTP(held[i:]) {
				return i, nil
			}
		}
		if len(held) >= blank+junkAllowed+4 || ended && len(held) > 0 {
			return -1, nil
		}
		if ended {
			return 0, io.EOF
		}
		if err := w.fill(); errors.Is(err, io.EOF) {
			ended = true
		} else if err != nil {
			return 0, err
		}
	}
}

// isHTTP reports whether a status line begins here; ICY is that of SHOUTcast,
// which browsers take for one.
func isHTTP(b []byte) bool {
	return b[0]|0x20 == 'h' && b[1]|0x20 == 't' && b[2]|0x20 == 't' && b[3]|0x20 == 'p' || string(b[:4]) == "ICY "
}

// headless takes an answer that has no head for a page if it is one: Chromium shows
// what such a server sends (HTTP/0.9). Anything but a page is no web site, even if a
// browser prints it. It counts as 200, which no such server could have said.
func (w *wire) headless(a *answer) error {
	text := bytes.TrimLeft(w.held(), " \t\r\n")
	if len(text) == 0 || text[0] != '<' {
		return errGarbage
	}
	*a = answer{status: 200}
	return nil
}

// findHeadEnd returns how long the head is with its blank line; whole is false if the
// connection ended before that. Lines may end with CR LF or with LF alone (RFC 9112,
// 2.2). seen keeps the position up to which there is no end, so that a head that comes
// in many pieces is not searched from its beginning each time.
func (w *wire) findHeadEnd() (n int, whole bool, err error) {
	defer func() {
		if err == nil && n > maxHead { // however many bytes arrived at once
			n, whole, err = 0, false, errFlood
		}
	}()
	for seen := 0; ; {
		held := w.held()
		for {
			lf := bytes.IndexByte(held[seen:], '\n')
			if lf < 0 {
				seen = len(held)
				break
			}
			seen += lf + 1
			switch rest := held[seen:]; {
			case len(rest) > 0 && rest[0] == '\n':
				return seen + 1, true, nil
			case len(rest) > 1 && rest[0] == '\r' && rest[1] == '\n':
				return seen + 2, true, nil
			case len(rest) < 2: // not known yet: begin again at this line's end
				seen--
				goto more
			}
		}
	more:
		if len(held) > maxHead {
			return 0, false, errFlood
		}
		switch err := w.fill(); {
		case errors.Is(err, io.EOF):
			return len(held), false, nil
		case err != nil:
			return 0, false, err
		}
	}
}

// parse reads status line and header lines, by the rules of Chromium's
// HttpResponseHeaders: what cannot be read is left out. A line that begins with a blank
// continues the one before it (obs-fold, RFC 9112, 5.2).
func (a *answer) parse(head []byte, b *buffers) error {
	line, rest, _ := bytes.Cut(head, []byte{'\n'})
	line = bytes.TrimRight(line, "\r")
	*a = answer{status: readStatus(line), modern: isModern(line), header: b.fields[:0]}
	folds := true // a line that goes on belongs to nothing yet: it is left out
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte{'\n'})
		line = bytes.TrimRight(line, "\r")
		if len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
			if n := len(a.header); !folds && n > 0 {
				last := &a.header[n-1]
				last.value = bytes.TrimSpace(bytes.Join([][]byte{last.value, bytes.Trim(line, " \t")}, []byte{' '}))
			}
			continue
		}
		name, value, found := bytes.Cut(line, []byte{':'})
		name = bytes.Trim(name, " \t")
		if folds = !found || !isToken(name); folds {
			continue
		}
		a.header = append(a.header, field{name, bytes.Trim(value, " \t")})
	}
	b.fields = a.header[:0]
	if a.header == nil {
		a.header = fields{}
	}
	return a.unambiguous()
}

// readStatus reads the number of a status line. A line without one is taken for 200, as
// browsers do. Too many digits give a number that is no status, and not an overflow.
func readStatus(line []byte) int {
	_, after, _ := bytes.Cut(line, []byte{' '})
	after = bytes.TrimLeft(after, " ")
	status, digits := 0, 0
	for ; digits < len(after) && '0' <= after[digits] && after[digits] <= '9'; digits++ {
		status = min(status*10+int(after[digits]-'0'), 1<<20)
	}
	if digits == 0 {
		return 200
	}
	return status
}

// isModern reports whether a status line says HTTP/1.1 or later. Only then may the body
// come in chunks. A body in chunks after HTTP/1.0 would be read as text by browsers,
// and so it is here.
func isModern(line []byte) bool {
	dot := bytes.IndexByte(line, '.')
	if len(line) < 6 || line[4] != '/' || dot < 0 || dot+1 == len(line) {
		return false
	}
	major, minor := line[5]-'0', line[dot+1]-'0'
	return major <= 9 && minor <= 9 && (major > 1 || major == 1 && minor >= 1)
}

// isToken reports whether a header line's name is one (RFC 9110 section 5.6.2). A line
// whose name has a space or a sign in it is dropped, because programs disagree about
// what such a line means.
func isToken(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"(),/:;<=>?@[\\]{}", c) >= 0 {
			return false
		}
	}
	return len(name) > 0
}

// unambiguous refuses two different values of a header where a browser does: whoever
// stands between client and server could otherwise choose which of two answers a client
// sees (RFC 9112, 11.1).
func (a *answer) unambiguous() error {
	var length, where, as []byte
	lengths, wheres, ass := 0, 0, 0
	differs := func(have *[]byte, n *int, v []byte) bool {
		*n++
		if *n == 1 {
			*have = v
		}
		return !bytes.Equal(*have, v)
	}
	chunked := a.chunked()
	for _, f := range a.header {
		bad := false
		switch {
		case len(f.name) == 14 && !chunked && bytes.EqualFold(f.name, []byte("Content-Length")):
			for v := range bytes.SplitSeq(f.value, []byte{','}) {
				bad = bad || differs(&length, &lengths, bytes.TrimSpace(v))
			}
		case len(f.name) == 8 && bytes.EqualFold(f.name, []byte("Location")):
			bad = differs(&where, &wheres, f.value)
		case len(f.name) == 19 && bytes.EqualFold(f.name, []byte("Content-Disposition")):
			bad = differs(&as, &ass, f.value)
		}
		if bad {
			return errAmbiguous
		}
	}
	return nil
}
