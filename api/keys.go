package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"faultline"
	"faultline/api/token"
	"faultline/api/webhook"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// MadeKeys keeps the keys that people make without the operator. Package ingest has it.
type MadeKeys interface {
	// Make notes a new key of whoever is at addr, on a challenge that was given out at
	// issued. It fails with [faultline.ErrSpent] and [faultline.BusyError].
	Make(ctx context.Context, addr netip.Addr, k faultline.MadeKey, challenge string, issued time.Time) error
	SaveKey(ctx context.Context, k faultline.MadeKey) error
	MadeKey(ctx context.Context, subject string) (faultline.MadeKey, error)
	MadeKeys(ctx context.Context) ([]faultline.MadeKey, error)
	CountMadeKeys(ctx context.Context) (int, error)
	DropKey(ctx context.Context, subject string) error
}

const (
	maxKeyBody = 4 << 10
	// keyBits is the work of a key while there are few: a million hashes on average, about a
	// second. Each quarter of the room that is taken doubles it.
	keyBits = 20
)

var madeScopes = []string{token.ScopeWebhooks}

// KeyChallenge is work that is asked of who wants a key.
type KeyChallenge struct {
	// Challenge is sent back as it is.
	Challenge string `json:"challenge"`
	// Algorithm is sha-256.
	Algorithm string `json:"algorithm" enums:"sha-256"`
	// Prefix stands before the solution when it is hashed.
	Prefix string `json:"prefix"`
	// Bits is how many bits of 0 the hash of prefix and solution must begin with.
	Bits      int       `json:"bits" example:"20"`
	ExpiresAt time.Time `json:"expires_at"`
}

// KeyRequest asks for a key.
type KeyRequest struct {
	Challenge string `json:"challenge"`
	// Solution is 1 to 32 letters and digits.
	Solution string `json:"solution" example:"1048576"`
}

// KeyAnswer is a new key. It is shown this once and stored nowhere.
type KeyAnswer struct {
	Token     string    `json:"token"`
	Subject   string    `json:"subject"`
	Scopes    []string  `json:"scopes"`
	ExpiresAt time.Time `json:"expires_at"`
}

// KeyState is what there is of a key.
type KeyState struct {
	Subject   string    `json:"subject"`
	Scopes    []string  `json:"scopes"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	// MaxWebhooks is how many it may have.
	MaxWebhooks int             `json:"max_webhooks"`
	Webhooks    []WebhookAnswer `json:"webhooks"`
}

// postKeyChallenge gives out the work of a key.
//
// @ID       postKeyChallenge
// @Summary  Get the task that must be solved for a key
// @Description Find a text of letters and digits for which the SHA-256 of prefix followed by the text begins with as many zero bits as bits says. Send it to POST /v1/keys within ten minutes. A computer needs about a second. docs/api.md has a script for it.
// @Tags     keys
// @Produce  json
// @Success  201 {object} KeyChallenge
// @Failure  503 {object} Problem
// @Router   /v1/keys/challenge [post]
func (a *api) postKeyChallenge(c *gin.Context, _ url.Values) error {
	n, err := a.cfg.MadeKeys.CountMadeKeys(c.Request.Context())
	if err != nil {
		return err
	}
	text, ch, err := a.cfg.Keys.IssueChallenge(cmp.Or(a.cfg.KeyBits, keyBits) + 4*n/faultline.MaxMadeKeys)
	if err != nil {
		return err
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusCreated, page.MediaJSON, KeyChallenge{Challenge: text, Algorithm: "sha-256",
		Prefix: ch.Prefix(), Bits: ch.Bits, ExpiresAt: ch.Expires})
	return nil
}

// postKey gives out a key for work.
//
// @ID       postKey
// @Summary  Get a key without the operator
// @Description A key has the read limit of tokens and up to 5 webhooks, whose receivers must answer a challenge. It is valid for 90 days, and for 90 more each time it is rotated. One prefix (/24, or IPv6 /48) may make 5 keys a day.
// @Tags     keys
// @Accept   json
// @Produce  json
// @Param    key body KeyRequest true "the challenge and its solution"
// @Success  201 {object} KeyAnswer "told this once"
// @Failure  409,413,415,503 {object} Problem
// @Router   /v1/keys [post]
func (a *api) postKey(c *gin.Context, _ url.Values) error {
	ch, err := a.readSolution(c)
	if err != nil {
		return err
	}
	addr, err := clientAddr(c)
	if err != nil {
		return err
	}
	k := faultline.MadeKey{Subject: faultline.MadeSubject(rand.Text()[:16]), Created: faultline.Millis(a.cfg.Now())}
	signed, k, err := a.signKey(k)
	if err != nil {
		return err
	}
	err = a.cfg.MadeKeys.Make(c.Request.Context(), addr, k, ch.ID, ch.Issued)
	if errors.Is(err, faultline.ErrSpent) {
		return &refusal{status: http.StatusConflict, detail: "The challenge has made a key already. Ask for another."}
	}
	if err != nil {
		return err
	}
	a.writeKey(c, signed, k)
	return nil
}

// readSolution reads a challenge with its solution.
func (a *api) readSolution(c *gin.Context) (token.Challenge, error) {
	body, _, err := readBody(c, maxKeyBody, page.MediaJSON)
	if err != nil {
		return token.Challenge{}, err
	}
	var req KeyRequest
	if err := decodeStrict(body, &req); err != nil {
		return token.Challenge{}, err
	}
	ch, err := a.cfg.Keys.VerifyChallenge(req.Challenge)
	if err != nil {
		return ch, faultline.InvalidError{{Pointer: "/challenge", Detail: "is not one of ours, or its time is over"}}
	}
	if !ch.Solved(req.Solution) {
		return ch, faultline.InvalidError{{Pointer: "/solution", Detail: "does not solve the challenge"}}
	}
	return ch, nil
}

// signKey signs a token of a key, and notes in the key which it is.
func (a *api) signKey(k faultline.MadeKey) (string, faultline.MadeKey, error) {
	signed, err := a.cfg.Keys.Issue(token.Claims{Subject: k.Subject, Scopes: madeScopes, TTL: faultline.MadeKeyLife})
	if err != nil {
		return "", k, err
	}
	claims, err := a.cfg.Keys.Verify(signed)
	k.TokenID, k.Expires = claims.ID, claims.Expires.UTC()
	return signed, k, err
}

func (a *api) writeKey(c *gin.Context, signed string, k faultline.MadeKey) {
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusCreated, page.MediaJSON, KeyAnswer{Token: signed, Subject: k.Subject, Scopes: madeScopes,
		ExpiresAt: k.Expires})
}

// ownKey returns the key that a request carries.
func (a *api) ownKey(c *gin.Context) (faultline.MadeKey, error) {
	return a.cfg.MadeKeys.MadeKey(c.Request.Context(), claimsOf(c).Subject)
}

// getKey says what there is of a key.
//
// @ID       getKey
// @Summary  Your key, with its webhooks
// @Description 404 for a token that the operator issued.
// @Tags     keys
// @Produce  json
// @Success  200 {object} KeyState
// @Failure  404,503 {object} Problem
// @Router   /v1/keys/mine [get]
func (a *api) getKey(c *gin.Context, _ url.Values) error {
	k, err := a.ownKey(c)
	if err != nil {
		return err
	}
	hooks, err := a.listWebhooks(c)
	if err != nil {
		return err
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusOK, page.MediaJSON, KeyState{Subject: k.Subject, Scopes: madeScopes, CreatedAt: k.Created,
		ExpiresAt: k.Expires, MaxWebhooks: faultline.MadeKeyWebhooks, Webhooks: hooks})
	return nil
}

// postKeyRotate replaces the token of a key.
//
// @ID       postKeyRotate
// @Summary  Replace the token of your key
// @Description The new token keeps the webhooks and is valid for 90 days. This node refuses the old one at once, the others within 10 seconds.
// @Tags     keys
// @Produce  json
// @Success  201 {object} KeyAnswer "told this once"
// @Failure  404,503 {object} Problem
// @Router   /v1/keys/mine/rotate [post]
func (a *api) postKeyRotate(c *gin.Context, _ url.Values) error {
	k, err := a.ownKey(c)
	if err != nil {
		return err
	}
	signed, renewed, err := a.signKey(k)
	if err != nil {
		return err
	}
	hooks, err := a.ownWebhooks(c)
	if err != nil {
		return err
	}
	for _, w := range hooks {
		err := a.changeWebhook(c, w.ID, func(w *webhook.Hook) error { w.Expires = &renewed.Expires; return nil })
		if err != nil && !errors.Is(err, faultline.ErrNotFound) { // removed meanwhile
			return err
		}
	}
	if err := a.replaceToken(c.Request.Context(), claimsOf(c), k, renewed); err != nil {
		return err
	}
	a.writeKey(c, signed, renewed)
	return nil
}

// replaceToken makes renewed the token of a key in place of the one that asks, or changes
// nothing: whoever hears that it failed has the old token alone, and must be able to ask
// again with it.
func (a *api) replaceToken(ctx context.Context, old token.Claims, k, renewed faultline.MadeKey) error {
	if a.cfg.Revocations == nil {
		return faultline.ErrUnavailable
	}
	ctx = context.WithoutCancel(ctx) // each call has a limit of its own
	if err := a.cfg.MadeKeys.SaveKey(ctx, renewed); err != nil {
		return err
	}
	if err := a.cfg.Revocations.Revoke(ctx, old.ID, old.Expires, a.cfg.Now()); err != nil {
		return errors.Join(err, a.cfg.MadeKeys.SaveKey(ctx, k))
	}
	if err := a.readRevoked(ctx); err != nil { // it is read again within 10 seconds
		a.log.LogAttrs(ctx, slog.LevelWarn, "a revoked token is taken here for some seconds more",
			slog.Any("error", err))
	}
	return nil
}

// deleteKey revokes a key.
//
// @ID       deleteKey
// @Summary  Revoke your key, and end its webhooks
// @Tags     keys
// @Produce  json
// @Success  204 "revoked"
// @Failure  404,503 {object} Problem
// @Router   /v1/keys/mine [delete]
func (a *api) deleteKey(c *gin.Context, _ url.Values) error {
	k, err := a.ownKey(c)
	if err != nil {
		return err
	}
	if err := a.endKey(c.Request.Context(), k); err != nil {
		return err
	}
	writeNothing(c, http.StatusNoContent)
	return nil
}

// endKey revokes a key and everything below it.
func (a *api) endKey(ctx context.Context, k faultline.MadeKey) error {
	if err := a.revokeToken(ctx, k.TokenID, k.Expires); err != nil {
		return err
	}
	if a.cfg.Webhooks != nil {
		hooks, err := a.webhooksOf(ctx, k.Subject)
		if err != nil {
			return err
		}
		for _, w := range hooks {
			if err := a.cfg.Webhooks.DeleteWebhook(ctx, w.ID); err != nil {
				return err
			}
		}
	}
	return a.cfg.MadeKeys.DropKey(ctx, k.Subject)
}

// endKeyOf ends the key that somebody made whose token has that id, if there is one.
func (a *api) endKeyOf(ctx context.Context, tokenID string) error {
	if a.cfg.MadeKeys == nil {
		return nil
	}
	keys, err := a.cfg.MadeKeys.MadeKeys(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.TokenID == tokenID {
			return a.endKey(ctx, k)
		}
	}
	return nil
}

// revokeToken notes that a token is taken no more, here from now on.
func (a *api) revokeToken(ctx context.Context, id string, expires time.Time) error {
	if a.cfg.Revocations == nil {
		return faultline.ErrUnavailable
	}
	if err := a.cfg.Revocations.Revoke(ctx, id, expires, a.cfg.Now()); err != nil {
		return err
	}
	return a.readRevoked(ctx)
}
