//go:build check

package main

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"faultline/pace"
)

// A phone on a poor connection: 1.6 Mbit/s with 150 ms of delay, and a processor that is four
// times slower than that of this machine.
const (
	poorBytes  = 1_600_000 / 8 // a second
	poorDelay  = 150           // ms
	poorFactor = 4
	paintedBy  = 1800 * time.Millisecond
)

// networkConditions are the parameters of a command that every Chromium knows.
type networkConditions struct {
	Offline  bool    `json:"offline"`
	Latency  float64 `json:"latency"`
	Download float64 `json:"downloadThroughput"`
	Upload   float64 `json:"uploadThroughput"`
}

var emulateNetwork = cdp.Command[networkConditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// TestPagesOnAPhone measures what pages and widgets cost their readers. The drill is played at
// the world's own pace, so that its outage outlasts the tests.
func TestPagesOnAPhone(t *testing.T) {
	b := startBrowser(t)
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)}, "--drill", playedDrill, "--speed", "1")
	id := confirmed(t, p)
	t.Run("pages are light and still", func(t *testing.T) { testLight(t, b, p, id) })
	t.Run("widgets have the height that was measured", func(t *testing.T) { testHeights(t, b, p, id) })
	t.Run("answers are near", func(t *testing.T) { testQuestions(t, b, p, id) })
}

// TestPagesPaintOnAPoorPhone measures when the largest part of a page is painted (LCP).
func TestPagesPaintOnAPoorPhone(t *testing.T) {
	b := startBrowser(t)
	p := startServe(t, []string{"FAULTLINE_STATE_DIR=" + shortDir(t)}, "--drill", playedDrill, "--speed", "1")
	id := confirmed(t, p)
	for _, path := range []string{"/", "/site/reddit.com", "/incident/" + id} {
		tab := b.open(t)
		tab.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch), watching(), poor())
		tab.opens(p.url + path)
		tab.becomes("the page is painted", "document.readyState === 'complete' && measured.painted > 0")
		painted := time.Duration(value[float64](tab, "measured.painted") * float64(time.Millisecond))
		if painted > pace.Scale(paintedBy) {
			t.Errorf("%s is painted after %s", path, painted)
		}
		t.Logf("%s is painted after %s", path, painted.Round(time.Millisecond))
	}
}

// poor makes a tab one of a poor phone.
func poor() chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulateNetwork, networkConditions{Latency: poorDelay, Download: poorBytes,
			Upload: poorBytes}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetCPUThrottlingRate,
			emulation.SetCPUThrottlingRateParams{Rate: poorFactor})
		return err
	})
}
