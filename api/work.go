package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// Work knows what each vantage should check, and what vantages say of
// themselves.
type Work interface {
	// Work notes what a vantage says of itself and returns what it should check,
	// at once when that is not what it knows by its revision, else when that
	// changes or wait is over.
	Work(ctx context.Context, who faultline.VantageStatus, known string,
		wait time.Duration) (faultline.WorkAnswer, error)
	// Vantages returns those that asked for work within the last hour, and those that an
	// operator has added, in order of name.
	Vantages() []faultline.VantageStatus
}

// How long a request for work waits for news, in seconds.
const (
	workWait    = 20
	workWaitMax = 25 // the server gives up on an answer after 30
)

var workRevision = regexp.MustCompile(`^[0-9a-z.]{0,64}$`)

// getWork returns what a vantage should check.
//
// @ID       getProbesWork
// @Summary  What a vantage should check now
// @Description The share of the schedule of the vantage that is the token's subject, and the checks that are requested at once: members of a suspected component, sites to compare with, sites that a person asked for. With the revision of the last answer, the request waits until something has changed. That a check is requested is no evidence, and neither is the absence of a request.
// @Tags     probes
// @Produce  json
// @Param    revision query string false "of the last answer; none: answer at once, with all sites"
// @Param    wait query int false "seconds to wait for news" minimum(0) maximum(25) default(20)
// @Param    state query string false "what the vantage says of itself" Enums(unknown, ok, blind, sick) default(unknown)
// @Param    why query string false "why it is blind or sick; the words that agents send for these are read too" Enums(no_canary, one_canary, false_name, unrelated)
// @Param    Faultline-Vantage-Health header string false "what the vantage reports of its own work: an object of JSON with the members of health of GET /v1/vantages"
// @Success  200 {object} faultline.WorkAnswer
// @Failure  503 {object} Problem
// @Router   /v1/probes/work [get]
func (a *api) getWork(c *gin.Context, q url.Values) error {
	who := claimsOf(c)
	if a.cfg.Work == nil {
		return faultline.ErrUnavailable
	}
	wait := workWait
	if q.Has("wait") {
		var err error
		if wait, err = strconv.Atoi(q.Get("wait")); err != nil || wait < 0 || wait > workWaitMax {
			return invalidParameter("wait", fmt.Sprintf("must be a number of seconds from 0 to %d", workWaitMax))
		}
	}
	state := faultline.VantageUnknown
	if q.Has("state") {
		if state = faultline.VantageState(q.Get("state")); !state.Known() {
			return invalidParameter("state", "must be unknown, ok, blind or sick")
		}
	}
	known, why := q.Get("revision"), q.Get("why")
	if !workRevision.MatchString(known) {
		return invalidParameter("revision", "is not one of ours")
	}
	why, ok := faultline.ReadVantageWhy(why)
	if !ok {
		return invalidParameter("why", fmt.Sprintf("is none of %v", faultline.VantageWhys))
	}
	health, err := readHealth(c.GetHeader(faultline.HeaderVantageHealth))
	if err != nil {
		return err
	}
	now := faultline.Millis(a.cfg.Now())
	answer, err := a.cfg.Work.Work(c.Request.Context(), faultline.VantageStatus{Vantage: who.Subject, ASN: who.ASN,
		Country: who.Country, State: state, Why: why, SeenAt: now, Health: health}, known,
		time.Duration(wait)*time.Second)
	if err != nil {
		return err
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	writeJSON(c, http.StatusOK, page.MediaJSON, answer)
	return nil
}

// maxHealth bounds the bytes of what a vantage reports of its own work.
const maxHealth = 1 << 10

// readHealth reads what a vantage reports of its own work; nil: nothing.
func readHealth(header string) (*faultline.VantageHealth, error) {
	if header == "" {
		return nil, nil
	}
	var h faultline.VantageHealth
	if len(header) > maxHealth || json.Unmarshal([]byte(header), &h) != nil {
		return nil, invalidParameter(faultline.HeaderVantageHealth, "is not the object that it should be")
	}
	if member := h.Fault(); member != "" {
		return nil, invalidParameter(faultline.HeaderVantageHealth, member+" can't be so")
	}
	return &h, nil
}
