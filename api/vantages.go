package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"faultline"
	"faultline/api/token"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Registrar keeps which vantages operators have added. Package store has it.
type Registrar interface {
	AddVantage(ctx context.Context, v faultline.AddedVantage) (added bool, err error)
	AddedVantage(ctx context.Context, name string) (faultline.AddedVantage, error)
	RemoveVantage(ctx context.Context, name string) error
}

// VantageRequest adds a vantage.
type VantageRequest struct {
	Vantage string `json:"vantage" example:"lon-1"`
	// ASN and Country say where it stands.
	ASN     int    `json:"asn,omitempty" example:"20473"`
	Country string `json:"country,omitempty" example:"GB"`
	// TTLS is how long its token is to live, in seconds: 366 days unless said, which is
	// the most.
	TTLS int `json:"ttl_s,omitempty" example:"31622400"`
}

// VantageAnswer is a vantage that was added. Its token is in this answer alone.
type VantageAnswer struct {
	Vantage   string    `json:"vantage"`
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at" format:"date-time"`
	// Server is the address that the vantage is to be given; empty: the server does not
	// know its own.
	Server string `json:"server,omitempty"`
}

// VantagesAnswer lists the places that probes run from.
type VantagesAnswer struct {
	Vantages []faultline.VantageStatus `json:"vantages"`
	// Coverage is what can be said at all with these; its note says what helps.
	Coverage faultline.Coverage `json:"coverage"`
}

// getVantages says which places checks are made from, and how well.
//
// @ID       getVantages
// @Summary  Vantages: where checks are made from, and how well
// @Description Vantages that asked for work within the last hour, and those that an operator has added. One that was added and has not asked is silent. Results of a vantage that is blind or sick are not evidence. health has what a vantage reports about itself: its version, and the checks of the last hour that were due and that were delivered in time.
// @Tags     probes
// @Produce  json
// @Success  200 {object} VantagesAnswer
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Router   /v1/vantages [get]
func (a *api) getVantages(c *gin.Context, _ url.Values) error {
	answer := VantagesAnswer{Vantages: []faultline.VantageStatus{}, Coverage: a.cfg.Board.Coverage()}
	if a.cfg.Work != nil {
		answer.Vantages = append(answer.Vantages, a.cfg.Work.Vantages()...)
	}
	p, err := page.New(answer)
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p, page.CacheCurrent)
	return nil
}

// postVantage adds a vantage and issues its token.
//
// @ID       postVantage
// @Summary  Add a vantage
// @Description Issues the token with which an agent sends the results of this vantage. A name that exists is refused: revoke it first.
// @Tags     operations
// @Accept   json
// @Produce  json
// @Param    vantage body VantageRequest true "the vantage"
// @Success  201 {object} VantageAnswer "the token is in this answer alone"
// @Failure  413,415,503 {object} Problem
// @Router   /v1/vantages [post]
func (a *api) postVantage(c *gin.Context, _ url.Values) error {
	ctx := c.Request.Context()
	body, _, err := readBody(c, maxTokenBody, page.MediaJSON)
	if err != nil {
		return err
	}
	var req VantageRequest
	if err := decodeStrict(body, &req); err != nil {
		return err
	}
	claims, err := req.claims()
	if err != nil {
		return err
	}
	if a.cfg.Registrar == nil {
		return faultline.ErrUnavailable
	}
	signed, issued, err := a.issue(c, claims)
	if err != nil {
		return err
	}
	added, err := a.cfg.Registrar.AddVantage(ctx, faultline.AddedVantage{Vantage: claims.Subject, ASN: claims.ASN,
		Country: claims.Country, AddedAt: faultline.Millis(a.cfg.Now()), Token: issued.ID,
		ExpiresAt: issued.Expires.UTC()})
	if err != nil {
		return err
	}
	if !added {
		return faultline.InvalidError{{Pointer: "/vantage", Detail: "was added already; revoke it first"}}
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusCreated, page.MediaJSON, VantageAnswer{Vantage: claims.Subject, Token: signed,
		ExpiresAt: issued.Expires.UTC(), Server: a.cfg.Board.PublicURL()})
	return nil
}

// claims are those of the vantage's token.
func (r VantageRequest) claims() (token.Claims, error) {
	ttl := r.TTLS
	if ttl == 0 {
		ttl = int(token.MaxTTL / time.Second)
	}
	claims, err := TokenRequest{Subject: r.Vantage, Scopes: []string{token.ScopeProbes}, ASN: r.ASN, Country: r.Country,
		TTLS: ttl}.claims()
	var faults faultline.InvalidError
	if errors.As(err, &faults) {
		for i := range faults {
			if faults[i].Pointer == "/subject" {
				faults[i].Pointer = "/vantage"
			}
		}
		return claims, faults
	}
	return claims, err
}

// deleteVantage revokes the token of a vantage and forgets it.
//
// @ID       deleteVantage
// @Summary  Revoke a vantage
// @Description This node refuses its token at once, the others within 10 seconds. Its results stay in the log.
// @Tags     operations
// @Produce  json
// @Param    vantage path string true "the name of the vantage" example(lon-1)
// @Success  204 "revoked"
// @Failure  404,503 {object} Problem
// @Router   /v1/vantages/{vantage} [delete]
func (a *api) deleteVantage(c *gin.Context, _ url.Values) error {
	ctx, name := c.Request.Context(), c.Param("vantage")
	if !token.ValidSubject(name) {
		return invalidParameter("vantage", "is no name of a vantage")
	}
	if a.cfg.Registrar == nil || a.cfg.Revocations == nil {
		return faultline.ErrUnavailable
	}
	v, err := a.cfg.Registrar.AddedVantage(ctx, name)
	if err != nil {
		return err
	}
	// The token first: a vantage that is forgotten while its token is good could not be
	// revoked any more.
	if err := a.cfg.Revocations.Revoke(ctx, v.Token, v.ExpiresAt, a.cfg.Now()); err != nil {
		return err
	}
	if err := a.cfg.Registrar.RemoveVantage(ctx, name); err != nil {
		return err
	}
	if err := a.readRevoked(ctx); err != nil {
		return err
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	c.Writer.WriteHeader(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}
