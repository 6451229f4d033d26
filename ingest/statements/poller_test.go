package statements

import (
	"context"
	"errors"
	"faultline/pace"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"faultline"
)

var now = time.Date(2021, 6, 8, 9, 59, 0, 0, time.UTC)

const pageJSON = `{"page":{"id":"x","name":"Fastly"},"incidents":[
 {"id":"inc1","name":"Global CDN Disruption","status":"investigating","impact":"critical","incident_updates":[
  {"id":"u2","status":"identified","body":"The issue has been <b>identified</b> &amp; a fix is<br>being applied.","created_at":"2021-06-08T09:58:30.000Z","display_at":"2021-06-08T09:58:30.000Z","affected_components":null},
  {"id":"u1","status":"investigating","body":"We're investigating.","created_at":"2021-06-08T09:58:00.000Z","display_at":null}]},
 {"id":"inc0","name":"Old news","status":"resolved","incident_updates":[
  {"id":"u0","status":"resolved","body":"Over.","created_at":"2021-06-07T09:58:00Z","display_at":"2021-06-07T09:58:00Z"}]},
 {"id":"inc9","name":"Empty","incident_updates":null}]}`

// page is a status page on loopback.
type page struct {
	*httptest.Server
	mu        sync.Mutex
	body      string
	code      int
	header    map[string]string
	asked     []http.Header
	requested chan struct{} // one for each request
}

func newPage(t *testing.T, body string) *page {
	t.Helper()
	p := &page{body: body, code: http.StatusOK, header: map[string]string{}, requested: make(chan struct{}, 1000)}
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *page) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := r.Header.Clone()
	h.Set("Path", r.URL.Path)
	p.asked = append(p.asked, h)
	for k, v := range p.header {
		w.Header().Set(k, v)
	}
	if etag := p.header["ETag"]; etag != "" && r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
	} else {
		w.WriteHeader(p.code)
		fmt.Fprint(w, p.body)
	}
	p.requested <- struct{}{}
}

func (p *page) set(code int, body string, header map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code, p.body, p.header = code, body, header
}

func prepared(t *testing.T, s Source) Source {
	t.Helper()
	if err := s.prepare(); err != nil {
		t.Fatal(err)
	}
	return s
}

// listener is a log that can refuse.
type listener struct {
	events []faultline.Event
	err    error
}

func (l *listener) append(_ context.Context, events []faultline.Event) error {
	if l.err == nil {
		l.events = append(l.events, events...)
	}
	return l.err
}

func fastly(t *testing.T, p *page, log *listener) (*Poller, *follower) {
	s := prepared(t, Source{Name: "Fastly", URL: p.URL + "/", Form: FormStatuspage,
		Says: []Says{{Component: "cdn:fastly"}}})
	s.page = "www.fastlystatus.com"
	return NewPoller(Config{Sources: []Source{s}, Every: time.Minute, Agent: "Faultline/1",
			Now: func() time.Time { return now }, Append: log.append}),
		newFollower(s, nil)
}

func TestWhatAPageSaysGoesIntoTheLogOnceAndInOrder(t *testing.T) {
	p, log := newPage(t, pageJSON), &listener{}
	p.header["ETag"] = `"v1"`
	poller, f := fastly(t, p, log)
	for range 3 {
		if _, err := poller.ask(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	want := []faultline.Event{
		faultline.Statement{At: time.Date(2021, 6, 8, 9, 58, 0, 0, time.UTC), Component: "cdn:fastly",
			Source: "www.fastlystatus.com", Status: "investigating",
			Text: "Global CDN Disruption: We're investigating."},
		faultline.Statement{At: time.Date(2021, 6, 8, 9, 58, 30, 0, time.UTC), Component: "cdn:fastly",
			Source: "www.fastlystatus.com", Status: "identified",
			Text: "Global CDN Disruption: The issue has been identified & a fix is being applied."},
	}
	if fmt.Sprint(log.events) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", log.events, want)
	}
	if h := p.asked[0]; h.Get("Path") != "/api/v2/incidents.json" || h.Get("User-Agent") != "Faultline/1" ||
		h.Get("If-None-Match") != "" {
		t.Errorf("first request: %v", h)
	}
	if p.asked[1].Get("If-None-Match") != `"v1"` {
		t.Errorf("second request: %v", p.asked[1])
	}
	if n := testutil.ToFloat64(poller.cfg.Metrics.polls.WithLabelValues("same")); n != 2 {
		t.Errorf("%g answers were the same", n)
	}
	p.set(200,
		strings.Replace(pageJSON, `{"id":"u2"`,
			`{"id":"u3","status":"odd","body":"More.","created_at":"2021-06-08T09:58:50Z"},{"id":"u2"`, 1), nil)
	if _, err := poller.ask(t.Context(), f); err != nil || len(log.events) != 3 {
		t.Fatalf("%v %v", err, log.events)
	}
	if s := log.events[2].(faultline.Statement); s.Status != "update" || s.Text != "Global CDN Disruption: More." {
		t.Errorf("%+v", s)
	}
}

// What the log could not take is offered again, though the page has not changed.
func TestWhatTheLogRefusedComesAgain(t *testing.T) {
	p, log := newPage(t, pageJSON), &listener{err: faultline.ErrUnavailable}
	p.header["ETag"] = `"v1"`
	poller, f := fastly(t, p, log)
	if _, err := poller.ask(t.Context(), f); !errors.Is(err, faultline.ErrUnavailable) {
		t.Fatal(err)
	}
	log.err = nil
	if _, err := poller.ask(t.Context(), f); err != nil || len(log.events) != 2 {
		t.Errorf("%v %v", err, log.events)
	}
}

func TestFeeds(t *testing.T) {
	const aws = `<?xml version="1.0"?><rss version="2.0"><channel><title>AWS</title>
 <item><title><![CDATA[Service impact: Increased Error Rates]]></title><link>https://status.aws.amazon.com/</link>
  <pubDate>Tue, 08 Jun 2021 02:58:00 PDT</pubDate><guid>https://status.aws.amazon.com/#dynamodb-us-east-1_1634</guid>
  <description><![CDATA[We are investigating increased error rates; EU-WEST-1 sees some too. CloudFront is not affected.]]></description></item>
 <item><title>Undated</title><guid>x</guid></item></channel></rss>`
	const gcp = `<feed xmlns="http://www.w3.org/2005/Atom"><title>GCP</title><entry><title>UPDATE: Incident</title><id>tag:1</id>
 <updated>2021-06-08T09:58:10+00:00</updated><published>2021-06-08T09:00:00+00:00</published>
 <content type="html">&lt;p&gt; Resolved in us-central1 and europe-west4. &lt;/p&gt;</content></entry></feed>`
	builtin, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ doc, want string }{
		"AWS": {aws,
			"cdn:cloudfront investigating, cloud:aws/eu-west-1 investigating, cloud:aws/us-east-1 investigating"},
		"Google Cloud": {gcp, "cloud:gcp/europe-west4 resolved, cloud:gcp/us-central1 resolved"},
		"Azure": {strings.ReplaceAll(gcp, "us-central1 and europe-west4", "East US 2 and UK South"),
			"cloud:azure/eastus2 resolved, cloud:azure/uksouth resolved"},
		"Let's Encrypt": {gcp, "ca:letsencrypt resolved"},
	} {
		p, log := newPage(t, c.doc), &listener{}
		poller, f := fastly(t, p, log)
		for _, s := range builtin {
			if s.Name == name {
				f.source = s
			}
		}
		f.source.URL, f.source.Form = p.URL, FormFeed
		for range 2 {
			if _, err := poller.ask(t.Context(), f); err != nil {
				t.Fatal(name, err)
			}
		}
		var got []string
		for _, ev := range log.events {
			s := ev.(faultline.Statement)
			got = append(got, string(s.Component)+" "+s.Status)
			if strings.Contains(s.Text, "<") || s.At.Hour() != 9 || s.At.Minute() != 58 {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s says %s, want %s", name, got, c.want)
		}
	}
}

func TestOldFutureAndCrowdedStatementsStayOut(t *testing.T) {
	updates := func(n int, at string) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"id":"%s%d","status":"monitoring","body":"n%d","created_at":%q}`,
				at, i, i, at))
		}
		return `{"incidents":[{"id":"i","name":"N","incident_updates":[` + strings.Join(list, ",") + `]}]}`
	}
	p, log := newPage(t, updates(3, "2021-06-07T09:50:00Z")), &listener{}
	poller, f := fastly(t, p, log)
	for at, want := range map[string]int{"2021-06-07T09:50:00Z": 0, "2021-06-08T10:30:00Z": 0,
		"2021-06-08T09:58:00Z": maxAtOnce} {
		p.set(200, updates(50, at), nil)
		log.events = nil
		if _, err := poller.ask(t.Context(), f); err != nil || len(log.events) != want {
			t.Errorf("of %s: %v, %d", at, err, len(log.events))
		}
	}
	p.set(200, updates(1, "2021-06-08T09:58:00Z"), nil)
	f.forget(nil, now.Add(26*time.Hour))
	if len(f.seen) != 0 {
		t.Errorf("%d are remembered for ever", len(f.seen))
	}
}

func TestManners(t *testing.T) {
	p, log := newPage(t, "no json"), &listener{}
	poller, f := fastly(t, p, log)
	ask := func() time.Duration {
		asked, err := poller.ask(t.Context(), f)
		return poller.after(f, asked, err)
	}
	for i, want := range []time.Duration{2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute,
		30 * time.Minute, 30 * time.Minute} {
		if got := ask(); got != want {
			t.Errorf("after %d failures it waits %s, want %s", i+1, got, want)
		}
	}
	p.set(200, pageJSON, nil)
	if got := ask(); got != time.Minute || f.failures != 0 {
		t.Errorf("once it answers it waits %s", got)
	}
	p.set(429, "", map[string]string{"Retry-After": "7200"})
	if got := ask(); got != 2*time.Hour {
		t.Errorf("asked for two hours it waits %s", got)
	}
	p.set(503, "", map[string]string{"Retry-After": now.Add(time.Hour).Format(http.TimeFormat)})
	if got := ask(); got != time.Hour {
		t.Errorf("asked to wait until a time it waits %s", got)
	}
	p.set(200, `{"incidents":[], "x":"`+strings.Repeat("x", maxBody)+`"}`, nil)
	if _, err := poller.ask(t.Context(), f); err == nil {
		t.Error("a huge page is read")
	}
	p.set(200, pageJSON, nil)
	if n := len(log.events); n != 2 {
		t.Errorf("%d statements", n)
	}
}

func TestRunAsksEachPageAndEndsWithTheLease(t *testing.T) {
	p, log := newPage(t, pageJSON), &listener{err: faultline.ErrNotLeader}
	var sources []Source
	for i := range 20 {
		sources = append(sources,
			prepared(t, Source{Name: fmt.Sprint(i), URL: p.URL, Form: FormStatuspage,
				Says: []Says{{Component: "cdn:fastly", Only: "nothing at all"}}}))
	}
	poller := NewPoller(Config{Sources: sources, Every: time.Millisecond, Now: func() time.Time { return now },
		Append: log.append})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- poller.Run(ctx) }()
	for range 100 {
		<-p.requested
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, it ends with %v", err)
	}
	sources[7].Says[0].Only = ""
	poller = NewPoller(Config{Sources: []Source{prepared(t, sources[7])}, Every: time.Millisecond,
		Now: func() time.Time { return now }, Append: log.append})
	if err := poller.Run(pace.Context(t, pace.Limit)); !errors.Is(err, faultline.ErrNotLeader) {
		t.Errorf("without the lease it ends with %v", err)
	}
}
