package main

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromiums are the browsers that the pages are tested in: the first that is
// there is taken.
var chromiums = []string{
	"chromium", "chromium-browser", "google-chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

const (
	// pageLimit is how long anything may take that a page is waited for.
	pageLimit = 90 * time.Second
	// tabLimit is how long a tab may be open, so that no test hangs on it.
	tabLimit = 5 * time.Minute
	// playedDrill is the drill that the pages show, and playedTitle what its
	// incident is to be called.
	playedDrill = "fastly-2021-06-08"
	playedTitle = "Fastly-fronted sites, 503, began ~09:47 UTC"
)

// TestPagesInABrowser drives the program with a real browser. The parts share
// the browser, and all that look at the incident share the drill. The first must
// be there when it begins.
func TestPagesInABrowser(t *testing.T) {
	b := startBrowser(t)
	played, page := openBefore(t, b)
	t.Run("an incident comes to an open page", func(t *testing.T) { testComesAlive(t, b, played, page) })
	id := confirmed(t, played) // it will be over before the last of these
	t.Run("the widget stands on a page of others", func(t *testing.T) { testWidget(t, b, played) })
	t.Run("no other page can be framed", func(t *testing.T) { testFraming(t, b, played) })
	t.Run("pages are clean", func(t *testing.T) { testClean(t, b, played) })
	t.Run("an incident is taken in six ways", func(t *testing.T) { testTake(t, b, played, id) })
	t.Run("everybody can read it", func(t *testing.T) { testAccessible(t, b, played, id) })
	t.Run("it fits narrow screens", func(t *testing.T) { testNarrow(t, b, played, id) })
	t.Run("what may be meant is suggested", func(t *testing.T) { testSuggests(t, b, played) })
	t.Run("a pasted file becomes a list", func(t *testing.T) { testPastes(t, b, played) })
	t.Run("anybody makes a key", func(t *testing.T) { testMakesAKey(t, b, played) })
	t.Run("it reads without scripts", func(t *testing.T) { testWithoutScript(t, b, played, id) })
	t.Run("a widget says that it is not updating", func(t *testing.T) { testFreezes(t, b) })
	// At the world's own pace the ten minutes in which one person counts once
	// outlast the tests.
	slow := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t),
		"FAULTLINE_WEB_PUSH_CONTACT=mailto:desk@faultline.example"}, "--drill", playedDrill, "--speed", "1")
	quiet := quietSites(t, 4)
	t.Run("a browser asks for notifications", func(t *testing.T) { testNotify(t, b, slow, quiet[3]) })
	t.Run("a report is a tap", func(t *testing.T) { testTap(t, b, slow, quiet[0], true) })
	t.Run("a report is a tap without JavaScript", func(t *testing.T) { testTap(t, b, slow, quiet[1], false) })
	t.Run("a report needs no pointer", func(t *testing.T) { testKeyboard(t, b, slow, quiet[3]) })
	t.Run("who reports too much is told until when", func(t *testing.T) { testTooMuch(t, b, quiet[0]) })
	t.Run("an outage of the past is played", func(t *testing.T) { testPlays(t, b, slow) })
	t.Run("what other pages send counts nothing", func(t *testing.T) { testForgery(t, b, slow, quiet[2]) })
}

// browser is a running Chromium, without a window.
type browser struct{ ctx context.Context }

func startBrowser(t *testing.T) browser {
	t.Helper()
	path := ""
	for _, name := range chromiums {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatalf("there is no Chromium, and the pages are tested in a real browser: install one (make needs "+
			"does); looked for %s", strings.Join(chromiums, ", "))
	}
	// No sandbox: it can't be had by root, nor in most containers.
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	alloc, end := chromedp.NewExecAllocator(t.Context(), opts...)
	ctx, closeBrowser := chromedp.NewContext(alloc)
	t.Cleanup(func() { closeBrowser(); end() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return browser{ctx}
}
