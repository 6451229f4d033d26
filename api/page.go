package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

const (
	mediaJSON = "application/json"
	// compressFrom is the length from which a body is worth compressing, in bytes.
	compressFrom = 1 << 10
	// brotliLevel is where its ratio beats gzip's at a like cost.
	brotliLevel = 5
)

// page is a body that was rendered once for everybody who asks, in each encoding
// that somebody has asked for.
type page struct {
	identity   variant
	gzip, brot func() variant // made when first asked for; nil: not worth it
	media      []string       // values of header fields, ready to be set
	link       []string       // the same; nil: none
}

// variant is a page in one encoding. Each has its own strong validator (RFC 9110
// section 8.8.3).
type variant struct {
	body     []byte
	etag     string
	tags     []string // the same, as the value of a header field
	length   []string
	encoding []string // nil: identity
}

// newPage renders v. Empty lists are written as [], and <, > and & as escapes,
// so that a body which is mistaken for HTML stays harmless.
func newPage(v any) (*page, error) {
	body, err := render(v)
	if err != nil {
		return nil, err
	}
	return pageOf(body), nil
}

func pageOf(body []byte) *page { return fileOf(body, mediaJSON) }

// fileOf is a page of another media type than JSON.
func fileOf(body []byte, media string) *page {
	sum := sha256.Sum256(body)
	tag := base64.RawURLEncoding.EncodeToString(sum[:15])
	p := &page{identity: newVariant(body, tag, ""), media: []string{media}}
	if len(body) >= compressFrom {
		p.gzip = sync.OnceValue(func() variant { return newVariant(gzipped(body), tag, "gzip") })
		p.brot = sync.OnceValue(func() variant { return newVariant(brotlied(body), tag, "br") })
	}
	return p
}

func newVariant(body []byte, tag, encoding string) variant {
	v := variant{body: body, length: []string{strconv.Itoa(len(body))}}
	if encoding != "" {
		tag += "." + encoding
		v.encoding = []string{encoding}
	}
	v.etag = `"` + tag + `"`
	v.tags = []string{v.etag}
	return v
}

// plain is the page without encodings: for what is rendered for one request.
func (p *page) plain() *page {
	return &page{identity: p.identity, media: p.media, link: p.link}
}

func gzipped(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

func brotlied(body []byte) []byte {
	var out bytes.Buffer
	w := brotli.NewWriterLevel(&out, brotliLevel)
	_, _ = w.Write(body) // likewise
	_ = w.Close()
	return out.Bytes()
}

// negotiate chooses the encoding that a client accepts and that is smallest.
func (p *page) negotiate(accept string) variant {
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
// gzip may be sent. Weights but 0 are not compared: what is sent is smallest.
func acceptable(accept string) (br, gz bool) {
	switch accept { // what browsers and most programs send
	case "gzip, deflate, br, zstd", "gzip, deflate, br":
		return true, true
	case "gzip", "gzip, deflate":
		return false, true
	}
	any, saidBr, saidGz := false, false, false
	for part := range strings.SplitSeq(accept, ",") {
		name, weight, weighed := strings.Cut(part, ";")
		yes := true
		if weighed {
			q, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(weight), " ", ""), "q=")
			value, err := strconv.ParseFloat(q, 64)
			yes = ok && err == nil && value > 0
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "br":
			br, saidBr = yes, true
		case "gzip", "x-gzip":
			gz, saidGz = yes, true
		case "*":
			any = yes
		}
	}
	return br || any && !saidBr, gz || any && !saidGz
}
