package page

import (
	"strconv"
	"strings"
)

// negotiate chooses the smallest encoding that a client accepts, by the value of
// Accept-Encoding.
func (p *Page) negotiate(accept string) variant {
	if accept == "" || p.gzip == nil {
		return p.identity
	}
	br, gz := acceptable(accept)
	switch {
	case br:
		return p.brot()
	case gz:
		return p.gzip()
	}
	return p.identity
}

// acceptable reads Accept-Encoding (RFC 9110 section 12.5.3): whether brotli and
// gzip may be sent. A client that gives one of them a lower weight than the other
// gets the one that it prefers; of equal weights brotli, which is smaller. One that
// prefers the body as it is gets that.
func acceptable(accept string) (br, gz bool) {
	switch accept { // what browsers and most programs send
	case "gzip, deflate, br, zstd", "gzip, deflate, br":
		return true, true
	case "gzip", "gzip, deflate":
		return false, true
	}
	const unsaid = -1.0
	brotli, zip, plain, whichever := unsaid, unsaid, unsaid, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		name, weight, weighed := strings.Cut(part, ";")
		q := 1.0
		if weighed {
			q = quality(weight)
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "br":
			brotli = q
		case "gzip", "x-gzip":
			zip = q
		case "identity":
			plain = q
		case "*":
			whichever = q
		}
	}
	if brotli == unsaid {
		brotli = whichever
	}
	if zip == unsaid {
		zip = whichever
	}
	if plain > max(brotli, zip) {
		return false, false
	}
	return brotli > 0 && brotli >= zip, zip > 0
}

// quality reads a weight such as q=0.5. One that is malformed counts as 0: an
// encoding that a client may not want is not sent.
func quality(weight string) float64 {
	text, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(weight), " ", ""), "q=")
	value, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil || !(value >= 0 && value <= 1) {
		return 0
	}
	return value
}
