package pages_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"faultline"
	"faultline/ingest/pages"
)

const page = `<!doctype html><html><head><base href="/">
<link rel="stylesheet" href="https://static.example.net/a.css"><link rel=PRELOAD as=font href=//fonts.example.org/f.woff2>
<link rel="preconnect" href="https://api.example.net"><link rel="canonical" href="https://elsewhere.example/">
<script src="https://CDN.example.net/x.js"></script><script src="/own.js"></script><script>var a="https://no.example"</script>
<img src="https://pictures.example/p.png"><script src="data:text/javascript,1"></script><script src="https://cdn.example.net/y.js">`

// Scripts, styles and fonts of other hosts are parts of the page; links, pictures and its own
// files are not.
func TestHostsOfAPage(t *testing.T) {
	from := &url.URL{Scheme: "https", Host: "site.example", Path: "/"}
	want := []string{"static.example.net", "fonts.example.org", "api.example.net", "cdn.example.net"}
	if got := pages.Hosts(strings.NewReader(page), from); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "<script src='https://h%d.example'></script>", i)
	}
	if got := pages.Hosts(strings.NewReader(many.String()), from); len(got) != 32 {
		t.Errorf("%d hosts of a page with 100", len(got))
	}
}

// web is an internet of a few answers, which counts what it is asked.
type web struct {
	mu    sync.Mutex
	asked []string
	agent string
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked, w.agent = append(w.asked, r.URL.String()), r.Header.Get("User-Agent")
	answer := func(status int, body, to string) (*http.Response, error) {
		h := http.Header{}
		if to != "" {
			h.Set("Location", to)
		}
		return &http.Response{StatusCode: status, Header: h, Request: r,
			Body: io.NopCloser(strings.NewReader(body))}, nil
	}
	robots := map[string]string{"refuses.example": "User-agent: *\nDisallow: /\n",
		"names.example":  "User-agent: Faultline\nDisallow: /\n\nUser-agent: *\nAllow: /\n",
		"others.example": "User-agent: otherbot\nDisallow: /\n"}
	switch {
	case r.URL.Path == "/robots.txt" && r.URL.Host == "broken.example":
		return answer(503, "", "")
	case r.URL.Path == "/robots.txt" && r.URL.Host == "elsewhere.example":
		return answer(301, "", "https://refuses.example/robots.txt")
	case r.URL.Path == "/robots.txt" && r.URL.Host == "circle.example":
		return answer(301, "", "https://circle.example/robots.txt")
	case r.URL.Path == "/robots.txt" && r.URL.Host == "unsafe.example":
		return answer(301, "", "http://unsafe.example/robots.txt")
	case r.URL.Path == "/robots.txt" && robots[r.URL.Host] != "":
		return answer(200, robots[r.URL.Host], "")
	case r.URL.Path == "/robots.txt":
		return answer(404, "", "")
	case r.URL.Host == "moved.example":
		return answer(301, "", "https://www.moved.example/")
	case r.URL.Host == "plain.example":
		return answer(302, "", "http://plain.example/")
	case r.URL.Host == "away.example":
		return answer(302, "", "https://refuses.example/")
	case r.URL.Host == "down.example":
		return answer(503, page, "")
	}
	return answer(200, page, "")
}

// Each site is asked once in a day, where its robots.txt allows it, and never without TLS.
func TestPagesAreReadOnceADayWhereTheyMayBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sites := []string{"open.example", "others.example", "moved.example", "refuses.example", "names.example",
			"broken.example", "plain.example", "away.example", "down.example", "elsewhere.example", "circle.example",
			"unsafe.example"}
		w, found := &web{}, map[string][]string{}
		f := pages.New(pages.Config{Sites: sites, Every: 24 * time.Hour, Transport: w, Agent: "Faultline/1.0 (test)",
			Now: time.Now,
			Place: func(_ context.Context, host string) []faultline.Component {
				if strings.HasSuffix(host, "example.net") {
					return []faultline.Component{"cdn:net"}
				}
				return []faultline.Component{"cdn:fonts"}
			},
			Found: func(site string, uses []faultline.Component) {
				found[site] = append(found[site], fmt.Sprint(uses))
			}})
		for range 2 { // two leaders, one after the other
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			_ = f.Run(ctx) // ends with ctx
			cancel()
		}
		all := "[cdn:fonts cdn:net]"
		for site, want := range map[string][]string{"open.example": {all, all}, "others.example": {all, all},
			"moved.example": {all, all}, "refuses.example": {"[]", "[]"}, "names.example": {"[]", "[]"},
			"broken.example": {"[]", "[]"}, "away.example": {"[]", "[]"}, "plain.example": nil, "down.example": nil,
			"elsewhere.example": {"[]", "[]"}, "circle.example": nil, "unsafe.example": nil} {
			if !slices.Equal(found[site], want) {
				t.Errorf("%s: found %v, want %v", site, found[site], want)
			}
		}
		front := 0
		for _, asked := range w.asked {
			if strings.HasPrefix(asked, "http:") || asked == "https://names.example/" {
				t.Errorf("asked %s", asked)
			}
			if asked == "https://open.example/" {
				front++
			}
		}
		if front != 2 || w.agent != "Faultline/1.0 (test)" {
			t.Errorf("open.example was asked %d times in two days, by %q", front, w.agent)
		}
	})
}
