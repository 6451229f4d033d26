package api

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"faultline"

	"github.com/gin-gonic/gin"
)

// kumaMessage is what Uptime Kuma posts to a webhook with the preset body. Both
// parts are null in a test message.
type kumaMessage struct {
	Heartbeat *kumaHeartbeat `json:"heartbeat" extensions:"x-nullable"`
	Monitor   *kumaMonitor   `json:"monitor" extensions:"x-nullable"`
}

type kumaHeartbeat struct {
	Status int    `json:"status" enums:"0,1,2,3"` // down, up, pending, under maintenance
	Msg    string `json:"msg"`
}

type kumaMonitor struct {
	ID         int    `json:"id"`
	Type       string `json:"type" example:"http"`
	URL        string `json:"url"`
	Hostname   string `json:"hostname" extensions:"x-nullable"`
	UpsideDown bool   `json:"upsideDown"` // it is up when the site is down
}

// The statuses of a heartbeat that say something.
const (
	kumaDown = 0
	kumaUp   = 1
)

// postUptimeKuma takes what Uptime Kuma sends to a webhook.
//
// @ID       postUptimeKuma
// @Summary  Receive alerts of Uptime Kuma
// @Description The body that Uptime Kuma posts to a notification of type Webhook with the preset application/json and the token in its additional headers. Down counts as one failed check a minute until Kuma reports up, or has not repeated the message for 5 minutes: let it resend. Pending, maintenance, test messages and monitors in upside-down mode are ignored.
// @Tags     inbound
// @Accept   json
// @Produce  json
// @Param    message body kumaMessage true "as Uptime Kuma sends it"
// @Success  202 {object} AlertsAnswer "what is new is in the log"
// @Failure  413,415,503 {object} Problem
// @Router   /v1/inbound/uptime-kuma [post]
func (a *api) postUptimeKuma(c *gin.Context, _ url.Values) error {
	return a.takeAlerts(c, readKuma)
}

func readKuma(body []byte) (m message, err error) {
	var sent kumaMessage
	if err := decodeForeign(body, &sent); err != nil {
		return m, err
	}
	beat, monitor := sent.Heartbeat, sent.Monitor
	if beat == nil || monitor == nil || monitor.UpsideDown || beat.Status != kumaDown && beat.Status != kumaUp {
		m.ignored = 1
		return m, nil
	}
	site, at := monitor.URL, "/monitor/url"
	if host, _ := url.Parse(site); host == nil ||
		host.Hostname() == "" { // the form's "https://", of monitors without one
		site, at = monitor.Hostname, "/monitor/hostname"
	}
	if site == "" { // a group, or a monitor that waits to be called
		m.ignored = 1
		return m, nil
	}
	symptom, status := kumaSymptom(beat.Msg)
	m.add(at, faultline.Alert{Site: site, Symptom: symptom, Status: status,
		Key: strconv.Itoa(monitor.ID), Resolved: beat.Status == kumaUp})
	return m, nil
}

var kumaStatus = regexp.MustCompile(`(?:status code |^)([1-5][0-9]{2})(?:$| - )`)

// kumaWords are what the messages of a heartbeat hold, by what they mean; the
// first that is found is believed.
var kumaWords = []struct {
	symptom faultline.Symptom
	words   []string
}{
	{faultline.SymptomDNS, []string{"ENOTFOUND", "EAI_AGAIN", "ENODATA", "ESERVFAIL", "getaddrinfo"}},
	{faultline.SymptomTLS, []string{"certificate", "CERT_", "SSL", "TLS", "EPROTO", "ERR_TLS"}},
	{faultline.SymptomTimeout, []string{"timeout of", "timed out", "ETIMEDOUT", "ESOCKETTIMEDOUT", "ECONNABORTED"}},
	{
		faultline.SymptomConnect,
		[]string{"ECONNREFUSED", "ECONNRESET", "EHOSTUNREACH", "ENETUNREACH", "socket hang up", "EPIPE"},
	},
	{faultline.SymptomContent, []string{"keyword is", "JSON query"}},
}

// kumaSymptom reads the sentence that says why a monitor is down.
func kumaSymptom(msg string) (faultline.Symptom, int) {
	for _, k := range kumaWords {
		for _, w := range k.words {
			if strings.Contains(msg, w) {
				return k.symptom, 0
			}
		}
	}
	if code := kumaStatus.FindStringSubmatch(msg); code != nil {
		status, _ := strconv.Atoi(code[1]) // three digits
		return faultline.ReadSymptom("http_" + code[1]), status
	}
	return faultline.SymptomOther, 0
}
