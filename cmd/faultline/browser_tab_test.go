package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"faultline/pace"
)

// tab is a window of its own, with an eye on what the page in it asks for and
// complains of.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	asked    []string // addresses
	troubles []string // the console's errors, violations of the policy among them
}

// open makes a tab; opts may tell it to take an existing target.
func (b browser) open(t *testing.T, opts ...chromedp.ContextOption) *tab {
	t.Helper()
	p := &tab{t: t}
	ctx, closeTab := chromedp.NewContext(b.ctx, append(opts, chromedp.WithListener(p.hear))...)
	t.Cleanup(closeTab)
	p.ctx, closeTab = context.WithTimeout(ctx, pace.Scale(tabLimit))
	t.Cleanup(closeTab)
	if err := chromedp.Do(p.ctx); err != nil { // the tab lives as long as this context
		t.Fatal(err)
	}
	return p
}

func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.asked = append(p.asked, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.troubles = append(p.troubles, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		p.troubles = append(p.troubles, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			p.troubles = append(p.troubles, "console: "+string(e.Type))
		}
	}
}

// heard is what hear has noted so far.
func (p *tab) heard() (asked, troubles []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked), slices.Clone(p.troubles)
}

// tooBusy is what the console says of an answer 503. The machine was too busy to give
// another one, which is no fault of the page: opens and tapReport ask again.
const tooBusy = "the server responded with a status of 503"

// isClean: the page asked nobody but origin, and complained of nothing.
func (p *tab) isClean(origin string) {
	p.t.Helper()
	asked, troubles := p.heard()
	for _, address := range asked {
		if u, err := url.Parse(address); err != nil || u.Scheme != "data" && u.Scheme+"://"+u.Host != origin {
			p.t.Errorf("it asked for %.200s", address)
		}
	}
	for _, trouble := range troubles {
		if !strings.Contains(trouble, tooBusy) {
			p.t.Errorf("in its console: %s", trouble)
		}
	}
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, pace.Scale(pageLimit))
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

// opens opens an address of ours, and again while it is too busy to answer, which a
// machine that many things share may be: how that looks is tested in package web.
func (p *tab) opens(address string) {
	p.t.Helper()
	eventually(p.t, pageLimit, address, func() bool {
		p.do(chromedp.Navigate(address))
		return value[int](p, "performance.getEntriesByType('navigation')[0].responseStatus") !=
			http.StatusServiceUnavailable
	})
}

// value is what an expression of JavaScript yields in the page.
func value[T any](p *tab, expression string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// tap taps an element once the page has loaded whole. The node that was found can be
// gone by the time it is tapped, when a page takes the place of another: then it is
// looked for again.
func (p *tab) tap(selector string) {
	p.t.Helper()
	p.becomes("the page has loaded", "document.readyState === 'complete'")
	eventually(p.t, pageLimit, "the tap on "+selector, func() bool {
		ctx, cancel := context.WithTimeout(p.ctx, pace.Scale(pageLimit))
		defer cancel()
		err := chromedp.Do(ctx, chromedp.Tap(chromedp.CSS(selector)))
		if err != nil && !strings.Contains(err.Error(), "node with given id") {
			p.t.Fatal(err)
		}
		return err == nil
	})
}

// becomes waits until an expression is true in the page, whichever page that is
// by then.
func (p *tab) becomes(what, expression string) {
	p.t.Helper()
	defer func() {
		if p.t.Failed() {
			text, err := chromedp.Run(p.ctx,
				chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
			_, troubles := p.heard()
			p.t.Logf("the page: %v\n%.2000s\nits console: %q", err, text, troubles)
		}
	}()
	eventually(p.t, pageLimit, what, func() bool {
		ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && ok // between two pages there is none to ask
	})
}
