package statements

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"faultline"
)

func statuspageOf(updates ...string) string {
	return `{"incidents":[{"id":"i","name":"Errors","incident_updates":[` + strings.Join(updates, ",") + `]}]}`
}

func TestBadItemsAreSkippedOneByOne(t *testing.T) {
	const good = `{"id":"g","status":"resolved","body":"Over.","created_at":"2021-06-08T09:58:00Z"}`
	for name, doc := range map[string]string{
		"empty date":     statuspageOf(`{"id":"x","status":"resolved","body":"b","created_at":""}`, good),
		"number as date": statuspageOf(`{"id":"x","status":"resolved","body":"b","created_at":7}`, good),
		"null":           statuspageOf(`null`, `7`, `[{}]`, good),
		"byte order":     "\xef\xbb\xbf" + statuspageOf(good),
		"bad byte":       statuspageOf(`{"id":"x","body":"`+"\xff\x01"+`","created_at":""}`, good),
		"surrogate":      statuspageOf(`{"id":"x","body":"\ud800","created_at":""}`, good),
		"twice":          `{"page":1,"page":2,` + statuspageOf(good)[1:],
		"null updates": `{"incidents":[{"id":1,"incident_updates":null},` +
			statuspageOf(good)[len(`{"incidents":[`):],
		"cut off": strings.TrimSuffix(statuspageOf(good), "}]}") + "!",
	} {
		s := Source{Form: FormStatuspage}
		items, err := s.read(strings.NewReader(doc))
		if err != nil || len(items) != 1 || items[0].status != "resolved" {
			t.Errorf("%s: %+v, %v", name, items, err)
		}
	}
	s := Source{Form: FormStatuspage}
	if items, err := s.read(strings.NewReader(statuspageOf(strings.Replace(good, `"g"`, "17", 1)))); err != nil ||
		len(items) != 1 {
		t.Errorf("an id that is a number: %+v, %v", items, err)
	}
	const entry = `<item><title>Errors</title><guid>g</guid><pubDate>Tue, 08 Jun 2021 18:58:00 ` +
		`JST</pubDate><description>Resolved.</description></item>`
	for name, bad := range map[string]string{
		"no date":   `<item><title>x</title></item>`,
		"bad date":  `<item><title>x</title><pubDate>soon</pubDate></item>`,
		"bad bytes": "<item><title>\xff\x01\x1b</title></item>",
		"entity":    `<item><title>a & b &nbsp; &what;</title></item>`,
	} {
		for _, doc := range []string{bad + entry, entry + bad} {
			f := Source{Form: FormFeed}
			items, err := f.read(strings.NewReader("\xef\xbb\xbf<?xml version=\"1.0\"?><rss><channel>" + doc +
				"</channel></rss>"))
			if err != nil || len(items) != 1 || items[0].status != "resolved" || items[0].text != "Errors: Resolved." {
				t.Errorf("%s: %+v, %v", name, items, err)
			}
		}
	}
}

func TestNothingInvisibleIsPublished(t *testing.T) {
	got := join("Err\u202eors\x1b[31m",
		plain("a\x00b &#x202e;&#27;[0m c\u2066\u200b\u0085d\u2028e \U000e0041f <b>n\u200dm</b>"))
	for _, r := range got {
		if r < ' ' || strings.ContainsRune("\x7f\u0085\u202e\u2066\u200b\u2028\U000e0041", r) {
			t.Errorf("%q has %U", got, r)
		}
	}
	if !strings.Contains(got, "n\u200dm") || !strings.HasPrefix(got, "Errors") {
		t.Errorf("%q", got)
	}
}

// grown is how many bytes are allocated in all: memory in use is never more.
func grown(what func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	what()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHugePagesAreBounded(t *testing.T) {
	fill := func(head, part string) string { return head + strings.Repeat(part, (maxBody-len(head))/len(part)) }
	long := strings.Repeat("x", 100_000)
	for name, c := range map[string]struct{ form, doc string }{
		"empty incidents": {FormStatuspage, fill(`{"incidents":[{}`, `,{}`)},
		"empty updates":   {FormStatuspage, fill(`{"incidents":[{"incident_updates":[{}`, `,{}`)},
		"long ids": {FormStatuspage, fill(`{"incidents":[{"incident_updates":[{}`,
			`,{"id":"`+long+`","body":"b","created_at":"2021-06-08T09:58:00Z"}`)},
		"empty entries": {FormFeed, fill(`<rss>`, `<item/>`)},
		"deep":          {FormFeed, fill(`<rss>`, `<a>`)},
		"attributes":    {FormFeed, fill(`<rss `, `a="" `)},
		"marks":         {FormFeed, fill(`<rss><item><title>`, `<b/>x`)},
	} {
		s := Source{Form: c.form}
		var items []item
		doc := strings.NewReader(c.doc)
		bytes := grown(func() { items, _ = s.read(doc) })
		if strings.HasPrefix(name, "empty") && doc.Len() < maxBody/2 {
			t.Errorf("%s: it was read on to the last %d bytes", name, doc.Len())
		}
		if bytes > 32<<20 || len(items) > maxItems {
			t.Errorf("%s: %d KB are allocated, %d items", name, bytes>>10, len(items))
		}
		for _, i := range items {
			if len(i.id) > 64 {
				t.Fatalf("%s: an id of %d bytes is kept", name, len(i.id))
			}
		}
	}
}

func TestNothingLeaksFromPollToPoll(t *testing.T) {
	p, log := newPage(t, ""), &listener{}
	poller, f := fastly(t, p, log)
	for n := range 30 {
		var updates []string
		for i := range 200 {
			updates = append(updates,
				fmt.Sprintf(`{"id":"%d-%d","body":"b","created_at":"2021-06-08T09:58:00Z"}`, n, i))
		}
		p.set(200, statuspageOf(updates...), nil)
		if _, err := poller.ask(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if len(f.seen) > maxRemember+maxItems {
			t.Fatalf("%d items are remembered", len(f.seen))
		}
	}
}

func TestAnEditIsTheSameStatement(t *testing.T) {
	p, log := newPage(t,
		statuspageOf(`{"id":"u","status":"identified","body":"A.","created_at":"2021-06-08T09:58:00Z"}`)), &listener{}
	poller, f := fastly(t, p, log)
	for _, body := range []string{"A.", "A.", "B.", "B."} {
		p.set(200,
			statuspageOf(`{"id":"u","status":"identified","body":"`+body+
				`","created_at":"2021-06-08T09:58:00Z","display_at":"2021-06-08T09:58:0`+fmt.Sprint(len(log.events))+
				`Z"}`), nil)
		if _, err := poller.ask(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if len(log.events) != 2 || !log.events[0].Time().Equal(log.events[1].Time()) ||
		log.events[1].(faultline.Statement).Text != "Errors: B." {
		t.Errorf("%+v", log.events)
	}
}

func TestDatesMadeAnewAreNoStatements(t *testing.T) {
	p, log := newPage(t, ""), &listener{}
	poller, f := fastly(t, p, log)
	f.source.Form = FormFeed
	clock := now
	poller.cfg.Now = func() time.Time { return clock }
	feed := func(at time.Time, ids ...string) string {
		doc := "<rss><channel>"
		for _, id := range ids {
			doc += "<item><title>Errors " + id + "</title><guid>" + id + "</guid><pubDate>" + at.Format(time.RFC1123Z) +
				"</pubDate></item>"
		}
		return doc + "</channel></rss>"
	}
	for n := range 5 {
		clock = clock.Add(time.Minute)
		p.set(200, feed(clock, []string{"a", "b", "c"}[:2+n/4]...), map[string]string{"ETag": `"same"`})
		p.mu.Lock()
		delete(p.header, "ETag")
		p.mu.Unlock()
		if _, err := poller.ask(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if len(log.events) != 1 || log.events[0].(faultline.Statement).Text != "Errors c" {
		t.Errorf("%+v", log.events)
	}
	log.events = nil
	poller, f = fastly(t, p, log)
	f.source.Form = FormFeed
	p.set(200, feed(now.Add(-time.Second), "a"), map[string]string{"ETag": `"v"`})
	for range 3 {
		if _, err := poller.ask(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if len(log.events) != 1 {
		t.Errorf("what keeps its time is appended %d times", len(log.events))
	}
}

func TestRedirectsLeadNowhereElse(t *testing.T) {
	var inner int
	private := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		inner++
		io.WriteString(w, pageJSON)
	}))
	defer private.Close()
	p := httptest.NewServer(http.RedirectHandler(private.URL, http.StatusFound))
	defer p.Close()
	//nolint:bodyclose // it fails
	if _, err := newClient(p.URL).Get(p.URL); !errors.Is(err, errElsewhere) || inner != 0 {
		t.Errorf("%v, asked %d times", err, inner)
	}
	for to, want := range map[string]bool{
		"https://status.example/b": true, "https://STATUS.example:443/": true, "http://status.example/": false,
		"https://other.example/": false, "https://status.example:8443/": false, "https://127.0.0.1/": false,
	} {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		from := &http.Request{URL: &url.URL{Scheme: "https", Host: "status.example"}}
		if err := follows(&http.Request{URL: u}, []*http.Request{from}); (err == nil) != want {
			t.Errorf("%s: %v", to, err)
		}
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(private.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	name := "http://localhost:" + port
	if _, err := newClient(name).Get(name); err == nil || inner != 0 { //nolint:bodyclose // it fails
		t.Errorf("a name that leads to this machine: %v, asked %d times", err, inner)
	}
}
