//go:build check

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"faultline"
	"faultline/task"
)

// killBatch is how many probes one batch has. A vantage that checks the whole list hands in
// as many every half minute.
const killBatch = 1_000

// killPause is between two batches of a vantage. Without it batches would fill the queue to the
// log, and few reports would come through.
const killPause = 500 * time.Millisecond

// key tells each report and each probe of the test from every other: a report by its site and
// status, a probe by its site, vantage and time.
type key struct {
	site    uint16
	vantage int16 // -1: a report
	what    int64 // the status, or the time in Unix milliseconds
}

func vantageName(i int) string { return fmt.Sprintf("v-%d", i) }

// acknowledged is how many reports and probes were acknowledged so far.
func (k *killing) acknowledged() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.acked)
}

// report says one thing after the other until ctx ends, each by a new person; what
// was not acknowledged is said again, up to twice, to the other node.
func (k *killing) report(ctx context.Context, client int) {
	c := &http.Client{Timeout: 4 * time.Second}
	defer c.CloseIdleConnections()
	for ctx.Err() == nil {
		k.mu.Lock()
		n := k.sent
		k.sent++
		k.mu.Unlock()
		site, status := n%len(k.sites), 100+n/len(k.sites)%500
		body := fmt.Sprintf(`{"site":%q,"symptom":"http_%d"}`, k.sites[site], status)
		header := http.Header{"Content-Type": {"application/json"},
			"X-Forwarded-For": {fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)}}
		_, ok := k.send(c, client, "/v1/reports", body, header)
		k.note(ok, []key{{uint16(site), -1, int64(status)}})
	}
}

// probe hands in one batch after the other until ctx ends, as an agent does. The sites of a
// batch go on from those of the one before.
func (k *killing) probe(ctx context.Context, vantage int) {
	c := &http.Client{Timeout: 4 * time.Second}
	defer c.CloseIdleConnections()
	header := http.Header{"Content-Type": {"application/x-ndjson"},
		"Authorization": {"Bearer " + k.tokens[vantage]}}
	var last time.Time
	for first := 0; ctx.Err() == nil; first += killBatch {
		at := faultline.Millis(time.Now())
		if !at.After(last) { // a site, vantage and time are one probe
			at = last.Add(time.Millisecond)
		}
		last = at
		var body strings.Builder
		keys := make([]key, killBatch)
		for i := range keys {
			site := (first + i) % len(k.sites)
			fmt.Fprintf(&body, seen[false], k.sites[site], at.UTC().Format("2006-01-02T15:04:05.000Z"))
			keys[i] = key{uint16(site), int16(vantage), at.UnixMilli()}
		}
		answer, ok := k.send(c, vantage, "/v1/probes", body.String(), header)
		var got struct{ Accepted int }
		if ok && (json.Unmarshal(answer, &got) != nil || got.Accepted != killBatch) {
			k.t.Errorf("of %d probes: %.200s", killBatch, answer)
			return
		}
		k.note(ok, keys)
		task.Pause(ctx, killPause)
	}
}

// send posts to one node, and up to twice more to the other one and back, until somebody
// acknowledges.
func (k *killing) send(c *http.Client, first int, path, body string, header http.Header) (answer []byte, ok bool) {
	for try := 0; try < 3 && !ok; try++ {
		k.mu.Lock()
		url := k.urls[(first+try)%2]
		k.mu.Unlock()
		answer, ok = sendTo(c, url+path, body, header)
	}
	return answer, ok
}

func sendTo(c *http.Client, url, body string, header http.Header) (answer []byte, ok bool) {
	req, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, false
	}
	req.Header = header
	resp, err := c.Do(req)
	if err != nil {
		return nil, false
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return answer, err == nil && resp.StatusCode == http.StatusAccepted
}

// note remembers what was acknowledged.
func (k *killing) note(ok bool, keys []key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !ok {
		k.refused++
		return
	}
	for _, one := range keys {
		k.acked[one] = true
		if one.vantage >= 0 {
			k.probes++
		}
	}
}
