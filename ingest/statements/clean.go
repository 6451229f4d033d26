package statements

import (
	"errors"
	"io"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding"
	unicode16 "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// maxTag bounds one tag of a feed in bytes: each attribute takes far more memory than
// bytes. encoding/xml holds a whole tag in memory before it can be refused.
const maxTag = 64 << 10

var errTag = errors.New("a tag of the feed is too long")

// readable reads a page without its byte order mark, which says that it is UTF-8 or
// UTF-16, as UTF-8 in both cases, and with a space for each control byte: neither JSON
// nor XML allows them, and one must not cost the whole page. Everything that is read of
// a status page goes through it.
func readable(body io.Reader) io.Reader {
	return spaced{transform.NewReader(body, unicode16.BOMOverride(encoding.Nop.NewDecoder()))}
}

// spaced reads control characters as spaces: they are not allowed in JSON or XML, and occur on real
// pages.
type spaced struct{ r io.Reader }

// Read implements io.Reader.
func (s spaced) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	for i, c := range p[:n] {
		if c < ' ' || c == 0x7f {
			p[i] = ' '
		}
	}
	return n, err
}

// wellFormed puts U+FFFD for what is no UTF-8.
func wellFormed(r io.Reader) io.Reader { return transform.NewReader(r, runes.ReplaceIllFormed()) }

// shortTags fails at a tag of more than maxTag bytes. Declarations, comments and CDATA
// begin with "<!" and may be longer.
type shortTags struct {
	r      io.Reader
	length int // of the tag that is being read, 0 outside of one
}

// Read passes bytes on until a tag is too long.
func (s *shortTags) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	for _, c := range p[:n] {
		switch {
		case c == '<':
			s.length = 1
		case c == '>' || s.length == 1 && c == '!':
			s.length = 0
		case s.length > 0:
			s.length++
		}
		if s.length > maxTag {
			return 0, errTag
		}
	}
	return n, err
}

// join puts a title before what is said, unless the text begins with the title anyway,
// as many feeds have it.
func join(title, body string) string {
	title = plain(title)
	if title == "" {
		return body
	}
	if rest, ok := strings.CutPrefix(body, title); ok {
		body = strings.TrimLeft(rest, " :-–—")
	}
	if body == "" {
		return title
	}
	return title + titleEnd + body
}

// titleEnd parts a title from what is said under it.
const titleEnd = ": "

// plain takes the markup out of a text and makes one line of it, without what controls
// a terminal or turns the direction of writing. What a provider writes is shown beside
// our own words, so nothing in it may act as markup or change how the line is read.
func plain(s string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s[:min(len(s), maxSaid)]))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return strings.Join(strings.Fields(strings.Map(shown, strings.ToValidUTF8(b.String(), "\uFFFD"))), " ")
		case html.TextToken:
			b.Write(z.Text())
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			if name, _ := z.TagName(); !inline[string(name)] {
				b.WriteByte(' ')
			}
		}
	}
}

// shown keeps what is to be seen: controls become spaces, and invisible formatting is
// left out but for the joiners that many scripts need. Joiners (U+200C, U+200D) decide
// how letters of Arabic and Indic scripts join.
func shown(r rune) rune {
	switch {
	case r == '\u200c' || r == '\u200d':
		return r
	case unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp):
		return ' '
	case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs, unicode.Noncharacter_Code_Point):
		return -1
	}
	return r
}

// inline are the elements that do not part words.
var inline = map[string]bool{
	"a": true, "b": true, "em": true, "i": true, "span": true, "strong": true, "var": true, "code": true,
}

// clip bounds a text at maxText bytes, without cutting a character in two.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText-len("…")], "") + "…"
}
