package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"sync"

	"github.com/andybalholm/brotli"
)

const (
	// MediaJSON is the media type of most answers.
	MediaJSON = "application/json"
	// compressFrom is the length from which a body is worth compressing, in bytes.
	compressFrom = 1 << 10
	// brotliLevel is where its ratio beats gzip's at a like cost.
	brotliLevel = 5
)

// Page is a body that was rendered once for everybody who asks, in each encoding
// that somebody has asked for. It never changes.
type Page struct {
	// Link is the value of a Link field (RFC 8288); nil: none.
	Link []string

	// cache is how long it may be kept, where the page says so itself.
	cache []string
	// policy is the Content-Security-Policy that it needs, where it has one of its own.
	policy []string

	identity   variant
	gzip, brot func() variant // made when first asked for; nil: not worth it
	media      []string       // value of a header field, ready to be set
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

// New renders v as JSON.
func New(v any) (*Page, error) {
	body, err := Render(v)
	if err != nil {
		return nil, err
	}
	return Of(body), nil
}

// Of is a page of rendered JSON.
func Of(body []byte) *Page { return File(body, MediaJSON) }

// File is a page of another media type than JSON.
func File(body []byte, media string) *Page {
	sum := sha256.Sum256(body)
	tag := base64.RawURLEncoding.EncodeToString(sum[:15])
	p := &Page{identity: newVariant(body, tag, ""), media: []string{media}}
	if len(body) >= compressFrom {
		p.gzip = sync.OnceValue(func() variant { return newVariant(gzipped(body), tag, "gzip") })
		p.brot = sync.OnceValue(func() variant { return newVariant(brotlied(body), tag, "br") })
	}
	return p
}

// newVariant is a body in one encoding. Its ETag names the encoding too: two encodings of
// one page are different bytes, and caches compare bytes by their ETag (RFC 9110, 8.8.3.3).
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

// KeptFor returns the page with how long it may be kept by those who cache it; see
// [CacheCurrent] and the others.
func (p *Page) KeptFor(cacheControl []string) *Page {
	kept := *p
	kept.cache = cacheControl
	return &kept
}

// Under returns the page with a Content-Security-Policy of its own, which it is answered
// with whatever the present one is: a page that was rendered by another release needs the
// policy of that release for its style.
func (p *Page) Under(policy string) *Page {
	under := *p
	under.policy = []string{policy}
	return &under
}

// Plain is the page without encodings: for what is rendered for one request.
func (p *Page) Plain() *Page {
	return &Page{identity: p.identity, media: p.media, Link: p.Link, cache: p.cache, policy: p.policy}
}

// Body is the page without an encoding. It must not be written to.
func (p *Page) Body() []byte { return p.identity.body }

// gzipped is a body compressed with gzip.
func gzipped(body []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

// brotlied is a body compressed with Brotli.
func brotlied(body []byte) []byte {
	var out bytes.Buffer
	w := brotli.NewWriterLevel(&out, brotliLevel)
	_, _ = w.Write(body) // likewise
	_ = w.Close()
	return out.Bytes()
}
