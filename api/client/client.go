package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"faultline"
)

// maxBody bounds an answer in bytes; the largest lists are a few megabytes.
// defaultTimeout bounds one request, the stream aside.
const (
	maxBody        = 64 << 20
	defaultTimeout = 30 * time.Second
)

// Client reads one Faultline. The zero value is not usable; see [New]. It is safe for
// concurrent use.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// Option changes a Client.
type Option func(*Client)

// WithToken sends a bearer token with every request.
func WithToken(token string) Option { return func(c *Client) { c.token = token } }

// WithHTTPClient uses h, whose Timeout must be 0 for [Client.Watch] to last.
func WithHTTPClient(h *http.Client) Option { return func(c *Client) { c.http = h } }

// New returns a client of the Faultline at base, such as https://faultline.example.
func New(base string, options ...Option) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not http(s)://HOST", base)
	}
	c := &Client{base: strings.TrimRight(base, "/"), http: &http.Client{}}
	for _, o := range options {
		o(c)
	}
	return c, nil
}

// Problem is an answer that is no success (RFC 9457). Every answer of the API that is
// no success is one, so a caller can name the field that is wrong.
type Problem struct {
	Title  string              `json:"title"`
	Status int                 `json:"status"`
	Detail string              `json:"detail"`
	Errors []faultline.Invalid `json:"errors"`
	// RetryAfter is when it may be worth trying again; 0: not said.
	RetryAfter time.Duration `json:"-"`
}

// Error is the status, the title, the detail and each error of the problem.
func (p *Problem) Error() string {
	text := fmt.Sprintf("%d %s: %s", p.Status, p.Title, p.Detail)
	for _, e := range p.Errors {
		text += " " + e.Error() + "."
	}
	return text
}

// Is makes a 404 [faultline.ErrNotFound] and a 503 [faultline.ErrUnavailable].
func (p *Problem) Is(target error) bool {
	return target == faultline.ErrNotFound && p.Status == http.StatusNotFound ||
		target == faultline.ErrUnavailable && p.Status == http.StatusServiceUnavailable
}

// Meta says how old an answer is and what it rests on.
type Meta struct {
	AsOf     *time.Time `json:"as_of"`
	Stale    bool       `json:"stale"`
	Vantages int        `json:"vantages"`
	// Coverage is what can be said at all just now; nil: the server does not say.
	Coverage *faultline.Coverage `json:"coverage"`
	Method   string              `json:"method"`
	Licence  string              `json:"licence"`
}

// Query chooses incidents. The zero value takes all.
type Query struct {
	States        []string // such as open, or confirmed and recovering
	Cause, Kind   string
	Provider      string // that runs the cause: its slug, its name or what people call it
	Site, Country string
	MinConfidence float64
	Since, Until  time.Time
	Overlapping   bool
	Limit         int // on one page; 0: the server's choice
}

// Values is the query as it stands in a URL.
func (q Query) Values() url.Values {
	v := url.Values{}
	for key, value := range map[string]string{"state": strings.Join(q.States, ","), "cause": q.Cause, "kind": q.Kind,
		"provider": q.Provider,
		"site":     q.Site, "country": q.Country, "since": stamp(q.Since), "until": stamp(q.Until)} {
		if value != "" {
			v.Set(key, value)
		}
	}
	if q.MinConfidence > 0 {
		v.Set("min_confidence", strconv.FormatFloat(q.MinConfidence, 'g', -1, 64))
	}
	if q.Overlapping {
		v.Set("overlapping", "true")
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return v
}

// stamp writes a time as the API reads it; empty for the zero time, which selects nothing.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// Incidents yields what the query chooses, newest onset first, page by page. It ends
// with the first error. A page is asked for only when the one before has been used up.
func (c *Client) Incidents(ctx context.Context, q Query) iter.Seq2[faultline.Incident, error] {
	return func(yield func(faultline.Incident, error) bool) {
		query := q.Values()
		for {
			var page struct {
				Incidents []faultline.Incident
				Next      *string
			}
			if err := c.get(ctx, "/v1/incidents", query, &page); err != nil {
				yield(faultline.Incident{}, err)
				return
			}
			for _, inc := range page.Incidents {
				if !yield(inc, nil) {
					return
				}
			}
			if page.Next == nil {
				return
			}
			query.Set("cursor", *page.Next)
		}
	}
}

// Coverage is what can be said at all just now. A server that does not say so is blind:
// nothing shows that it observes anything.
func (c *Client) Coverage(ctx context.Context) (faultline.Coverage, error) {
	var answer struct{ Meta Meta }
	if err := c.get(ctx, "/v1/summary", nil, &answer); err != nil {
		return faultline.Coverage{}, err
	}
	if answer.Meta.Coverage == nil {
		return faultline.Coverage{State: faultline.Blind,
			Note: "Not observed: the server does not say what it observes."}, nil
	}
	return *answer.Meta.Coverage, nil
}

// Incident returns one revision of an incident; 0 is the last, with its first 20
// sites.
func (c *Client) Incident(ctx context.Context, id string, revision int) (faultline.Incident, error) {
	path := "/v1/incidents/" + url.PathEscape(id)
	if revision > 0 {
		path += "/revisions/" + strconv.Itoa(revision)
	}
	var inc faultline.Incident
	return inc, c.get(ctx, path, nil, &inc)
}

// Site says how one site does.
func (c *Client) Site(ctx context.Context, site string) (faultline.SiteStatus, error) {
	var s faultline.SiteStatus
	return s, c.get(ctx, "/v1/sites/"+url.PathEscape(site), nil, &s)
}

// Verdict answers "is it me?" for a site, as seen from where this runs.
func (c *Client) Verdict(ctx context.Context, site string) (faultline.Verdict, error) {
	var v faultline.Verdict
	return v, c.get(ctx, "/v1/verdict", url.Values{"site": {site}}, &v)
}

// Series returns a site, or a component as kind:name, over time, in steps of 60,
// 300 or 3,600 s. Zero times are the server's choice.
func (c *Client) Series(ctx context.Context, of string, stepS int, since, until time.Time) (faultline.Series, error) {
	path := "/v1/sites/" + url.PathEscape(of)
	if component := faultline.Component(of); component.Valid() {
		path = "/v1/components/" + component.Path()
	}
	query := url.Values{"step": {strconv.Itoa(stepS)}}
	for key, at := range map[string]time.Time{"since": since, "until": until} {
		if !at.IsZero() {
			query.Set(key, stamp(at))
		}
	}
	var s struct {
		faultline.Series
		LeftOut bool `json:"left_out"`
	}
	err := c.get(ctx, path+"/series", query, &s)
	if err == nil && s.LeftOut {
		err = fmt.Errorf("series of %s: %w", of, faultline.ErrUnavailable)
	}
	return s.Series, err
}

// get reads one answer into v, within the default time. Members that this version does
// not know are ignored, so that an older client works with a newer server.
func (c *Client) get(ctx context.Context, path string, query url.Values, v any) error {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	answer, err := c.do(ctx, path, query, "")
	if err != nil {
		return fmt.Errorf("get %s: %w", path, err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxBody)).Decode(v); err != nil {
		return fmt.Errorf("get %s: %w", path, err)
	}
	return nil
}

// do makes a request; what is not 200 is an error.
func (c *Client) do(ctx context.Context, path string, query url.Values, lastEventID string) (*http.Response, error) {
	address := c.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if lastEventID != "" {
		r.Header.Set("Last-Event-ID", lastEventID)
	}
	return c.send(r, http.StatusOK)
}

// send makes a request with the token; an answer of another status than want is an
// error.
func (c *Client) send(r *http.Request, want int) (*http.Response, error) {
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, errors.Join(faultline.ErrUnavailable, err)
	}
	if answer.StatusCode == want {
		return answer, nil
	}
	defer answer.Body.Close()
	p := &Problem{Status: answer.StatusCode, Title: http.StatusText(answer.StatusCode)}
	_ = json.NewDecoder(io.LimitReader(answer.Body, maxBody)).Decode(p) // what is no problem keeps its status
	if s, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
		p.RetryAfter = time.Duration(s) * time.Second
	}
	return nil, p
}

// Raw reads one address of the API, such as /v1/stack, and returns the answer as it
// came, at most 64 MB of it.
func (c *Client) Raw(ctx context.Context, path string, query url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	answer, err := c.do(ctx, path, query, "")
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	return body, nil
}
