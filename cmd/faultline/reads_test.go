package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"faultline"
	"faultline/pace"
	"faultline/store"
)

// readFrom asks as one of many people behind a proxy that is trusted.
func (p *process) readFrom(person int, path, token string) (int, http.Header, []byte, error) {
	r, err := http.NewRequest(http.MethodGet, p.url+path, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	// The next person is of another /24, which has a limit of its own.
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("198.18.%d.%d", person%256, person/256%256))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, body, err
}

// By default a person may read 60 times a minute, and a token 600; pages do not
// count.
func TestReadLimitOfServe(t *testing.T) {
	state := "FAULTLINE_STATE_DIR=" + shortDir(t)
	p := startServe(t, []string{state, "FAULTLINE_READ_LIMIT=60"}, "--trusted-proxies", "127.0.0.1")
	p.ready()
	_, token, _ := tool(t, []string{state}, "token", "issue", "--scope", "reports:write", "--subject", "desk")
	read := func(path, token string) map[int]int {
		codes := map[int]int{}
		for range 100 {
			code, _, _, err := p.readFrom(7, path, token)
			if err != nil {
				t.Fatal(err)
			}
			codes[code]++
		}
		return codes
	}
	began := time.Now()
	codes := read("/v1/summary", "")
	grown := int(time.Since(began).Seconds()) + 1 // one a second grows back while this asks
	if codes[200] < 60 || codes[200] > 60+grown || codes[200]+codes[429] != 100 {
		t.Errorf("without a token: %v", codes)
	}
	if codes := read("/v1/summary", strings.TrimSpace(token)); codes[200] != 100 {
		t.Errorf("with a token: %v", codes)
	}
	if codes := read("/", ""); codes[200] != 100 {
		t.Errorf("a page: %v", codes)
	}
	if refused := p.metric(`faultline_limit_refused_total{quota="reads"}`); refused != float64(codes[429]) {
		t.Errorf("%v refusals are counted", refused)
	}
}

// restsOn are reads of what a node knows by heart.
var restsOn = []string{"/v1/incidents", "/v1/summary", "/v1/sites/bbc.co.uk", "/v1/sites/only-in-the-log.com",
	"/v1/components/cdn/fastly", "/v1/verdict?site=bbc.co.uk", "/v1/search?q=only-in",
	"/statuspage/api/v2/summary.json", "/feed.atom"}

// With its Redis gone a node goes on answering, within the limits on reading, and
// says how old that is; so does one that is started then: it knows the map that
// it wrote down, and takes no tokens, as it can't know which are revoked.
func TestReadsWithoutRedis(t *testing.T) {
	state := "FAULTLINE_STATE_DIR=" + shortDir(t)
	redis := privateRedis(t, shortDir(t))
	tellOfASite(t, redis.URL)
	env := []string{state, "FAULTLINE_READ_LIMIT=60", "FAULTLINE_REDIS_URL=" + redis.URL}
	p := startServe(t, env, "--trusted-proxies", "127.0.0.1")
	p.ready()
	_, token, _ := tool(t, []string{state}, "token", "issue", "--scope", "admin", "--subject", "desk")
	token = strings.TrimSpace(token)
	people := 0
	eventuallyLogged(p, 20*time.Second, "the site of the log is known", func() bool {
		people++
		code, _, body, _ := p.readFrom(people, "/v1/sites/only-in-the-log.com", "")
		return code == 200 && strings.Contains(string(body), "cdn:fastly")
	})
	stateDir := strings.TrimPrefix(state, "FAULTLINE_STATE_DIR=")
	// A node writes its list when it starts too: what counts is that the site is in it.
	eventuallyLogged(p, 20*time.Second, "the site is written down", func() bool {
		return isWritten(filepath.Join(stateDir, "map.ndjson.gz"), "only-in-the-log.com")
	})
	redis.Stop()
	p.readUntilStale()
	p.kill()

	again := startServe(t, env, "--trusted-proxies", "127.0.0.1")
	eventuallyLogged(again, 20*time.Second, "it answers", func() bool {
		people++
		code, _, _, _ := again.readFrom(people, "/v1/summary", "")
		return code == 200
	})
	again.readUntilStale()
	header := map[string]string{"Authorization": "Bearer " + token}
	if code, body := again.post("/v1/tokens", `{"subject":"x","scopes":["admin"]}`,
		header); code != http.StatusServiceUnavailable {
		t.Errorf("a token is issued: %d %s", code, body)
	}
}

// isWritten reports whether a text is in a file of a node's state, which are packed.
func isWritten(file, text string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return false
	}
	all, err := io.ReadAll(z)
	return err == nil && strings.Contains(string(all), text)
}

// tellOfASite writes a site into the log that no catalogue has.
func tellOfASite(t *testing.T, url string) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	now := faultline.Millis(time.Now())
	if _, err := st.Epoch(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	site := faultline.SiteRecord{At: now, Site: "only-in-the-log.com", Components: []faultline.Component{"cdn:fastly"},
		Source: faultline.SourceObserved}
	if err := st.Writer().Append(t.Context(), []faultline.Event{site}); err != nil {
		t.Fatal(err)
	}
}

// readUntilStale has many people read what a node knows until it has said of each
// answer that it is stale, and for a thousand reads beyond. Every one of them is
// answered.
func (p *process) readUntilStale() {
	p.t.Helper()
	var person, stale atomic.Int64
	g, _ := errgroup.WithContext(p.t.Context())
	ended := pace.Context(p.t, time.Minute)
	for worker := range 4 {
		g.Go(func() error {
			for n := worker; stale.Load() < 1_000; n++ {
				if ended.Err() != nil {
					return fmt.Errorf("%d answers say that they are stale", stale.Load())
				}
				path := restsOn[n%len(restsOn)]
				code, header, body, err := p.readFrom(int(person.Add(1))/20, path, "")
				if err != nil || code != http.StatusOK {
					return fmt.Errorf("%s: %d %s %w", path, code, body, err)
				}
				var answer struct{ Meta struct{ Stale bool } }
				if json.Unmarshal(body, &answer) != nil || !answer.Meta.Stale {
					continue
				}
				if age, err := strconv.Atoi(header.Get("Age")); err != nil || age < 15 || age > 120 {
					return fmt.Errorf("%s: stale, and Age is %q", path, header.Get("Age"))
				}
				stale.Add(1)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		p.t.Fatalf("%v\n%s", err, p.log())
	}
}
