//go:build check

package probe_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	devtools "github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"faultline/ingest/probe/probetest"
	"faultline/pace"
)

var some = flag.String("some", "", "open those odd answers alone whose names this regular expression matches")

// chromiums are the browsers that may be there; the first is taken.
var chromiums = []string{
	"chromium", "chromium-browser", "google-chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

// giveUp is when an answer that is recorded as one that never comes counts as not
// opened, and when every answer does while they are recorded. The corpus has few
// such answers, and each waits for so long. What is recorded to come is waited for
// until it comes: a browser that stalls for some seconds has not refused it.
const giveUp = 6 * time.Second

// TestOddAnswersInChromium opens every odd answer in a Chromium and compares what
// it makes of it with what is recorded; -update records it.
func TestOddAnswersInChromium(t *testing.T) {
	w := probetest.Start(t)
	answers := probetest.OddAnswers()
	for _, o := range answers {
		w.Put(o.Host(), o.Site())
	}
	b := openChromium(t, w)
	only := regexp.MustCompile(*some)
	got, want := map[string]probetest.Browser{}, probetest.Chromium()
	for _, o := range answers {
		if !only.MatchString(o.Name) {
			continue
		}
		limit := pace.Limit
		if *update || want[o.Name].Hangs() {
			limit = giveUp
		}
		got[o.Name] = b.open(o, pace.Scale(limit))
	}
	if *update {
		maps.Copy(want, got)
		maps.DeleteFunc(want, func(name string, _ probetest.Browser) bool {
			return !slices.ContainsFunc(answers, func(o probetest.Odd) bool { return o.Name == name })
		})
		writeChromiumTable(t, want)
	}
	for _, o := range answers {
		if !only.MatchString(o.Name) {
			continue
		}
		if got[o.Name] != want[o.Name] {
			t.Errorf("%s: Chromium makes %+v of it, and %+v is recorded", o.Name, got[o.Name], want[o.Name])
		}
	}
}

func writeChromiumTable(t *testing.T, table map[string]probetest.Browser) {
	t.Helper()
	text, err := json.MarshalIndent(table, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(probetest.ChromiumTable, append(text, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
}

// chromium is a tab of a browser for which every name is the world's.
type chromium struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	status map[devtools.RequestID]int
	ended  map[devtools.RequestID]string // by its error, "" for none
	news   chan struct{}
}

func openChromium(t *testing.T, w *probetest.World) *chromium {
	t.Helper()
	path := ""
	for _, name := range chromiums {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatalf(
			"there is no Chromium: install one (make needs does); searched for %s",
			strings.Join(chromiums, ", "),
		)
	}
	// No sandbox: it can't be had by root, nor in most containers. The addresses
	// are those that people type, on the standard ports.
	opts := append(
		chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox,
		chromedp.Flag(
			"host-resolver-rules",
			fmt.Sprintf("MAP *:80 127.0.0.1:%d, MAP *:443 127.0.0.1:%d", w.Ports.HTTP, w.Ports.HTTPS),
		),
		chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("disable-features", "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable"),
	)
	alloc, end := chromedp.NewExecAllocator(t.Context(), opts...)
	b := &chromium{t: t, news: make(chan struct{}, 1)}
	ctx, closeBrowser := chromedp.NewContext(alloc, chromedp.WithListener(b.listen))
	t.Cleanup(func() { closeBrowser(); end() })
	b.ctx = ctx
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return b
}

func (b *chromium) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *devtools.EventResponseReceived:
		b.status[e.RequestID] = int(e.Response.Status)
	case *devtools.EventLoadingFailed:
		b.ended[e.RequestID] = e.ErrorText
	case *devtools.EventLoadingFinished:
		b.ended[e.RequestID] = ""
	default:
		return
	}
	select {
	case b.news <- struct{}{}:
	default:
	}
}

// open opens an answer and says what came of it within a time.
func (b *chromium) open(o probetest.Odd, limit time.Duration) probetest.Browser {
	b.t.Helper()
	b.mu.Lock()
	b.status, b.ended = map[devtools.RequestID]int{}, map[devtools.RequestID]string{}
	b.mu.Unlock()
	address := "http://" + o.Host() + "/"
	if o.Secure {
		address = "https://" + o.Host() + "/"
	}
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	var r page.NavigateResult
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		var err error
		r, err = cdp.Call(ctx, t, page.Navigate, page.NavigateParams{URL: address})
		return err
	}))
	defer func() {
		_ = chromedp.Do(b.ctx, chromedp.Stop()) // what goes on would disturb the next
	}()
	if errors.Is(err, context.DeadlineExceeded) {
		return probetest.Browser{Error: "net::ERR_TIMED_OUT"}
	}
	if err != nil {
		b.t.Fatalf("%s: %v", o.Name, err)
	}
	if r.ErrorText != "" {
		return probetest.Browser{Error: r.ErrorText}
	}
	id := devtools.RequestID(r.LoaderID)
	for {
		b.mu.Lock()
		failure, ended := b.ended[id]
		status := b.status[id]
		b.mu.Unlock()
		switch {
		case ended && failure != "":
			return probetest.Browser{Error: failure}
		case ended, status != 0 && (o.End == probetest.Stay || o.End == probetest.Pour):
			return probetest.Browser{Status: status}
		}
		select {
		case <-b.news:
		case <-ctx.Done():
			return probetest.Browser{Status: status, Error: "no end"}
		}
	}
}
