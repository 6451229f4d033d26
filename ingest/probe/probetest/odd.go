package probetest

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// End is what a server does with a connection once its answer is written. How a
// connection ends decides as much as the bytes do: a reset in the middle of a page is a
// fault, an early close may not be.
type End int

// The ends of a connection.
const (
	Close End = iota
	Reset     // by RST, as a broken middlebox does
	Stay      // open until the client has had enough
	Pour      // more of the same, until the client has had enough
)

// Odd is an answer that servers on the internet give and that no standard foresees, or
// one that a standard foresees and few clients have met. The corpus exists because a
// prober that is stricter than browsers reports sites as failing that everybody can
// read.
type Odd struct {
	Name   string // a host name's first label
	Answer string // what the server writes, whole
	End    End
	More   string // what it pours
	Secure bool   // over TLS
	// Script, instead of Answer, writes the answer to a path and its cookies.
	Script func(path, cookies string) string
}

// oddSuffix makes a name of the world from that of an answer.
const oddSuffix = ".odd.net"

// Host is the site that gives the answer.
func (o Odd) Host() string { return o.Name + oddSuffix }

// Site is the host's place in a World.
func (o Odd) Site() Site {
	return Site{RawRequest: func(c net.Conn, r *http.Request) {
		answer := o.Answer
		if o.Script != nil {
			answer = o.Script(r.URL.RequestURI(), r.Header.Get("Cookie"))
		}
		_, _ = c.Write([]byte(answer)) // who asked may be gone
		o.end(c)
	}}
}

// pourLimit bounds what one connection is sent. A client that reads all of it would
// read for good: the connection then stays open without a word, so that what the
// client makes of it does not depend on how fast it reads.
const pourLimit = 64 << 20

func (o Odd) end(c net.Conn) {
	switch o.End {
	case Reset:
		// What was written must be delivered first, or the reset overtakes it.
		buf := make([]byte, 1)
		_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		_, _ = c.Read(buf)
		if under, ok := c.(interface{ NetConn() net.Conn }); ok {
			c = under.NetConn()
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	case Stay:
		stay(c)
	case Pour:
		for sent := 0; sent < pourLimit; sent += len(o.More) {
			if _, err := c.Write([]byte(o.More)); err != nil {
				return
			}
		}
		stay(c)
	}
}

// stay keeps a connection open until the client closes it.
func stay(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }

// OddAnswers is the whole corpus. Whether a browser opens each of them is
// recorded in testdata of package probe, as a Chromium did it.
func OddAnswers() []Odd {
	return join(
		statusLines(),
		firstBytes(),
		headerLines(),
		lengths(),
		chunks(),
		interims(),
		headEnds(),
		locations(),
		loops(),
		encodings(),
		bodies(),
	)
}

func join(lists ...[]Odd) (all []Odd) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// numbered names answers by their group.
func numbered(group string, answers ...string) []Odd {
	odd := make([]Odd, len(answers))
	for i, a := range answers {
		odd[i] = Odd{Name: fmt.Sprintf("%s-%02d", group, i+1), Answer: a}
	}
	return odd
}

const okBody = "<title>well</title>"

// page is an answer with that status line and those header lines.
func page(status string, lines ...string) string {
	return status + "\r\n" + strings.Join(
		append(lines, fmt.Sprintf("Content-Length: %d", len(okBody)), "", okBody),
		"\r\n",
	)
}

const ok11 = "HTTP/1.1 200 OK"

// statusLines and the functions below are the groups of OddAnswers, named by what is odd.
func statusLines() []Odd {
	var all []string
	for _, line := range []string{
		"http/1.1 200 OK", "Http/1.1 200 OK", "HTTP/2 200", "HTTP/2.0 200 OK", "HTTP/3 200", "HTTP/1.0 200 OK",
		"HTTP/1.2 200 OK", "HTTP/1.10 200 OK", "HTTP/11 200 OK", "HTTP/0.9 200 OK", "HTTP/1 200 OK", "HTTP/1.1 200",
		"HTTP/1.1 200 ", "HTTP/1.1  200  OK", "HTTP/1.1\t200\tOK", "HTTP/1.1 200 OK ", "HTTP/1.1 0200 OK",
		"HTTP/1.1 2 OK",
		"HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 200OK", "HTTP/1.1 OK", "HTTP/1.1", "HTTP", "HTTP/",
		"HTTP/1.1 -200 OK",
		"HTTP/1.1 +200 OK", "HTTP/1.1 200 \xc3\x96\xdcK", "HTTP/1.1 200 " + strings.Repeat("O", 9000) + "K",
		"HTTP/1.1 600 Six",
		"HTTP/1.1 799 What", "HTTP/1.1 000 Zero", "HTTP/1.1 99 Low", "HTTP /1.1 200 OK", "HTTPS/1.1 200 OK",
		"HTTP/1,1 200 OK",
		"HTTP/a.b 200 OK", "HTTP/1.1 200 OK\x00", "HTTP/1.1: 200 OK", "ICY 200 OK",
	} {
		all = append(all, page(line, "Content-Type: text/html"))
	}
	return numbered("status", all...)
}

func firstBytes() []Odd {
	good := page(ok11, "Content-Type: text/html")
	odd := numbered(
		"first",
		"\r\n"+good,
		"\n"+good,
		"\r\n\r\n"+good,
		"\r\n\r\n\r\n"+good,
		" "+good,
		"    "+good,
		"     "+good,
		"\xef\xbb\xbf"+good,
		"x"+good,
		"xxxx"+good,
		"xxxxx"+good,
		"\x00"+good,
		"0\r\n\r\n"+good,
		"SSH-2.0-OpenSSH_9.6\r\n\r\n",
		"220 smtp.example ESMTP\r\n",
		"<html><title>no headers</title>",
		"<!doctype html><html><head><title>nothing before this</title></head></html>",
		"ok",
		"",
		"\x15\x03\x01\x00\x02\x02\x28",
		"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
		strings.Repeat("A", 5000),
	)
	for i := range odd[:15] { // some of the above again over TLS, where no answer is without headers
		o := odd[i]
		o.Name, o.Secure = "tls-"+o.Name, true
		odd = append(odd, o)
	}
	for _, i := range []int{15, 17, 18} {
		o := odd[i]
		o.Name, o.Secure = "tls-"+o.Name, true
		odd = append(odd, o)
	}
	return odd
}

func headerLines() []Odd {
	var all []string
	for _, lines := range [][]string{
		{"no colon here"}, {"Server nginx"}, {": no name"}, {":"}, {"   "}, {"X-Folded: one", "  two"},
		{" folded first"}, {"\tfolded first"},
		{"X-M\xfcller: ja"}, {"X-\xc3\xbc: ja"}, {"X Space: yes"}, {"X-Space : yes"}, {"X-Nul: a\x00b"},
		{"X-Ctl: a\x01b\x7f"},
		{"X-Latin: M\xfcnchen"}, {"X-Empty:"}, {"X-Empty: "}, {"(comment): x"}, {"X@Y: z"}, {"\"quoted\": x"},
		{"X-Tab:\tx"}, {"X-CR: a\rb"},
		{"GET / HTTP/1.1"}, {"HTTP/1.1 200 OK"}, {"Set-Cookie: a=b; domain=\xff"}, {"Content-Type:"},
		{"Content-Type: ;;;"},
		{"Connection: close, close"}, {"Date: never"},
		{"Content-Disposition: inline", "Content-Disposition: attachment"},
		{"Content-Disposition: inline", "Content-Disposition: inline"}, {"X-\x00: a"}, {"{\"json\": true}"},
		{"<html>: x"},
	} {
		all = append(all, page(ok11, lines...))
	}
	odd := numbered("header", all...)
	many := make([]string, 2000)
	for i := range many {
		many[i] = fmt.Sprintf("X-Many-%d: %s", i, strings.Repeat("v", 20))
	}
	big := func(n int) string { return page(ok11, "X-Big: "+strings.Repeat("b", n)) }
	odd = append(
		odd,
		numbered(
			"large",
			big(5000),
			big(60_000),
			big(100<<10),
			big(200<<10),
			big(255<<10),
			big(300<<10),
			page(ok11, many...),
			page(ok11, slicesRepeat("Set-Cookie: "+strings.Repeat("c", 1000)+"=1", 90)...),
		)...)
	return append(
		odd,
		Odd{
			Name:   "large-endless",
			Answer: ok11 + "\r\n",
			End:    Pour,
			More:   "X-More: " + strings.Repeat("a", 1000) + "\r\n",
		},
		Odd{Name: "large-line", Answer: ok11 + "\r\nX-More: ", End: Pour, More: strings.Repeat("a", 1000)},
	)
}

func slicesRepeat(s string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = s
	}
	return all
}

func lengths() []Odd {
	var odd []Odd
	for i, lines := range [][]string{
		{"Content-Length: 2, 2"}, {"Content-Length: 2", "Content-Length: 2"},
		{"Content-Length: 2", "Content-Length: 3"}, {"Content-Length: 2, 3"},
		{"Content-Length: +2"}, {"Content-Length: -2"}, {"Content-Length: 2.0"}, {"Content-Length: 0x2"},
		{"Content-Length:"}, {"Content-Length: two"},
		{"Content-Length: 02"}, {"Content-Length: 2 "}, {"Content-Length: 2;"},
		{"Content-Length: 99999999999999999999"}, {"Content-Length: 1"},
		{"Content-Length: 0"}, {"Content-Length : 2"}, {"content-length: 2"},
		{"Content-Length: 2", "Transfer-Encoding: identity"}, {},
		{"Content-Length: 5000"}, {"Content-Length: 3"}, {"Content-Length: \"2\""}, {"Content-Length: 2,2,2"},
		{"Content-Length: , 2"},
	} {
		odd = append(
			odd,
			Odd{
				Name:   fmt.Sprintf("length-%02d", i+1),
				Answer: strings.Join(append(append([]string{ok11}, lines...), "", "ok"), "\r\n"),
			},
		)
	}
	return append(
		odd,
		Odd{
			Name:   "length-stays",
			Answer: ok11 + "\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n" + okBody,
			End:    Stay,
		},
		Odd{Name: "length-none-stays", Answer: ok11 + "\r\nContent-Type: text/html\r\n\r\n" + okBody, End: Stay},
		Odd{Name: "length-reset", Answer: ok11 + "\r\nContent-Length: 5000\r\n\r\n" + okBody, End: Reset},
		Odd{Name: "length-none-reset", Answer: ok11 + "\r\n\r\n" + okBody, End: Reset},
		Odd{Name: "length-whole-reset", Answer: page(ok11), End: Reset},
		Odd{Name: "length-pours", Answer: ok11 + "\r\n\r\n", End: Pour, More: strings.Repeat("x", 4096)},
		Odd{Name: "length-tls-none", Answer: ok11 + "\r\n\r\n" + okBody, Secure: true},
		Odd{Name: "length-tls-short", Answer: ok11 + "\r\nContent-Length: 5000\r\n\r\n" + okBody, Secure: true},
	)
}

func chunks() []Odd {
	var all []string
	chunked := func(body string) { all = append(all, ok11+"\r\nTransfer-Encoding: chunked\r\n\r\n"+body) }
	for _, body := range []string{
		"2\r\nok\r\n0\r\n\r\n", "2\nok\n0\n\n", "2 \r\nok\r\n0\r\n\r\n", " 2\r\nok\r\n0\r\n\r\n",
		"2;ext=1\r\nok\r\n0\r\n\r\n", "2 ;ext\r\nok\r\n0\r\n\r\n",
		"02\r\nok\r\n0\r\n\r\n", "00000000000000002\r\nok\r\n0\r\n\r\n", "0x2\r\nok\r\n0\r\n\r\n",
		"+2\r\nok\r\n0\r\n\r\n", "-2\r\nok\r\n0\r\n\r\n", "\r\n2\r\nok\r\n0\r\n\r\n",
		"2\r\nok\r\n0\r\n", "2\r\nok\r\n0", "2\r\nok\r\n", "2\r\nok", "5\r\nok", "g\r\nok\r\n0\r\n\r\n",
		"2\r\nok!\r\n0\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\n",
		"2\r\nok\r\n0\r\nTrailer: x\r\n\r\n", "2\r\nok\r\n0\r\nnonsense\r\n\r\n", "2\r\nok\r\n\r\n0\r\n\r\n",
		"2\r\nok\r\n00\r\n\r\n", "ffffffffffffffffff\r\nok", "", "0\r\n\r\n",
		"2\t\r\nok\r\n0\r\n\r\n", "2\r\nok\r\n0\r\n\r\nextra",
	} {
		chunked(body)
	}
	body := "2\r\nok\r\n0\r\n\r\n"
	for _, head := range []string{
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked", ok11 + "\r\nTransfer-Encoding: Chunked",
		ok11 + "\r\nTransfer-Encoding: gzip, chunked",
		ok11 + "\r\nTransfer-Encoding: chunked, chunked",
		ok11 + "\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", ok11 + "\r\nTransfer-Encoding: xchunked",
		ok11 + "\r\nTransfer-Encoding: \"chunked\"", ok11 + "\r\nTransfer-Encoding: identity",
		ok11 + "\r\nTransfer-Encoding: chunked\r\nContent-Length: 2",
		ok11 + "\r\nContent-Length: 2\r\nContent-Length: 3\r\nTransfer-Encoding: chunked",
		ok11 + "\r\nTransfer-Encoding:\r\n chunked", "HTTP/2 200\r\nTransfer-Encoding: chunked",
	} {
		all = append(all, head+"\r\n\r\n"+body)
	}
	odd := numbered("chunk", all...)
	return append(
		odd,
		Odd{
			Name:   "chunk-stays",
			Answer: ok11 + "\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
			End:    Stay,
		},
		Odd{Name: "chunk-reset", Answer: ok11 + "\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", End: Reset},
		Odd{
			Name:   "chunk-pours",
			Answer: ok11 + "\r\nTransfer-Encoding: chunked\r\n\r\n",
			End:    Pour,
			More:   "400;" + strings.Repeat("e", 500) + "\r\n" + strings.Repeat("x", 1024) + "\r\n",
		},
	)
}

func interims() []Odd {
	hint := "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
	good := page(ok11)
	odd := numbered(
		"interim",
		hint+good,
		strings.Repeat(hint, 6)+good,
		strings.Repeat(hint, 40)+good,
		"HTTP/1.1 100 Continue\r\n\r\n"+good,
		"HTTP/1.1 102 Processing\r\n\r\n"+good,
		"HTTP/1.1 199 Odd\r\n\r\n"+good,
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"+good,
		"HTTP/1.1 101 Switching Protocols\r\n\r\n"+good,
		"HTTP/1.1 100\r\n\r\n"+good,
		hint+page("HTTP/1.1 503 No"),
		hint,
		hint+"junk"+good,
	)
	return append(
		odd,
		Odd{Name: "interim-endless", End: Pour, More: hint},
		Odd{Name: "interim-stays", Answer: hint, End: Stay},
	)
}

func headEnds() []Odd {
	body := okBody
	odd := numbered(
		"end",
		"HTTP/1.1 200 OK\nContent-Type: text/html\n\n"+body,
		"HTTP/1.1 200 OK\n\r\n"+body,
		"HTTP/1.1 200 OK\r\n\n"+body,
		"HTTP/1.1 200 OK\r\r\n\r\n"+body,
		"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\r\n\r\n"+body,
		"HTTP/1.1 200 OK\r\nX: y\r\rZ: q\r\n\r\n"+body,
		"HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 200 OK",
		"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text",
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\rX: y\r\r"+body,
		"HTTP/1.1 503 Gone away\r\n",
		"HTT",
		"HTTP/1.1 2",
	)
	for _, i := range []int{6, 7, 8, 10} {
		o := odd[i]
		o.Name, o.Secure = "tls-"+o.Name, true
		odd = append(odd, o)
	}
	return append(
		odd,
		Odd{Name: "end-stays", Answer: "HTTP/1.1 200 OK\r\nX: y\r\n", End: Stay},
		Odd{Name: "end-silent", End: Stay},
		Odd{
			Name:   "end-reset",
			Answer: "HTTP/1.1 200 OK\r\nX: y\r\n",
			End:    Reset,
		},
		Odd{Name: "end-reset-first", End: Reset},
	)
}
