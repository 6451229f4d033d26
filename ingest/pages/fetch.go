package pages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/temoto/robotstxt"
)

// Bounds of one fetch.
const (
	fetchLimit   = 30 * time.Second
	maxPage      = 1 << 20   // bytes of a page that are read
	maxRobots    = 512 << 10 // bytes of a robots.txt that are read, as RFC 9309 asks for at least
	maxRedirects = 5
	robotName    = "faultline" // what a robots.txt calls us
)

// errUnwanted is a site that does not want its page to be read by programs.
var errUnwanted = errors.New("robots.txt does not allow it")

// hosts reads a site's page and returns the other hosts that serve parts of it. It asks over
// HTTPS alone, so that nobody on the way can name hosts, and only where robots.txt allows it,
// also by the rules for all programs.
func (f *Fetcher) hosts(ctx context.Context, site string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	at := &url.URL{Scheme: "https", Host: site, Path: "/"}
	allowed := map[string]*robotstxt.RobotsData{}
	for range maxRedirects + 1 {
		if err := askable(at); err != nil {
			return nil, err
		}
		if allowed[at.Host] == nil {
			rules, err := f.robots(ctx, at)
			if err != nil {
				return nil, err
			}
			allowed[at.Host] = rules
		}
		if !allowed[at.Host].TestAgent(at.EscapedPath(), robotName) {
			return nil, errUnwanted
		}
		resp, err := f.get(ctx, at)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode == http.StatusOK {
			defer resp.Body.Close()
			return Hosts(io.LimitReader(resp.Body, maxPage), at), nil
		}
		resp.Body.Close()
		if at, err = resp.Location(); err != nil {
			return nil, fmt.Errorf("%s answers %d", site, resp.StatusCode)
		}
	}
	return nil, fmt.Errorf("%s: more than %d redirects", site, maxRedirects)
}

// askable refuses an address that a redirect must not lead to.
func askable(at *url.URL) error {
	if at.Scheme != "https" || at.Port() != "" || at.User != nil {
		return fmt.Errorf("%s is not asked", at.Redacted())
	}
	return nil
}

// robots reads the robots.txt of a host, to wherever it has moved: that of the bare domain often
// leads to that of www. One that is missing allows everything, and one that can't be read
// nothing (RFC 9309, sections 2.3.1.2 to 2.3.1.4).
func (f *Fetcher) robots(ctx context.Context, of *url.URL) (*robotstxt.RobotsData, error) {
	at := &url.URL{Scheme: of.Scheme, Host: of.Host, Path: "/robots.txt"}
	for range maxRedirects + 1 {
		if err := askable(at); err != nil {
			return nil, err
		}
		resp, err := f.get(ctx, at)
		if err != nil {
			return nil, err
		}
		if to, err := resp.Location(); err == nil {
			resp.Body.Close()
			at = to
			continue
		}
		return readRobots(resp, of.Host)
	}
	return nil, fmt.Errorf("robots.txt of %s: more than %d redirects", of.Host, maxRedirects)
}

// readRobots takes the rules of a host from an answer that leads nowhere else.
func readRobots(resp *http.Response, host string) (*robotstxt.RobotsData, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRobots))
	if err != nil {
		return nil, fmt.Errorf("read robots.txt of %s: %w", host, err)
	}
	rules, err := robotstxt.FromStatusAndBytes(resp.StatusCode, body)
	if err != nil {
		return nil, fmt.Errorf("read robots.txt of %s: %w", host, err)
	}
	return rules, nil
}

// get sends one request and follows nothing.
func (f *Fetcher) get(ctx context.Context, to *url.URL) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", f.cfg.Agent)
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	return f.cfg.Transport.RoundTrip(r)
}
