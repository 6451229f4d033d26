package main

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// subscribing stands in for the maker's push service, which no test may call, and for the
// question whether a page may notify, which nobody is there to answer. The rest is the
// browser's own: the service worker, and what the page asks the server for.
const subscribing = `(() => {
	let allowed = "default", kept = null;
	Object.defineProperty(Notification, "permission", { get: () => allowed });
	Notification.requestPermission = async () => (allowed = "granted");
	const endpoint = "https://fcm.googleapis.com/fcm/send/of-a-test", keys = {
		p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
		auth: "BTBZMqHH6r4Tts7J_aSIgg" };
	PushManager.prototype.subscribe = async (options) => {
		window.subscribedWith = options.applicationServerKey;
		return kept ??= { endpoint, toJSON: () => ({ endpoint, expirationTime: null, keys }),
			unsubscribe: async () => { kept = null; return true; } };
	};
	PushManager.prototype.getSubscription = async () => kept;
	window.isSubscribed = () => kept !== null;
})()`

// testNotify asks for notifications about a site at which nothing will happen, and ends them.
func testNotify(t *testing.T, b browser, p *process, site string) {
	tab := b.open(t)
	tab.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: subscribing})
		return err
	}))
	tab.opens(p.url + "/site/" + site)
	const button, said = "document.getElementById('notify-me')", "document.getElementById('notify-said').textContent"
	const words = "document.getElementById('notify').dataset"
	tab.becomes("the button is there", "getComputedStyle("+button+").visibility === 'visible'")
	tab.presses(button, "it says that notifications are on", said+" === "+words+".on")
	tab.becomes("the button ends them", button+".textContent === "+words+".stop && isSubscribed()")
	tab.becomes("it has a key of the server", "subscribedWith.length === 87")
	tab.presses(button, "it says that they are off", said+" === "+words+".off")
	tab.becomes("the subscription is gone", button+".textContent === "+words+".start && !isSubscribed()")
	tab.isClean(p.url)
}

// presses presses a button until what it does is done, and again where the page says that it
// failed: a machine that many things share may be too busy to do it.
func (p *tab) presses(button, what, done string) {
	p.t.Helper()
	press := button + ".click(), true"
	value[bool](p, press)
	eventually(p.t, pageLimit, what, func() bool {
		if value[bool](p, done) {
			return true
		}
		if value[bool](p, "document.getElementById('notify-said').textContent === "+
			"document.getElementById('notify').dataset.failed && !"+button+".disabled") {
			value[bool](p, press)
		}
		return false
	})
}
