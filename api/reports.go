package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// maxReportBody is what the body of one report may measure, in bytes.
const maxReportBody = 4 << 10

// Door is where what people and agents say comes in. Package ingest has it.
type Door interface {
	// Report returns once the report is in the log, or was found not to count.
	// It fails with [faultline.InvalidError] or [faultline.ErrUnavailable].
	Report(ctx context.Context, addr netip.Addr, site, symptom string) (faultline.Receipt, error)
	// Probes returns once all that it accepted is in the log. A pointer in
	// rejected begins with the index of the probe: /3/site.
	Probes(
		ctx context.Context,
		v faultline.Vantage,
		probes []faultline.Probe,
	) (accepted int, rejected []faultline.Invalid, err error)
	// Alerts returns once what is new of them is in the log. Pointers are like those
	// of Probes.
	Alerts(
		ctx context.Context,
		v faultline.Vantage,
		alerts []faultline.Alert,
	) (accepted int, rejected []faultline.Invalid, err error)
}

// ReportRequest is one person saying that one site does not work for them.
type ReportRequest struct {
	// Site as a person would name it: a name, a host, an address of a page.
	Site string `json:"site" example:"bbc.co.uk"`
	// Symptom is what was seen; ok says that it works. It may be left out.
	Symptom string `json:"symptom,omitempty" example:"http_503"`
}

// ReportAnswer acknowledges a report.
type ReportAnswer struct {
	Site string    `json:"site"` // normalised
	At   time.Time `json:"at"`
	// Counted is false for a repeat within 10 minutes and for a name that is not yet known.
	Counted bool `json:"counted"`
	// Durable is false only where nothing outlives the process.
	Durable bool `json:"durable"`
	// Delayed is true while no node evaluates the log. The report is kept, and counts once
	// a node does.
	Delayed bool `json:"delayed"`
	// Reports is how many others said so of this site in the last 10 minutes.
	Reports int `json:"reports"`
	// Since is when it began: the onset of the incident or, without one, the first of
	// those reports; null when there is neither.
	Since *time.Time `json:"since" extensions:"x-nullable" format:"date-time"`
	// Incident is the open incident that the site belongs to, or null.
	Incident *IncidentRef `json:"incident"`
}

// postReport takes one report.
//
// @ID       postReport
// @Summary  Report that a site does not work for you
// @Description No account is needed. The answer is sent once the report is in the log. It says how many others reported the site, since when, and the incident if there is one. One person counts once for a site in 10 minutes; the address is not kept. The symptom ok says that the site works. Such reports are counted, but they never close an incident.
// @Tags     reports
// @Accept   json
// @Produce  json
// @Param    report body ReportRequest true "the report"
// @Success  202 {object} ReportAnswer "in the log"
// @Failure  413,415,503 {object} Problem
// @Router   /v1/reports [post]
func (a *api) postReport(c *gin.Context, _ url.Values) error {
	body, _, err := readBody(c, maxReportBody, page.MediaJSON)
	if err != nil {
		return err
	}
	var req ReportRequest
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
	// What is on its way to the log gets there whether or not the client still
	// waits; to watch for its leaving costs everybody.
	receipt, err := a.cfg.Door.Report(context.WithoutCancel(c.Request.Context()), addr, req.Site, req.Symptom)
	if err != nil {
		return err
	}
	others, since, inc := a.cfg.Board.Reported(receipt)
	var incident *IncidentRef
	if inc != nil {
		ref := newIncidentRef(inc, a.cfg.Board.PublicURL())
		incident = &ref
	}
	c.Writer.Header()["Cache-Control"] = page.CacheNever
	writeJSON(c, http.StatusAccepted, page.MediaJSON, ReportAnswer{
		Site: receipt.Site, At: receipt.At, Counted: receipt.Counted, Durable: receipt.Durable,
		Delayed: a.cfg.Board.Stale(), Reports: others, Since: since, Incident: incident,
	})
	return nil
}

var errNotForwarded = errors.New("nobody forwarded it")

// clientAddr is the address that the request came from: the peer's, or the one
// that a trusted proxy names.
func clientAddr(c *gin.Context) (netip.Addr, error) {
	var addr netip.Addr
	err := errNotForwarded
	if c.Request.Header["X-Forwarded-For"] != nil {
		addr, err = netip.ParseAddr(c.ClientIP())
	}
	if err != nil { // gin reads no address with a zone; such a peer is no trusted proxy
		var peer netip.AddrPort
		peer, err = netip.ParseAddrPort(c.Request.RemoteAddr)
		addr = peer.Addr()
	}
	if err != nil {
		return netip.Addr{}, &refusal{
			status: http.StatusBadRequest,
			detail: "The address of the client is not known.",
		}
	}
	return addr.Unmap().WithZone(""), nil
}
