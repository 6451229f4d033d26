package api

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Checks has sites checked that are not on the list, for a person who asks.
// Package ingest has it.
type Checks interface {
	// Ask has a site checked and returns at once. It reports known, and checks
	// nothing, when the site is on the list. It fails with
	// [faultline.InvalidError], [faultline.BusyError] or [faultline.ErrUnavailable].
	Ask(ctx context.Context, addr netip.Addr, site string) (check faultline.Check, known bool, err error)
	// Check returns what came of it so far, or [faultline.ErrNotFound].
	Check(ctx context.Context, id string) (faultline.Check, error)
}

// CheckBody names the site that a person wants checked.
type CheckBody struct {
	// Site as a person would name it: a name, a host, an address of a page.
	Site string `json:"site" example:"corner-shop.example"`
}

// CheckAnswer is what came of a check so far.
type CheckAnswer struct {
	faultline.Check
	// Regular says that the site is on the list and is probed as a matter of
	// course: state and symptom are what those probes found, and nothing was
	// checked because of this request.
	Regular bool `json:"regular"`
}

// postCheck has a site checked for whoever asks.
//
// @ID       postCheck
// @Summary  Check a site once
// @Description Checks a site that is not on the list, once and from every vantage, for the person who asks. The result is at the address in Location for ten minutes. Nobody else sees it. It starts no incident and adds nothing to the list. A site that is on the list is not checked: the answer is 200 with what the regular probes found. The number of checks a minute is limited for one address, for one prefix, and in all; 429 says when to try again.
// @Tags     sites
// @Accept   json
// @Produce  json
// @Param    check body CheckBody true "the site"
// @Success  200 {object} CheckAnswer "the site is on the list"
// @Success  202 {object} CheckAnswer "vantages have been asked"
// @Header   202 {string} Location "where the result will be"
// @Failure  413,415,503 {object} Problem
// @Router   /v1/checks [post]
func (a *api) postCheck(c *gin.Context, _ url.Values) error {
	if a.cfg.Checks == nil {
		return faultline.ErrUnavailable
	}
	body, _, err := readBody(c, maxReportBody, page.MediaJSON)
	if err != nil {
		return err
	}
	var req CheckBody
	if err := decodeStrict(body, &req); err != nil {
		return err
	}
	if req.Site == "" {
		return faultline.InvalidError{{Pointer: "/site", Detail: "is required"}}
	}
	addr, err := clientAddr(c)
	if err != nil {
		return err
	}
	check, known, err := a.cfg.Checks.Ask(c.Request.Context(), addr, req.Site)
	if err != nil {
		return err
	}
	if known {
		return a.regularCheck(c, check.Site)
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Location", a.cfg.Board.PublicURL()+"/v1/checks/"+check.ID)
	writeJSON(c, http.StatusAccepted, page.MediaJSON, CheckAnswer{Check: check})
	return nil
}

// regularCheck answers for a site that is on the list.
func (a *api) regularCheck(c *gin.Context, site string) error {
	s, err := a.cfg.Board.Snapshot()
	if err != nil {
		return err
	}
	status := s.Status(faultline.SiteRecord{Site: site})
	check := faultline.Check{
		Site:    site,
		AskedAt: faultline.Millis(a.cfg.Now()),
		State:   status.State,
		Symptom: status.Symptom,
		Results: []faultline.Probe{},
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	writeJSON(c, http.StatusOK, page.MediaJSON, CheckAnswer{Check: check, Regular: true})
	return nil
}

// getCheck says what came of a check.
//
// @ID       getCheck
// @Summary  Result of a check
// @Description The result of each vantage that has answered. While pending is true, repeat the request some seconds later. A check is kept for ten minutes.
// @Tags     sites
// @Produce  json
// @Param    id path string true "the id that POST /v1/checks returned" example(3vq5kd2m4x7wz6rtnbhfyj2pqa.corner-shop.example)
// @Success  200 {object} CheckAnswer
// @Failure  404,503 {object} Problem
// @Router   /v1/checks/{id} [get]
func (a *api) getCheck(c *gin.Context, _ url.Values) error {
	if a.cfg.Checks == nil {
		return faultline.ErrUnavailable
	}
	check, err := a.cfg.Checks.Check(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	writeJSON(c, http.StatusOK, page.MediaJSON, CheckAnswer{Check: check})
	return nil
}

// busyProblem says which limit was reached, and what nothing came of.
func busyProblem(e faultline.BusyError) (Problem, refusal) {
	detail := map[faultline.Limit]string{
		faultline.LimitPerson: "Your address has asked for as many checks as it may. Try again after Retry-After " +
			"seconds.",
		faultline.LimitPrefix: "Your network has asked for as many checks as it may. Try again after Retry-After " +
			"seconds.",
		faultline.LimitAll: "As many checks were asked for as can be made. Try again after Retry-After seconds.",
		faultline.LimitLines: "This token has sent as many lines as it may. Nothing of this batch was taken; send " +
			"it again after Retry-After seconds.",
	}[e.Limit]
	return newProblem(http.StatusTooManyRequests, detail), refusal{retryAfter: max(1, seconds(e.RetryAfter))}
}
