package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"faultline"
	"faultline/api/webhook"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// DeliveryList are the last tries to deliver to a webhook.
type DeliveryList struct {
	// Deliveries stand newest first: the last 100 of a week.
	Deliveries []webhook.Attempt `json:"deliveries"`
}

// WebhookCode is the code that a challenge carried.
type WebhookCode struct {
	Code string `json:"code"`
}

// getDeliveries lists the last tries to deliver to a webhook.
//
// @ID       getWebhookDeliveries
// @Summary  Messages sent to a webhook, and their outcome
// @Tags     webhooks
// @Produce  json
// @Param    id path string true "of the webhook"
// @Success  200 {object} DeliveryList
// @Failure  404,503 {object} Problem
// @Router   /v1/webhooks/{id}/deliveries [get]
func (a *api) getDeliveries(c *gin.Context, _ url.Values) error {
	_, tries, err := a.ownAttempts(c)
	if err != nil {
		return err
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusOK, page.MediaJSON, DeliveryList{Deliveries: tries})
	return nil
}

// ownAttempts is the webhook of a path, if it is of who asks, and its last tries.
func (a *api) ownAttempts(c *gin.Context) (webhook.Hook, []webhook.Attempt, error) {
	w, err := a.ownWebhook(c)
	if err != nil {
		return w, nil, err
	}
	texts, err := a.cfg.Webhooks.Attempts(c.Request.Context(), w.ID)
	if err != nil {
		return w, nil, err
	}
	tries := make([]webhook.Attempt, 0, len(texts))
	for _, text := range texts {
		var t webhook.Attempt
		if json.Unmarshal(text, &t) == nil {
			tries = append(tries, t)
		}
	}
	return w, tries, nil
}

// postRedeliver has a message sent again.
//
// @ID       postWebhookRedeliver
// @Summary  Send a message again
// @Description The message is sent within seconds, with the same webhook-id.
// @Tags     webhooks
// @Produce  json
// @Param    id path string true "of the webhook"
// @Param    message path string true "the webhook-id of the message"
// @Success  202 "it will be sent"
// @Failure  404,409,503 {object} Problem
// @Router   /v1/webhooks/{id}/deliveries/{message}/redeliver [post]
func (a *api) postRedeliver(c *gin.Context, _ url.Values) error {
	w, tries, err := a.ownAttempts(c)
	if err != nil {
		return err
	}
	id := c.Param("message")
	at := slices.IndexFunc(tries, func(t webhook.Attempt) bool { return t.Message == id })
	switch {
	case at < 0:
		return faultline.ErrNotFound
	case tries[at].Type != webhook.TypeUpdated:
		return &refusal{status: http.StatusConflict, detail: "Only messages about incidents are sent again; a test " +
			"message is asked for at /v1/webhooks/{id}/test."}
	}
	again := webhook.Again{ID: id, Incident: tries[at].Incident, Revision: tries[at].Revision}
	err = a.changeWebhook(c, w.ID, func(w *webhook.Hook) error {
		if len(w.Again) >= webhook.MaxAgain {
			return &refusal{status: http.StatusConflict,
				detail: "20 messages wait to be sent again, which is the most."}
		}
		if !slices.Contains(w.Again, again) {
			w.Again = append(w.Again, again)
		}
		return nil
	})
	if err != nil {
		return err
	}
	writeNothing(c, http.StatusAccepted)
	return nil
}

// postWebhookConfirm takes the code of a challenge from a person.
//
// @ID       postWebhookConfirm
// @Summary  Confirm a webhook with the code that was sent to it
// @Description For receivers that cannot answer the challenge themselves, such as chats.
// @Tags     webhooks
// @Accept   json
// @Produce  json
// @Param    id path string true "of the webhook"
// @Param    code body WebhookCode true "the code that came with the challenge"
// @Success  204 "confirmed"
// @Failure  404,413,415,503 {object} Problem
// @Router   /v1/webhooks/{id}/confirm [post]
func (a *api) postWebhookConfirm(c *gin.Context, _ url.Values) error {
	body, _, err := readBody(c, maxKeyBody, page.MediaJSON)
	if err != nil {
		return err
	}
	var req WebhookCode
	if err := decodeStrict(body, &req); err != nil {
		return err
	}
	w, err := a.ownWebhook(c)
	if err != nil {
		return err
	}
	if w.Unproven() {
		if !w.Proves([]byte(req.Code)) {
			return faultline.InvalidError{{Pointer: "/code", Detail: "is not the one that was sent"}}
		}
		if err := a.changeWebhook(c, w.ID, webhook.Proved); err != nil {
			return err
		}
	}
	writeNothing(c, http.StatusNoContent)
	return nil
}
