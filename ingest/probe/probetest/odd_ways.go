package probetest

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"strings"
)

// locations are redirects to a page that is there, with its address written in many
// ways: relative, with other slashes, in other scripts, with spaces, and as no address
// at all.
func locations() []Odd {
	var odd []Odd
	for i, to := range []string{
		"/there", "there", "./there", "../there", "//HOST/there", "http://HOST/there", "HTTP://HOST/there",
		"http:/there", "http:there", "http:\\\\HOST\\there",
		"\\there", " /there", "/there ", "/there#part", "?there", "#part", "/th\xc3\xa9re", "/th\xe9re",
		"/there with spaces", "/there?q=a b", "/there\"quoted\"",
		"/there|pipe", "http://HOST./there", "http://HOST:80/there", "http://user:pw@HOST/there", "http:///HOST/there",
		"http://HOST", "http://HOST?q=1", "",
		"http://[bad/there", "http://HOST:99999/there", "mailto:a@b.net", "about:blank", "javascript:alert(1)",
		"data:text/html,hi", "intent://x",
		"http://b\xc3\xbccher.odd.net/there", "http://xn--bcher-kva.odd.net/there", "http://b%C3%BCcher.odd.net/there",
		"http://h%6Fst.odd.net/there", "/a/../there", "/there\tx",
		"http://HOST/there\x00", "<a href=/there>", "http://HOST:/there", "http://under_score.odd.net/there",
	} {
		name := fmt.Sprintf("location-%02d", i+1)
		to = strings.ReplaceAll(to, "HOST", name+oddSuffix)
		odd = append(odd, Odd{Name: name, Script: func(path, _ string) string {
			if path == "/" {
				return "HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n"
			}
			return page(ok11)
		}})
	}
	for _, name := range []string{"xn--bcher-kva", "host", "under_score"} {
		odd = append(odd, Odd{Name: name, Answer: page(ok11)})
	}
	for i, first := range []string{
		"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 300 Choices\r\nLocation: /a\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 305 Use Proxy\r\nLocation: /a\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 201 Created\r\nLocation: /a\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 308 Permanent\r\nlocation:/a\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 303 See Other\r\nLocation: /a\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 500\r\n\r\nshort",
		"HTTP/1.1 302 Found\r\nLocation: /a\r\nTransfer-Encoding: chunked\r\n\r\nzz",
		"HTTP/1.1 399 Odd\r\nLocation: /a\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 302 Found\r\nLocation: /a", "HTTP/1.1 200 OK\r\nRefresh: 0; url=/a\r\nContent-Length: 2\r\n\r\nok",
	} {
		odd = append(odd, Odd{Name: fmt.Sprintf("redirect-%02d", i+1), Script: func(path, _ string) string {
			if path == "/" {
				return first
			}
			return page(ok11)
		}})
	}
	return odd
}

// loops are chains of redirects, with and without an end.
func loops() []Odd {
	to := func(where string, more ...string) string {
		return strings.Join(
			append(
				[]string{"HTTP/1.1 302 Found", "Location: " + where, "Content-Length: 0"},
				append(more, "", "")...),
			"\r\n",
		)
	}
	chain := func(n int) func(string, string) string {
		return func(path, _ string) string {
			at := 0
			_, _ = fmt.Sscanf(path, "/%d", &at) // the start is 0
			if at == n {
				return page(ok11)
			}
			return to(fmt.Sprintf("/%d", at+1))
		}
	}
	var odd []Odd
	for _, n := range []int{1, 2, 3, 4, 5, 6, 8, 10} {
		odd = append(odd, Odd{Name: fmt.Sprintf("chain-%d", n), Script: chain(n)})
	}
	return append(
		odd,
		Odd{Name: "chain-25", Script: chain(25)},
		Odd{Name: "loop-self", Script: func(string, string) string { return to("/") }},
		Odd{
			Name:   "loop-two",
			Script: func(path, _ string) string { return to(map[bool]string{true: "/b", false: "/"}[path == "/"]) },
		},
		Odd{Name: "loop-fragment", Script: func(string, string) string { return to("/#x") }},
		Odd{Name: "loop-cookie", Script: func(_, cookies string) string {
			if strings.Contains(cookies, "seen=1") {
				return page(ok11)
			}
			return to("/", "Set-Cookie: seen=1; Path=/")
		}},
		Odd{Name: "loop-cookie-two", Script: func(_, cookies string) string {
			switch {
			case strings.Contains(cookies, "a=1") && strings.Contains(cookies, "b=2"):
				return page(ok11)
			case strings.Contains(cookies, "a=1"):
				return to("/", "Set-Cookie: b=2")
			}
			return to("/", "Set-Cookie: a=1; HttpOnly")
		}},
		Odd{Name: "loop-cookie-domain", Script: func(_, cookies string) string {
			if strings.Contains(cookies, "d=1") {
				return page(ok11)
			}
			return to("/", "Set-Cookie: d=1; Domain=odd.net; Path=/")
		}},
		Odd{Name: "loop-cookie-endless", Script: func(string, string) string { return to("/", "Set-Cookie: n=1") }},
	)
}

// packed is a body compressed by an encoding.
func packed(encoding, body string) string {
	var b bytes.Buffer
	switch encoding {
	case "gzip":
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(body)) // to memory
		_ = z.Close()
	case "deflate":
		z := zlib.NewWriter(&b)
		_, _ = z.Write([]byte(body))
		_ = z.Close()
	case "raw":
		z, err := flate.NewWriter(&b, flate.DefaultCompression)
		if err != nil {
			panic(err) // a level that is not there
		}
		_, _ = z.Write([]byte(body))
		_ = z.Close()
	}
	return b.String()
}

// encodings are bodies that are not compressed as their header says, and some that are.
func encodings() []Odd {
	encoded := func(header, body string) string {
		return fmt.Sprintf(
			"%s\r\nContent-Encoding: %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s",
			ok11,
			header,
			len(body),
			body,
		)
	}
	zipped := packed("gzip", okBody)
	return numbered(
		"encoding",
		encoded("gzip", zipped),
		encoded("x-gzip", zipped),
		encoded("GZIP", zipped),
		encoded("deflate", packed("deflate", okBody)),
		encoded(
			"deflate",
			packed("raw", okBody),
		),
		encoded("gzip", okBody),
		encoded("gzip", zipped[:len(zipped)-9]),
		encoded("gzip", ""),
		encoded("identity", okBody),
		encoded(
			"utf-8",
			okBody,
		),
		encoded("none", okBody),
		encoded("", okBody),
		encoded("br", okBody),
		encoded("compress", okBody),
		encoded("gzip, gzip", packed("gzip", zipped)),
		encoded(
			"gzip",
			zipped+"trailing",
		),
		encoded("gzip", zipped[:5]),
		encoded("gzip", "\x1f\x8b\x08\xff"+zipped[4:]),
	)
}

// bodies are empty pages, pages of other media types, and error pages.
func bodies() []Odd {
	return numbered(
		"body",
		ok11+"\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 503 No\r\n\r\nbusy",
		"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno",
		ok11+"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
		ok11+"\r\nContent-Type: image/png\r\nContent-Length: 3\r\n\r\nnot",
		ok11+"\r\nContent-Type: text/html; charset=utf-16\r\nContent-Length: 3\r\n\r\nodd",
		ok11+"\r\nContent-Length: 4\r\n\r\n\x00\x00\x00\x00",
		"HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 203 Other\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 226 IM\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 299 Odd\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 502 Bad\r\nContent-Length: 500\r\n\r\nshort",
	)
}
