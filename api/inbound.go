package api

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
)

// maxAlertsBody is what a message of a monitoring program may measure, in bytes.
const maxAlertsBody = 1 << 20

// AlertsAnswer says what became of a message. What is ignored says nothing of a
// site: a test message, a monitor that is paused.
type AlertsAnswer struct {
	Accepted int                 `json:"accepted"`
	Ignored  int                 `json:"ignored"`
	Rejected []faultline.Invalid `json:"rejected"`
	Durable  bool                `json:"durable"`
}

// message is what a monitoring program sent, taken apart.
type message struct {
	alerts  []faultline.Alert
	at      []string // where in the body the site of each stood
	ignored int
}

func (m *message) add(at string, a faultline.Alert) {
	m.alerts, m.at = append(m.alerts, a), append(m.at, at)
}

// takeAlerts is what the routes below have in common.
func (a *api) takeAlerts(c *gin.Context, read func(body []byte) (message, error)) error {
	who := claimsOf(c)
	body, _, err := readBody(c, maxAlertsBody, page.MediaJSON)
	if err != nil {
		return err
	}
	m, err := read(body)
	if err != nil {
		return err
	}
	answer := AlertsAnswer{Ignored: m.ignored, Rejected: []faultline.Invalid{}, Durable: a.cfg.Board.Durable()}
	if len(m.alerts) > 0 {
		v := faultline.Vantage{Vantage: who.Subject, ASN: who.ASN, Country: who.Country}
		accepted, rejected, err := a.cfg.Door.Alerts(c.Request.Context(), v, m.alerts)
		if err != nil {
			return err
		}
		answer.Accepted = accepted
		for _, why := range rejected {
			answer.Rejected = append(answer.Rejected, m.point(why))
		}
	}
	if answer.Accepted == 0 && len(answer.Rejected) > 0 {
		return faultline.InvalidError(answer.Rejected)
	}
	c.Writer.Header().Set("Cache-Control", "no-store")
	writeJSON(c, http.StatusAccepted, page.MediaJSON, answer)
	return nil
}

// point makes ingest's pointer, which counts alerts, one into the body.
func (m message) point(why faultline.Invalid) faultline.Invalid {
	index, _, _ := strings.Cut(strings.TrimPrefix(why.Pointer, "/"), "/")
	if i, err := strconv.Atoi(index); err == nil && i >= 0 && i < len(m.at) {
		why.Pointer = m.at[i]
	}
	return why
}

// decodeForeign reads a body whose shape is another program's: what we do not
// know of it is left alone, as its next version may have more.
func decodeForeign(body []byte, v any) error {
	if err := json.Unmarshal(body, v); err != nil {
		return faultline.InvalidError{jsonFault(err)}
	}
	if string(bytes.TrimSpace(body)) == "null" { // which is no error to the decoder
		return faultline.InvalidError{{Detail: "is null, and not a message"}}
	}
	return nil
}

// alertmanagerMessage is version 4 of what Alertmanager posts to a webhook.
type alertmanagerMessage struct {
	Version string              `json:"version" enums:"4"`
	Alerts  []alertmanagerAlert `json:"alerts"`
}

type alertmanagerAlert struct {
	Status string `json:"status" enums:"firing,resolved"`
	// Labels: the site is that of the label site or, without one, of instance or
	// target, as the blackbox exporter has them; symptom may say what is seen.
	Labels      map[string]string `json:"labels"`
	Fingerprint string            `json:"fingerprint,omitempty"`
	StartsAt    time.Time         `json:"startsAt,omitzero" format:"date-time"`
}

// siteLabels may hold what an alert is about, the first of them that is there.
var siteLabels = []string{"site", "instance", "target"}

// postAlertmanager takes what Alertmanager sends to a webhook.
//
// @ID       postAlertmanager
// @Summary  Receive alerts of Prometheus Alertmanager
// @Description The body that Alertmanager posts to a webhook_config, version 4, for alerts such as those on probe_success of the blackbox exporter. The vantage is the token's subject. An open alert counts as one failed check a minute until it is resolved, or has not been repeated for 5 minutes: set repeat_interval below that. The absence of alerts is no evidence that a site works.
// @Tags     inbound
// @Accept   json
// @Produce  json
// @Param    message body alertmanagerMessage true "as Alertmanager sends it"
// @Success  202 {object} AlertsAnswer "what is new is in the log"
// @Failure  413,415,503 {object} Problem
// @Router   /v1/inbound/alertmanager [post]
func (a *api) postAlertmanager(c *gin.Context, _ url.Values) error {
	return a.takeAlerts(c, readAlertmanager)
}

func readAlertmanager(body []byte) (m message, err error) {
	var sent alertmanagerMessage
	if err := decodeForeign(body, &sent); err != nil {
		return m, err
	}
	if sent.Version != "4" {
		return m, faultline.InvalidError{{Pointer: "/version", Detail: "must be 4"}}
	}
	for i, al := range sent.Alerts {
		at := "/alerts/" + strconv.Itoa(i)
		if al.Status != "firing" && al.Status != "resolved" {
			return m, faultline.InvalidError{{Pointer: at + "/status", Detail: "must be firing or resolved"}}
		}
		label := siteLabels[1]
		for _, l := range siteLabels {
			if al.Labels[l] != "" {
				label = l
				break
			}
		}
		m.add(at+"/labels/"+label, faultline.Alert{Site: al.Labels[label], Symptom: symptomOf(al.Labels["symptom"]),
			Key: al.Fingerprint, Since: al.StartsAt, Resolved: al.Status == "resolved"})
	}
	return m, nil
}

// symptomOf reads a symptom that may not have been said.
func symptomOf(s string) faultline.Symptom {
	if s == "" {
		return faultline.SymptomOther
	}
	return faultline.ReadSymptom(s)
}

// gatusMessage is what our template has Gatus send; see docs/inbound.md.
type gatusMessage struct {
	Site    string `json:"site" example:"https://www.bbc.co.uk"`
	Status  string `json:"status" enums:"TRIGGERED,RESOLVED"`
	Key     string `json:"key,omitempty"`     // tells alerts of one site apart
	Symptom string `json:"symptom,omitempty"` // what the endpoint's alert stands for
}

// postGatus takes what Gatus sends by our template of its custom alert.
//
// @ID       postGatus
// @Summary  Receive alerts of Gatus
// @Description The body of Gatus' custom alerting provider: {"site":"[ENDPOINT_URL]","status":"[ALERT_TRIGGERED_OR_RESOLVED]","key":"[ENDPOINT_GROUP]/[ENDPOINT_NAME]"}. An open alert counts as one failed check a minute until it is resolved, or has not been repeated for 5 minutes: set minimum-reminder-interval below that.
// @Tags     inbound
// @Accept   json
// @Produce  json
// @Param    message body gatusMessage true "by the template"
// @Success  202 {object} AlertsAnswer "what is new is in the log"
// @Failure  413,415,503 {object} Problem
// @Router   /v1/inbound/gatus [post]
func (a *api) postGatus(c *gin.Context, _ url.Values) error {
	return a.takeAlerts(c, readGatus)
}

func readGatus(body []byte) (m message, err error) {
	var sent gatusMessage
	if err := decodeStrict(body, &sent); err != nil { // the shape is ours
		return m, err
	}
	if sent.Status != "TRIGGERED" && sent.Status != "RESOLVED" {
		return m, faultline.InvalidError{{Pointer: "/status", Detail: "must be TRIGGERED or RESOLVED"}}
	}
	m.add(
		"/site",
		faultline.Alert{
			Site:     sent.Site,
			Symptom:  symptomOf(sent.Symptom),
			Key:      sent.Key,
			Resolved: sent.Status == "RESOLVED",
		},
	)
	return m, nil
}
