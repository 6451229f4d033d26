package main

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/api/token"
)

// Parts of bodies that stand for a challenge: a new one with its solution, and one that
// has made a key already.
const (
	freshSolution = `{"challenge":"{challenge}","solution":"{solution}"}`
	spentSolution = `{"challenge":"{spent}","solution":"{spent_solution}"}`
	// drillBits is the work that challenges of the drill ask for.
	drillBits = 4
)

// madeSubject has a key that it made by itself.
const madeSubject = "self-4kq7wz2mxv5rtnbh"

// keyAsks are what those ask for who want a key without the operator, and to see what
// was sent to their webhooks.
var keyAsks = []ask{
	{operation: "postKeyChallenge", path: "/v1/keys/challenge", method: "POST", status: 201},
	{operation: "postKeyChallenge", path: "/v1/keys/challenge?colour=blue", method: "POST", status: 400},
	{operation: "postKeyChallenge", path: "/v1/keys/challenge", method: "POST", hurried: true, status: 429},
	{operation: "postKeyChallenge", path: "/v1/keys/challenge", method: "POST", cold: true, status: 503},
	{operation: "postKey", path: "/v1/keys", media: mediaJSON, body: freshSolution, status: 201},
	{operation: "postKey", path: "/v1/keys", media: mediaJSON, body: `{"challenge":"x","solution":"1"}`, status: 400},
	{operation: "postKey", path: "/v1/keys", media: mediaJSON, body: spentSolution, status: 409},
	{operation: "postKey", path: "/v1/keys", media: mediaJSON, body: strings.Repeat(" ", 5<<10), status: 413},
	{operation: "postKey", path: "/v1/keys", media: "text/plain", body: freshSolution, status: 415},
	{operation: "postKey", path: "/v1/keys", media: mediaJSON, body: freshSolution, cold: true, status: 503},
	{operation: "getKey", path: "/v1/keys/mine", scope: token.ScopeWebhooks, subject: madeSubject, status: 200},
	{operation: "getKey", path: "/v1/keys/mine?colour=blue", scope: token.ScopeWebhooks, status: 400},
	{operation: "getKey", path: "/v1/keys/mine", status: 401},
	{operation: "getKey", path: "/v1/keys/mine", scope: token.ScopeProbes, status: 403},
	{operation: "getKey", path: "/v1/keys/mine", scope: token.ScopeWebhooks, status: 404},
	{operation: "getKey", path: "/v1/keys/mine", scope: token.ScopeWebhooks, cold: true, status: 503},
	{operation: "postKeyRotate", path: "/v1/keys/mine/rotate", method: "POST", scope: token.ScopeWebhooks,
		subject: madeSubject, status: 201},
	{operation: "postKeyRotate", path: "/v1/keys/mine/rotate?colour=blue", method: "POST",
		scope: token.ScopeWebhooks, status: 400},
	{operation: "postKeyRotate", path: "/v1/keys/mine/rotate", method: "POST", status: 401},
	{operation: "postKeyRotate", path: "/v1/keys/mine/rotate", method: "POST", scope: token.ScopeProbes, status: 403},
	{operation: "postKeyRotate", path: "/v1/keys/mine/rotate", method: "POST", scope: token.ScopeWebhooks, status: 404},
	{operation: "postKeyRotate", path: "/v1/keys/mine/rotate", method: "POST", scope: token.ScopeWebhooks,
		cold: true, status: 503},
	{operation: "deleteKey", path: "/v1/keys/mine?colour=blue", method: "DELETE",
		scope: token.ScopeWebhooks, status: 400},
	{operation: "deleteKey", path: "/v1/keys/mine", method: "DELETE", status: 401},
	{operation: "deleteKey", path: "/v1/keys/mine", method: "DELETE", scope: token.ScopeProbes, status: 403},
	{operation: "deleteKey", path: "/v1/keys/mine", method: "DELETE", scope: token.ScopeWebhooks, status: 404},
	{operation: "deleteKey", path: "/v1/keys/mine", method: "DELETE", scope: token.ScopeWebhooks,
		cold: true, status: 503},

	{operation: "getWebhookDeliveries", path: "/v1/webhooks/wh_example/deliveries",
		scope: token.ScopeWebhooks, status: 200},
	{operation: "getWebhookDeliveries", path: "/v1/webhooks/wh_example/deliveries?colour=blue",
		scope: token.ScopeWebhooks, status: 400},
	{operation: "getWebhookDeliveries", path: "/v1/webhooks/wh_example/deliveries", status: 401},
	{operation: "getWebhookDeliveries", path: "/v1/webhooks/wh_example/deliveries",
		scope: token.ScopeProbes, status: 403},
	{operation: "getWebhookDeliveries", path: "/v1/webhooks/wh_0/deliveries", scope: token.ScopeWebhooks, status: 404},
	{operation: "getWebhookDeliveries", path: "/v1/webhooks/wh_example/deliveries",
		scope: token.ScopeWebhooks, cold: true, status: 503},
	{operation: "postWebhookRedeliver", path: oneRedelivery + "?colour=blue", method: "POST",
		scope: token.ScopeWebhooks, status: 400},
	{operation: "postWebhookRedeliver", path: oneRedelivery, method: "POST", status: 401},
	{operation: "postWebhookRedeliver", path: oneRedelivery, method: "POST", scope: token.ScopeProbes, status: 403},
	{operation: "postWebhookRedeliver", path: "/v1/webhooks/wh_example/deliveries/msg_0/redeliver",
		method: "POST", scope: token.ScopeWebhooks, status: 404},

	{operation: "postWebhookRedeliver", path: "/v1/webhooks/wh_example/deliveries/msg_3k7wq5zt2xvm/redeliver",
		method: "POST", scope: token.ScopeWebhooks, status: 409},
	{operation: "postWebhookRedeliver", path: oneRedelivery, method: "POST", scope: token.ScopeWebhooks,
		cold: true, status: 503},
	{operation: "postWebhookConfirm", path: "/v1/webhooks/wh_unconfirmed/confirm", media: mediaJSON,
		body: `{"code":"another"}`, scope: token.ScopeWebhooks, subject: madeSubject, status: 400},
	{operation: "postWebhookConfirm", path: oneConfirmation, media: mediaJSON, body: oneCode, status: 401},
	{operation: "postWebhookConfirm", path: oneConfirmation, media: mediaJSON, body: oneCode,
		scope: token.ScopeProbes, status: 403},
	{operation: "postWebhookConfirm", path: "/v1/webhooks/wh_0/confirm", media: mediaJSON, body: oneCode,
		scope: token.ScopeWebhooks, status: 404},
	{operation: "postWebhookConfirm", path: oneConfirmation, media: mediaJSON,
		body: strings.Repeat(" ", 5<<10), scope: token.ScopeWebhooks, status: 413},
	{operation: "postWebhookConfirm", path: oneConfirmation, media: "text/plain", body: oneCode,
		scope: token.ScopeWebhooks, status: 415},
	{operation: "postWebhookConfirm", path: oneConfirmation, media: mediaJSON, body: oneCode,
		scope: token.ScopeWebhooks, cold: true, status: 503},
	{operation: "postWebhookTest", path: "/v1/webhooks/wh_unconfirmed/test", method: "POST",
		scope: token.ScopeWebhooks, subject: madeSubject, status: 409},
}

const (
	oneRedelivery   = "/v1/webhooks/wh_example/deliveries/msg_5tzq2xq4mvdi/redeliver"
	oneConfirmation = "/v1/webhooks/wh_unconfirmed/confirm"
	oneCode         = `{"code":"5R3BN6Z7MTUPV2Q4XKJH7WGCLA"}`
)

// keysEnded are taken without a body to show for it.
var keysEnded = []ask{
	{operation: "deleteKey", path: "/v1/keys/mine", method: "DELETE", scope: token.ScopeWebhooks,
		subject: madeSubject, status: 204},
	{operation: "postWebhookRedeliver", path: oneRedelivery, method: "POST", scope: token.ScopeWebhooks, status: 202},
	{operation: "postWebhookConfirm", path: oneConfirmation, media: mediaJSON, body: oneCode,
		scope: token.ScopeWebhooks, subject: madeSubject, status: 204},
}

// solve puts challenges of the drill, with their solutions, into a body. They must be
// fresh in each run, since a challenge is good for minutes.
func (d *drill) solve(body string) string {
	if !strings.Contains(body, "{challenge}") && !strings.Contains(body, "{spent}") {
		return body
	}
	text, challenge, err := d.keys.IssueChallenge(drillBits)
	if err != nil { // the drill has keys
		panic(err)
	}
	n := 0
	for !challenge.Solved(strconv.Itoa(n)) {
		n++
	}
	if strings.Contains(body, "{spent}") {
		d.desk.spent = challenge.ID
	}
	return strings.NewReplacer("{challenge}", text, "{solution}", strconv.Itoa(n), "{spent}", text,
		"{spent_solution}", strconv.Itoa(n)).Replace(body)
}

// desk gives out keys: there is one, and nothing is remembered but a challenge that was
// used.
type desk struct{ spent string }

// Make gives out a key, unless its challenge was used before.
func (d *desk) Make(_ context.Context, _ netip.Addr, _ faultline.MadeKey, challenge string, _ time.Time) error {
	if challenge == d.spent {
		return faultline.ErrSpent
	}
	return nil
}

func (d *desk) SaveKey(context.Context, faultline.MadeKey) error { return nil }

// MadeKey is the one key.
func (d *desk) MadeKey(_ context.Context, subject string) (faultline.MadeKey, error) {
	if subject != madeSubject {
		return faultline.MadeKey{}, faultline.ErrNotFound
	}
	//nolint:gosec // the name of a token in an example, which opens nothing
	return faultline.MadeKey{Subject: madeSubject, TokenID: "8J0mVZhCq1yWb5cXo2Jq4w",
		Created: drillMoment.Add(-time.Hour), Expires: drillMoment.Add(faultline.MadeKeyLife - time.Hour)}, nil
}

func (d *desk) MadeKeys(context.Context) ([]faultline.MadeKey, error) { return nil, nil }

func (d *desk) CountMadeKeys(context.Context) (int, error) { return 1, nil }

func (d *desk) DropKey(context.Context, string) error { return nil }

// deskAway is one that can't be reached.
type deskAway struct{}

func (deskAway) Make(context.Context, netip.Addr, faultline.MadeKey, string, time.Time) error {
	return faultline.ErrUnavailable
}

func (deskAway) SaveKey(context.Context, faultline.MadeKey) error { return faultline.ErrUnavailable }

func (deskAway) MadeKey(context.Context, string) (faultline.MadeKey, error) {
	return faultline.MadeKey{}, faultline.ErrUnavailable
}

func (deskAway) MadeKeys(context.Context) ([]faultline.MadeKey, error) {
	return nil, faultline.ErrUnavailable
}

func (deskAway) CountMadeKeys(context.Context) (int, error) { return 0, faultline.ErrUnavailable }

func (deskAway) DropKey(context.Context, string) error { return faultline.ErrUnavailable }
