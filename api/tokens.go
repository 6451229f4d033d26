package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"faultline"
	"faultline/api/token"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Revocations keeps which tokens are taken no more. Package store has it.
type Revocations interface {
	Revoke(ctx context.Context, id string, expires, now time.Time) error
	Revoked(ctx context.Context) ([]string, error)
}

const (
	maxTokenBody = 4 << 10
	tokenTTL     = 30 * 24 * time.Hour // unless another is asked for
)

var tokenID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// TokenRequest asks for a token.
type TokenRequest struct {
	// Subject is who bears it: for probes the name of the vantage.
	Subject string   `json:"subject" example:"lon-1"`
	Scopes  []string `json:"scopes" example:"probes:write"`
	// ASN and Country say where the vantage stands.
	ASN     int    `json:"asn,omitempty" example:"20473"`
	Country string `json:"country,omitempty" example:"GB"`
	// TTLS is how long it is to live, in seconds: 30 days unless said, 366 at most.
	TTLS int `json:"ttl_s,omitempty" example:"2592000"`
}

// TokenAnswer is a new token. It is shown this once and stored nowhere.
type TokenAnswer struct {
	Token string `json:"token"`
	// ID names it, to revoke it by.
	ID        string    `json:"id"`
	Subject   string    `json:"subject"`
	Scopes    []string  `json:"scopes"`
	ExpiresAt time.Time `json:"expires_at"`
}

// postToken issues a token.
//
// @ID       postToken
// @Summary  Issue a token
// @Tags     operations
// @Accept   json
// @Produce  json
// @Param    token body TokenRequest true "what it is for"
// @Success  201 {object} TokenAnswer "told this once"
// @Failure  413,415,503 {object} Problem
// @Router   /v1/tokens [post]
func (a *api) postToken(c *gin.Context, _ url.Values) error {
	body, _, err := readBody(c, maxTokenBody, page.MediaJSON)
	if err != nil {
		return err
	}
	var req TokenRequest
	if err := decodeStrict(body, &req); err != nil {
		return err
	}
	claims, err := req.claims()
	if err != nil {
		return err
	}
	signed, issued, err := a.issue(c, claims)
	if err != nil {
		return err
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusCreated, page.MediaJSON, TokenAnswer{Token: signed, ID: issued.ID, Subject: issued.Subject,
		Scopes: issued.Scopes, ExpiresAt: issued.Expires.UTC()})
	return nil
}

// issue signs a token for an administrator whose own token is still good: none comes of
// one that was revoked a moment ago. It returns the claims as they are signed.
func (a *api) issue(c *gin.Context, claims token.Claims) (signed string, issued token.Claims, err error) {
	if err := a.readRevoked(c.Request.Context()); err != nil {
		return "", issued, err
	}
	if _, err := a.authorise(c, token.ScopeAdmin); err != nil {
		return "", issued, err
	}
	if signed, err = a.cfg.Keys.Issue(claims); err != nil {
		return "", issued, err
	}
	issued, err = a.cfg.Keys.Verify(signed)
	return signed, issued, err
}

// claims checks a request field by field.
func (r TokenRequest) claims() (token.Claims, error) {
	c := token.Claims{Subject: r.Subject, Scopes: r.Scopes, ASN: uint32(r.ASN), Country: r.Country, TTL: tokenTTL}
	if r.TTLS != 0 {
		c.TTL = time.Duration(min(r.TTLS, int(2*token.MaxTTL/time.Second))) * time.Second
	}
	var faults faultline.InvalidError
	refuse := func(bad bool, pointer, detail string) {
		if bad {
			faults = append(faults, faultline.Invalid{Pointer: pointer, Detail: detail})
		}
	}
	unknown := slices.ContainsFunc(r.Scopes, func(s string) bool { return !slices.Contains(token.Scopes, s) })
	refuse(
		!token.ValidSubject(r.Subject),
		"/subject",
		"must be 1 to 64 letters, digits, dots, - and _, a letter or digit first",
	)
	refuse(len(r.Scopes) == 0 || unknown, "/scopes", "must be some of "+strings.Join(token.Scopes, ", "))
	refuse(r.ASN < 0 || r.ASN > 1<<32-1, "/asn", "must be the number of an autonomous system")
	refuse(
		r.Country != "" && !faultline.ValidCountry(r.Country),
		"/country",
		"must be two capital letters (ISO 3166-1)",
	)
	refuse(c.TTL <= 0 || c.TTL > token.MaxTTL, "/ttl_s", "must be 1 to 31622400 seconds")
	if faults != nil {
		return token.Claims{}, faults
	}
	return c, nil
}

// deleteToken revokes a token.
//
// @ID       deleteToken
// @Summary  Revoke a token
// @Description This node refuses it at once, the others within 10 seconds. An id that no token has is not an error. Revoking the token of a key that somebody made without the operator also ends its webhooks.
// @Tags     operations
// @Produce  json
// @Param    id path string true "the id (jti) of the token" example(8J0mVZhCq1yWb5cXo2Jq4w)
// @Success  204 "revoked"
// @Failure  503 {object} Problem
// @Router   /v1/tokens/{id} [delete]
func (a *api) deleteToken(c *gin.Context, _ url.Values) error {
	id := c.Param("id")
	if !tokenID.MatchString(id) {
		return invalidParameter("id", "is no id of a token")
	}
	if a.cfg.Revocations == nil {
		return faultline.ErrUnavailable
	}
	ctx := c.Request.Context()
	if err := a.revokeToken(ctx, id, a.cfg.Now().Add(token.MaxTTL)); err != nil {
		return err
	}
	if err := a.endKeyOf(ctx, id); err != nil {
		return err
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	c.Writer.WriteHeader(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}

// readRevoked reads which tokens are taken no more, where any can be.
func (a *api) readRevoked(ctx context.Context) error {
	if a.cfg.Revocations == nil {
		return nil
	}
	ids, err := a.cfg.Revocations.Revoked(ctx)
	if err != nil {
		return fmt.Errorf("read the revoked tokens: %w", err)
	}
	a.cfg.Keys.SetRevoked(ids)
	return nil
}
