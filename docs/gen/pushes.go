package main

import (
	"context"
	"net/netip"
	"strings"

	"faultline"
	"faultline/api/push"
)

// A browser of the drill. Its keys are those of the example in RFC 8291, appendix A.
const (
	oneBrowser = `{"endpoint":"https://updates.push.services.mozilla.com/wpush/v2/gAAAAABm",` +
		`"keys":{"p256dh":"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",` +
		`"auth":"BTBZMqHH6r4Tts7J_aSIgg"},"of":"bbc.co.uk,cdn:fastly","lang":"en"}`
	oneBrowserEnd = `{"endpoint":"https://updates.push.services.mozilla.com/wpush/v2/gAAAAABm"}`
	pathOfPush    = "/v1/push"
)

// pushReads are what browsers ask for before they subscribe, of a node without a key.
var pushReads = []ask{
	{operation: "getPush", path: pathOfPush, cold: true, status: 503},
}

// pushAsks are what browsers send that want to be notified, or no longer.
var pushAsks = []ask{
	{operation: "postPush", path: pathOfPush, media: mediaJSON, body: oneBrowser, status: 201},
	{operation: "postPush", path: pathOfPush, media: mediaJSON, body: `{"endpoint":"https://example.com/"}`,
		status: 400},
	{operation: "postPush", path: pathOfPush, media: mediaJSON, body: strings.Repeat(" ", 9<<10), status: 413},
	{operation: "postPush", path: pathOfPush, media: "text/plain", body: oneBrowser, status: 415},
	{operation: "postPush", path: pathOfPush, media: mediaJSON, body: oneBrowser, cold: true, status: 503},
	{operation: "deletePush", path: pathOfPush, method: "DELETE", media: mediaJSON, body: `{}`, status: 400},
	{operation: "deletePush", path: pathOfPush, method: "DELETE", media: mediaJSON,
		body: strings.Repeat(" ", 9<<10), status: 413},
	{operation: "deletePush", path: pathOfPush, method: "DELETE", media: "text/plain", body: oneBrowserEnd,
		status: 415},
	{operation: "deletePush", path: pathOfPush, method: "DELETE", media: mediaJSON, body: oneBrowserEnd, cold: true,
		status: 503},
}

// pushEnded is taken without a body to show for it.
var pushEnded = []ask{
	{operation: "deletePush", path: pathOfPush, method: "DELETE", media: mediaJSON, body: oneBrowserEnd, status: 204},
}

// notifies returns what notifies browsers in the drill: nobody is called.
func (d *drill) notifies(keys push.KeyStore) *push.Service {
	return push.New(push.Config{Contact: "mailto:desk@faultline.example", Keys: keys, Now: d.now})
}

// browsers keeps no subscriptions. Its key is that of the server in RFC 8291, appendix
// A, so that the recorded key stays the same and opens nothing.
type browsers struct{}

// PushKey is that key.
func (browsers) PushKey(context.Context, string) (string, error) {
	return "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", nil
}

func (browsers) Subscribe(context.Context, netip.Addr, string, []byte) error { return nil }

func (browsers) Unsubscribe(context.Context, string) error { return nil }

// browsersAway can't be reached.
type browsersAway struct{}

func (browsersAway) PushKey(context.Context, string) (string, error) {
	return "", faultline.ErrUnavailable
}

func (browsersAway) Subscribe(context.Context, netip.Addr, string, []byte) error {
	return faultline.ErrUnavailable
}

func (browsersAway) Unsubscribe(context.Context, string) error { return faultline.ErrUnavailable }
