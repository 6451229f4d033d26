package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"faultline"
	"faultline/api/webhook"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

const (
	maxWebhookBody = 16 << 10 // a stack of 200 names
	webhooksEach   = 20       // of one subject
)

// WebhookRequest asks for messages about incidents.
type WebhookRequest struct {
	// URL takes the messages: https, on a public address, port 443.
	URL string `json:"url" example:"https://example.com/hooks/faultline"`
	// Filter chooses incidents as the query of the list does, such as
	// state=confirmed,resolved&cause=cdn:fastly; empty: all.
	Filter string `json:"filter,omitempty" example:"state=confirmed,resolved&kind=cdn"`
	// Format is the form of the messages: that of a service, or empty for the schema of
	// webhooks, signed. In the form of a service a message is sent when the state of an
	// incident changes, and not for each revision.
	Format string `json:"format,omitempty" enums:"slack,mattermost,teams,discord,telegram,ntfy,pagerduty"`
	// Target is the chat of telegram (its id) or the routing key of pagerduty; others need
	// none.
	Target string `json:"target,omitempty"`
}

// WebhookAnswer is a webhook of the token's subject.
type WebhookAnswer struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	Filter    string    `json:"filter"`
	Format    string    `json:"format,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	// State is unconfirmed until the receiver of a webhook that was made with a key of one's own
	// has answered its challenge, or its owner has entered the code. After an hour it ends.
	State string `json:"state" enums:"active,unconfirmed"`
	// ExpiresAt is when it ends, with its key; null: it does not.
	ExpiresAt *time.Time `json:"expires_at"`
	// Secret is what messages are signed with (Standard Webhooks). It is shown once, when the
	// webhook is made; null later.
	Secret *string `json:"secret"`
	// Dead are the last messages that were given up, newest first.
	Dead []webhook.DeadDelivery `json:"dead"`
}

// WebhookList are the webhooks of the token's subject.
type WebhookList struct {
	Webhooks []WebhookAnswer `json:"webhooks"`
}

// postWebhook makes a webhook.
//
// @ID       postWebhook
// @Summary  Add a webhook: messages about incidents to a URL
// @Description Messages are signed as in Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature). Each is delivered at least once and keeps its id when it is repeated: after 5 s, 30 s, 5 min, 30 min, 2 h, 5 h and 10 h. A 2xx accepts it, a 410 ends the webhook, and redirects are not followed. A subject has at most 20 webhooks. The webhook of a key that was made without the operator (POST /v1/keys) is first sent a challenge. Within an hour its receiver must answer it, or its owner must confirm it at /v1/webhooks/{id}/confirm. Such a key has at most 5.
// @Tags     webhooks
// @Accept   json
// @Produce  json
// @Param    webhook body WebhookRequest true "where, and of which incidents"
// @Success  201 {object} WebhookAnswer "with the secret, this once"
// @Failure  409,413,415,503 {object} Problem
// @Router   /v1/webhooks [post]
func (a *api) postWebhook(c *gin.Context, _ url.Values) error {
	if a.cfg.Webhooks == nil {
		return faultline.ErrUnavailable
	}
	body, _, err := readBody(c, maxWebhookBody, page.MediaJSON)
	if err != nil {
		return err
	}
	var req WebhookRequest
	if err := decodeStrict(body, &req); err != nil {
		return err
	}
	if err := webhook.CheckURL(req.URL); err != nil {
		return err
	}
	if err := checkFormat(req); err != nil {
		return err
	}
	query, err := readQuery(req.Filter, faultline.FilterKeys)
	if err != nil {
		return pointed(err, "/filter")
	}
	f, err := faultline.ReadFilter(query, a.cfg.Lookup, a.cfg.Board.Providers())
	if err != nil {
		return pointed(err, "/filter")
	}
	w := webhook.Hook{ID: "wh_" + rand.Text()[:20], Owner: claimsOf(c).Subject, URL: req.URL,
		Filter: f.Query().Encode(),
		Format: req.Format, Target: req.Target, Secret: webhook.NewSecret(), Created: faultline.Millis(a.cfg.Now())}
	if err := a.addWebhook(c, &w); err != nil {
		return err
	}
	out := answerOf(w, nil)
	out.Secret = &w.Secret
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusCreated, page.MediaJSON, out)
	return nil
}

// addWebhook keeps a new webhook. One of somebody whom the operator does not know must be
// wanted by its receiver, and ends with its key.
func (a *api) addWebhook(c *gin.Context, w *webhook.Hook) error {
	most := webhooksEach
	if who := claimsOf(c); faultline.SelfMade(who.Subject) {
		if a.cfg.MadeKeys == nil {
			return errOldKey
		}
		k, err := a.ownKey(c)
		if err != nil && !errors.Is(err, faultline.ErrNotFound) {
			return err
		}
		if k.TokenID != who.ID {
			return errOldKey
		}
		expires := who.Expires.UTC()
		w.Challenge, w.Expires, most = webhook.NewChallenge(), &expires, faultline.MadeKeyWebhooks
	}
	data, err := json.Marshal(w)
	if err != nil {
		return err
	}
	added, err := a.cfg.Webhooks.AddWebhook(c.Request.Context(), w.ID, w.Owner, data, most)
	if err == nil && !added {
		err = &refusal{status: http.StatusConflict,
			detail: fmt.Sprintf("There are %d webhooks of this subject, which is the most.", most)}
	}
	return err
}

// errOldKey refuses a token that a key has no more.
var errOldKey = &refusal{status: http.StatusUnauthorized, challenge: challengeInvalid,
	detail: "The key was revoked, or has another token by now."}

// maxTarget bounds the bytes of a chat's id or a routing key.
const maxTarget = 100

// checkFormat refuses a form that there is none of, and one that lacks what it needs.
func checkFormat(req WebhookRequest) error {
	switch {
	case req.Format != webhook.FormatGeneric && !slices.Contains(webhook.Formats, req.Format):
		return faultline.InvalidError{{Pointer: "/format", Detail: "must be of " + strings.Join(webhook.Formats, ", ")}}
	case webhook.NeedsTarget(req.Format) != (req.Target != ""):
		return faultline.InvalidError{{Pointer: "/target",
			Detail: "is needed for telegram (the id of a chat) and pagerduty (a routing key), and for no others"}}
	case len(req.Target) > maxTarget:
		return faultline.InvalidError{{Pointer: "/target", Detail: "is longer than 100 bytes"}}
	}
	return nil
}

// pointed says that what is wrong with a query came in a member of the body.
func pointed(err error, pointer string) error {
	out := faultline.InvalidError{}
	if invalid, ok := err.(faultline.InvalidError); ok { //nolint:errorlint // ours, as it was made
		for _, f := range invalid {
			out = append(
				out,
				faultline.Invalid{Pointer: pointer, Detail: strings.TrimSpace(f.Parameter + " " + f.Detail)},
			)
		}
		return out
	}
	return faultline.InvalidError{{Pointer: pointer, Detail: "names what we do not know"}}
}

// changeWebhook changes a webhook of the token's subject.
func (a *api) changeWebhook(c *gin.Context, id string, change func(*webhook.Hook) error) error {
	return webhook.Change(c.Request.Context(), a.cfg.Webhooks, id, change)
}

// ownWebhooks returns the webhooks of the token's subject, oldest first.
func (a *api) ownWebhooks(c *gin.Context) ([]webhook.Hook, error) {
	if a.cfg.Webhooks == nil {
		return nil, faultline.ErrUnavailable
	}
	return a.webhooksOf(c.Request.Context(), claimsOf(c).Subject)
}

// webhooksOf returns the webhooks of a subject, oldest first.
func (a *api) webhooksOf(ctx context.Context, subject string) ([]webhook.Hook, error) {
	all, err := a.cfg.Webhooks.Webhooks(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(webhook.Read(all), func(w webhook.Hook) bool { return w.Owner != subject }), nil
}

func answerOf(w webhook.Hook, dead []webhook.DeadDelivery) WebhookAnswer {
	state := "active"
	if w.Unproven() {
		state = "unconfirmed"
	}
	return WebhookAnswer{ID: w.ID, URL: w.URL, Filter: w.Filter, Format: w.Format, CreatedAt: w.Created, Dead: dead,
		State: state, ExpiresAt: w.Expires}
}

// getWebhooks lists the webhooks of the token's subject.
//
// @ID       getWebhooks
// @Summary  Your webhooks, with their undelivered messages
// @Tags     webhooks
// @Produce  json
// @Success  200 {object} WebhookList
// @Failure  503 {object} Problem
// @Router   /v1/webhooks [get]
func (a *api) getWebhooks(c *gin.Context, _ url.Values) error {
	list, err := a.listWebhooks(c)
	if err != nil {
		return err
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusOK, page.MediaJSON, WebhookList{Webhooks: list})
	return nil
}

// listWebhooks are the webhooks of the token's subject, with what was given up.
func (a *api) listWebhooks(c *gin.Context) (list []WebhookAnswer, err error) {
	own, err := a.ownWebhooks(c)
	if err != nil {
		return nil, err
	}
	for _, w := range own {
		texts, err := a.cfg.Webhooks.DeadDeliveries(c.Request.Context(), w.ID)
		if err != nil {
			return nil, err
		}
		var dead []webhook.DeadDelivery
		for _, text := range texts {
			var d webhook.DeadDelivery
			if json.Unmarshal(text, &d) == nil {
				dead = append(dead, d)
			}
		}
		list = append(list, answerOf(w, dead))
	}
	return list, nil
}

// deleteWebhook ends a webhook.
//
// @ID       deleteWebhook
// @Summary  End a webhook
// @Tags     webhooks
// @Produce  json
// @Param    id path string true "of the webhook"
// @Success  204 "ended"
// @Failure  404,503 {object} Problem
// @Router   /v1/webhooks/{id} [delete]
func (a *api) deleteWebhook(c *gin.Context, _ url.Values) error {
	w, err := a.ownWebhook(c)
	if err != nil {
		return err
	}
	if err := a.cfg.Webhooks.DeleteWebhook(c.Request.Context(), w.ID); err != nil {
		return err
	}
	writeNothing(c, http.StatusNoContent)
	return nil
}

// postWebhookTest sends a message that is about no incident.
//
// @ID       postWebhookTest
// @Summary  Send a test message
// @Description It has the type test and is signed like any other message. It is sent within seconds.
// @Tags     webhooks
// @Produce  json
// @Param    id path string true "of the webhook"
// @Success  202 "on its way"
// @Failure  404,409,503 {object} Problem
// @Router   /v1/webhooks/{id}/test [post]
func (a *api) postWebhookTest(c *gin.Context, _ url.Values) error {
	w, err := a.ownWebhook(c)
	if err != nil {
		return err
	}
	if w.Unproven() {
		return &refusal{status: http.StatusConflict,
			detail: "The webhook is not confirmed yet: its receiver must answer the challenge, " +
				"or you must send the code."}
	}
	now := faultline.Millis(a.cfg.Now())
	err = a.changeWebhook(c, w.ID, func(w *webhook.Hook) error { w.TestAt = &now; return nil })
	if err != nil {
		return err
	}
	writeNothing(c, http.StatusAccepted)
	return nil
}

func (a *api) ownWebhook(c *gin.Context) (webhook.Hook, error) {
	own, err := a.ownWebhooks(c)
	if err != nil {
		return webhook.Hook{}, err
	}
	i := slices.IndexFunc(own, func(w webhook.Hook) bool { return w.ID == c.Param("id") })
	if i < 0 {
		return webhook.Hook{}, faultline.ErrNotFound
	}
	return own[i], nil
}

func writeNothing(c *gin.Context, status int) {
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	c.Writer.WriteHeader(status)
	c.Writer.WriteHeaderNow()
}
