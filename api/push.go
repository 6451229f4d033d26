package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"time"

	"faultline"
	"faultline/api/push"
	"faultline/api/webhook"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Subscribers keeps which browsers are notified. Package ingest has it.
type Subscribers interface {
	// Subscribe stores the subscription of the browser at addr, in the place of one with the
	// same id. It fails with [faultline.BusyError] where there are too many.
	Subscribe(ctx context.Context, addr netip.Addr, id string, data []byte) error
	Unsubscribe(ctx context.Context, id string) error
}

// maxPushBody is what a subscription may measure: a stack of 200 names.
const maxPushBody = 8 << 10

// pushLanguage is how the tag of a language is written (BCP 47), as far as pages have one.
var pushLanguage = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

// PushKey is what a browser subscribes with.
type PushKey struct {
	// PublicKey is the applicationServerKey of the Push API: a point on P-256 in base64url.
	PublicKey string `json:"public_key"`
}

// PushRequest asks for notifications in a browser.
type PushRequest struct {
	// Endpoint is the address of the browser at its push service.
	Endpoint string      `json:"endpoint" example:"https://updates.push.services.mozilla.com/wpush/v2/abc"`
	Keys     PushSecrets `json:"keys"`
	// Of names sites, providers and components with commas between them: at most 200.
	Of string `json:"of" example:"bbc.co.uk,cdn:fastly"`
	// Lang is the language of the notifications; empty: en.
	Lang string `json:"lang,omitempty" example:"de"`
}

// PushSecrets are what notifications for one browser are encrypted with (RFC 8291), in
// base64url without padding.
type PushSecrets struct {
	P256dh string `json:"p256dh"` // its public key
	Auth   string `json:"auth"`   // 16 bytes
}

// PushAnswer is a subscription as it was understood.
type PushAnswer struct {
	Of string `json:"of"`
	// ExpiresAt is when it ends unless the browser sends it again.
	ExpiresAt time.Time `json:"expires_at"`
}

// PushEnd names the subscription that is to end.
type PushEnd struct {
	Endpoint string `json:"endpoint" example:"https://updates.push.services.mozilla.com/wpush/v2/abc"`
}

// errNoPush refuses where the operator has not turned notifications on.
var errNoPush = &refusal{status: http.StatusNotFound, detail: "This server sends no notifications to browsers."}

// pushes fails where this server notifies no browsers.
func (a *api) pushes() error {
	if a.cfg.Push == nil || a.cfg.Subscribers == nil {
		return errNoPush
	}
	return nil
}

// getPush says what a browser subscribes with.
//
// @ID       getPush
// @Summary  The public key of notifications in browsers
// @Description The applicationServerKey for PushManager.subscribe (RFC 8292). 404 where the operator has not turned notifications on.
// @Tags     notifications
// @Produce  json
// @Success  200 {object} PushKey
// @Failure  404,503 {object} Problem
// @Router   /v1/push [get]
func (a *api) getPush(c *gin.Context, _ url.Values) error {
	if err := a.pushes(); err != nil {
		return err
	}
	key, err := a.cfg.Push.PublicKey(c.Request.Context())
	if err != nil {
		return err
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusOK, page.MediaJSON, PushKey{PublicKey: key})
	return nil
}

// postPush keeps the subscription of a browser.
//
// @ID       postPush
// @Summary  Be notified in a browser
// @Description Keeps what PushManager.subscribe returned, and what it is about. The browser is notified when an incident that concerns one of the names is confirmed, recovers, ends or is withdrawn. A browser has one subscription: sent again it replaces the one before, and lasts 60 days more. Endpoints of the push services of browsers alone are taken. Nothing else is kept of who subscribes.
// @Tags     notifications
// @Accept   json
// @Produce  json
// @Param    subscription body PushRequest true "of a browser"
// @Success  201 {object} PushAnswer
// @Failure  404,413,415,503 {object} Problem
// @Router   /v1/push [post]
func (a *api) postPush(c *gin.Context, _ url.Values) error {
	if err := a.pushes(); err != nil {
		return err
	}
	body, _, err := readBody(c, maxPushBody, page.MediaJSON)
	if err != nil {
		return err
	}
	req := PushRequest{Lang: "en"}
	if err := decodeStrict(body, &req); err != nil {
		return err
	}
	to := push.Subscription{Endpoint: req.Endpoint, Keys: push.Keys(req.Keys)}
	if err := a.cfg.Push.Check(to); err != nil {
		return err
	}
	if !pushLanguage.MatchString(req.Lang) {
		return faultline.InvalidError{{Pointer: "/lang", Detail: "must be the tag of a language, such as de"}}
	}
	f, err := faultline.ReadFilter(url.Values{"of": {req.Of}}, a.cfg.Lookup, a.cfg.Board.Providers())
	if err != nil {
		return pointed(err, "/of")
	}
	hook := webhook.Subscription(to, f.Query().Encode(), req.Lang, a.cfg.Now())
	if err := a.subscribe(c, hook); err != nil {
		return err
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusCreated, page.MediaJSON, PushAnswer{Of: f.Query().Get("of"), ExpiresAt: *hook.Expires})
	return nil
}

// subscribe keeps the subscription of the browser that a request came from.
func (a *api) subscribe(c *gin.Context, hook webhook.Hook) error {
	data, err := json.Marshal(hook) //nolint:gosec // nothing in it is a secret of ours: a subscription has none
	if err != nil {
		return err
	}
	addr, err := clientAddr(c)
	if err != nil {
		return err
	}
	err = a.cfg.Subscribers.Subscribe(c.Request.Context(), addr, hook.ID, data)
	var busy faultline.BusyError
	if !errors.As(err, &busy) {
		return err
	}
	detail := "As many browsers subscribed as can be notified. Try again after Retry-After seconds."
	if busy.Limit == faultline.LimitPrefix {
		detail = "As many browsers of your network subscribed today as may. Try again after Retry-After seconds."
	}
	return &refusal{status: http.StatusTooManyRequests, retryAfter: max(1, seconds(busy.RetryAfter)), detail: detail}
}

// deletePush ends the subscription of a browser.
//
// @ID       deletePush
// @Summary  End the notifications in a browser
// @Description Removes the subscription of an endpoint, and all that was kept with it. There may be none.
// @Tags     notifications
// @Accept   json
// @Produce  json
// @Param    subscription body PushEnd true "which"
// @Success  204 "ended"
// @Failure  404,413,415,503 {object} Problem
// @Router   /v1/push [delete]
func (a *api) deletePush(c *gin.Context, _ url.Values) error {
	if err := a.pushes(); err != nil {
		return err
	}
	body, _, err := readBody(c, maxPushBody, page.MediaJSON)
	if err != nil {
		return err
	}
	var req PushEnd
	if err := decodeStrict(body, &req); err != nil {
		return err
	}
	if req.Endpoint == "" {
		return faultline.InvalidError{{Pointer: "/endpoint", Detail: "is required"}}
	}
	if err := a.cfg.Subscribers.Unsubscribe(c.Request.Context(), webhook.SubscriptionID(req.Endpoint)); err != nil {
		return err
	}
	writeNothing(c, http.StatusNoContent)
	return nil
}
