package api

import (
	"net/http"
	"net/url"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// ProbesAnswer says what became of a batch. Pointers in rejected count the
// lines of the body from 0; those of the object form begin with /probes.
type ProbesAnswer struct {
	Accepted int                 `json:"accepted"`
	Rejected []faultline.Invalid `json:"rejected"`
	Durable  bool                `json:"durable"`
}

// postProbes takes a batch of probes from the vantage that is the token's
// subject. Good lines are taken even where others are bad.
//
// @ID       postProbes
// @Summary  Send results of probes
// @Description A batch as NDJSON, as a JSON array, or as an object with the member probes: at most 5,000 probes and 1 MiB. The vantage is the token's subject; a line that names another vantage is rejected. Valid lines are accepted even if others are not. A batch without a valid line is refused.
// @Tags     probes
// @Accept   json,application/x-ndjson
// @Produce  json
// @Param    probes body []probeLine true "the batch"
// @Success  202 {object} ProbesAnswer "what was accepted is in the log"
// @Failure  413,415,503 {object} Problem
// @Router   /v1/probes [post]
func (a *api) postProbes(c *gin.Context, _ url.Values) error {
	who := claimsOf(c)
	body, media, err := readBody(c, maxProbesBody, page.MediaJSON, mediaNDJSON)
	if err != nil {
		return err
	}
	batch, err := readProbes(body, media, who.Subject)
	if err != nil {
		return err
	}
	answer := ProbesAnswer{Durable: a.cfg.Board.Durable()}
	if len(batch.probes) > 0 {
		vantage := faultline.Vantage{Vantage: who.Subject, ASN: who.ASN, Country: who.Country}
		accepted, rejected, err := a.cfg.Door.Probes(c.Request.Context(), vantage, batch.probes)
		if err != nil {
			return err
		}
		answer.Accepted = accepted
		for _, why := range rejected {
			batch.rejectOf(why)
		}
	}
	if answer.Accepted == 0 && len(batch.rejected) > 0 {
		return faultline.InvalidError(batch.rejected)
	}
	answer.Rejected = batch.rejected
	c.Writer.Header().Set("Cache-Control", "no-store")
	writeJSON(c, http.StatusAccepted, page.MediaJSON, answer)
	return nil
}
