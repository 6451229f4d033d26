package api

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/token"
)

var inboundScopes = map[string]string{
	"/v1/inbound/alertmanager": token.ScopeAlertmanager, "/v1/inbound/uptime-kuma": token.ScopeUptimeKuma,
	"/v1/inbound/gatus": token.ScopeGatus,
}

// alert sends a body as a monitoring program whose token has that scope.
func (n *node) alert(path, scope, media, body string) *httptest.ResponseRecorder {
	n.t.Helper()
	token, err := n.keys.Issue(token.Claims{Subject: "prom-1", Scopes: []string{scope}, ASN: 20473, Country: "GB",
		TTL: time.Hour})
	if err != nil {
		n.t.Fatal(err)
	}
	return n.do(request{method: http.MethodPost, path: path, body: body,
		header: map[string]string{"Content-Type": media, "Authorization": "Bearer " + token}})
}

func golden(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "inbound", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// What the programs send at their newest version, byte for byte.
func TestInboundTakesWhatProgramsSend(t *testing.T) {
	for file, want := range map[string]struct {
		path   string
		alerts []faultline.Alert
		answer string
	}{
		"alertmanager-0.34.json": {"/v1/inbound/alertmanager", []faultline.Alert{
			{Site: "https://www.bbc.co.uk/news", Symptom: "http_503", Key: "1a30ba71cca2921f",
				Since: time.Date(2026, 11, 22, 16, 50, 12, 183e6, time.UTC)},
			{Site: "https://www.ft.com", Symptom: "other", Key: "9bd0e2a4c1f35d77",
				Since: time.Date(2026, 11, 22, 16, 41, 12, 183e6, time.UTC), Resolved: true},
		},
			`{"accepted":2,"ignored":0,"rejected":[{"pointer":"/alerts/2/labels/instance","detail":"names no site"}],` +
				`"durable":true}`},
		"kuma-2-down.json": {"/v1/inbound/uptime-kuma", []faultline.Alert{
			{Site: "https://www.bbc.co.uk", Symptom: "http_503", Status: 503, Key: "29"}},
			`{"accepted":1,"ignored":0,"rejected":[],"durable":true}`},
		"kuma-2-up.json": {"/v1/inbound/uptime-kuma", []faultline.Alert{
			{Site: "https://www.bbc.co.uk", Symptom: "http_200", Status: 200, Key: "29", Resolved: true}},
			`{"accepted":1,"ignored":0,"rejected":[],"durable":true}`},
		"kuma-2-test.json": {"/v1/inbound/uptime-kuma", nil, `{"accepted":0,"ignored":1,"rejected":[],"durable":true}`},
		"gatus-5.json": {"/v1/inbound/gatus", []faultline.Alert{
			{Site: "https://www.bbc.co.uk/news", Symptom: "other", Key: "news/bbc"}},
			`{"accepted":1,"ignored":0,"rejected":[],"durable":true}`},
	} {
		n := newNode(t)
		w := n.alert(want.path, inboundScopes[want.path], "application/json", golden(t, file))
		if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusAccepted || got != want.answer {
			t.Errorf("%s: %d %s", file, w.Code, got)
		}
		if !reflect.DeepEqual(n.door.alerts, want.alerts) {
			t.Errorf("%s: the door heard %+v", file, n.door.alerts)
		}
		if len(want.alerts) > 0 && n.door.vantage != (faultline.Vantage{Vantage: "prom-1", ASN: 20473, Country: "GB"}) {
			t.Errorf("%s: of vantage %+v", file, n.door.vantage)
		}
	}
}

// Each input has its own scope, and no token opens another's.
func TestInboundScopes(t *testing.T) {
	n := newNode(t)
	scopes := append(slices.Collect(maps.Values(inboundScopes)), token.ScopeProbes)
	for path, own := range inboundScopes {
		for _, scope := range scopes {
			w := n.alert(path, scope, "application/json", `[]`)
			want := http.StatusForbidden
			if scope == own {
				want = http.StatusBadRequest
			}
			wantProblem(t, w, want)
		}
		wantProblem(t,
			n.do(request{method: http.MethodPost, path: path, body: `{}`,
				header: map[string]string{"Content-Type": "application/json"}}), http.StatusUnauthorized)
	}
}

func TestInboundRefusesAndPoints(t *testing.T) {
	n := newNode(t)
	for body, want := range map[string]struct{ path, pointer string }{
		`{"version":"3","alerts":[]}`: {"alertmanager", "/version"},
		`{"version":"4","alerts":[{"status":"maybe","labels":{"instance":"bbc.co.uk"}}]}`: {"alertmanager",
			"/alerts/0/status"},
		`{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"x"}}]}`: {"alertmanager",
			"/alerts/0/labels/instance"},
		`{"version":"4","alerts":[{"status":"firing","labels":{"a":"x","a":"y"}}]}`: {"alertmanager",
			"/alerts/0/labels/a"},
		`{"version":"4","version":"4","alerts":[]}`: {"alertmanager", "/version"},
		`{"version":"4","alerts":[{"status":"firing","labels":{"instance":7}}]}`: {"alertmanager",
			"/alerts/0/labels/instance"},
		`{"heartbeat":{"status":"0"},"monitor":{}}`: {"uptime-kuma",
			"/heartbeat/status"},
		`{"site":"bbc.co.uk","status":"DOWN"}`:                                 {"gatus", "/status"},
		`{"site":"bbc.co.uk","status":"TRIGGERED","errors":"[RESULT_ERRORS]"}`: {"gatus", "/errors"},
		`{"site":"bbc.co.uk","status":"TRIGGERED"}{}`:                          {"gatus", ""},
	} {
		path := "/v1/inbound/" + want.path
		p := wantProblem(t, n.alert(path, inboundScopes[path], "application/json", body), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != want.pointer {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
	path := "/v1/inbound/gatus"
	wantProblem(t, n.alert(path, token.ScopeGatus, "application/x-www-form-urlencoded", "site=bbc.co.uk"),
		http.StatusUnsupportedMediaType)
	wantProblem(t, n.alert(path, token.ScopeGatus, "application/json", strings.Repeat(" ", maxAlertsBody+1)),
		http.StatusRequestEntityTooLarge)
	if n.door.said() != 0 {
		t.Error("the door heard something")
	}
}

func TestKumaSentences(t *testing.T) {
	for msg, want := range map[string]faultline.Symptom{
		"Request failed with status code 502":       "http_502",
		"404 - Not Found":                           "http_404",
		"timeout of 48000ms exceeded":               "timeout",
		"connect ECONNREFUSED 192.0.2.1:443":        "connect",
		"getaddrinfo ENOTFOUND www.bbc.co.uk":       "dns",
		"certificate has expired":                   "tls",
		"unable to verify the first certificate":    "tls",
		"200 - OK, but keyword is not in [<html>…]": "content",
		"socket hang up":                            "connect",
		"something else entirely, 12345":            "other",
		"":                                          "other",
	} {
		if got, _ := kumaSymptom(msg); got != want {
			t.Errorf("%q: %s, want %s", msg, got, want)
		}
	}
}

// Monitors that say nothing of a site are acknowledged, and nothing is made of them.
func TestKumaIgnores(t *testing.T) {
	n := newNode(t)
	for _, body := range []string{
		`{"heartbeat":{"status":2,"msg":""},"monitor":{"id":1,"url":"https://bbc.co.uk"}}`,
		`{"heartbeat":{"status":3,"msg":""},"monitor":{"id":1,"url":"https://bbc.co.uk"}}`,
		`{"heartbeat":{"status":0,"msg":""},"monitor":{"id":1,"url":"https://bbc.co.uk","upsideDown":true}}`,
		`{"heartbeat":{"status":0,"msg":""},"monitor":{"id":1,"url":"https://","hostname":null,"type":"group"}}`,
	} {
		w := n.alert("/v1/inbound/uptime-kuma", token.ScopeUptimeKuma, "application/json", body)
		if !strings.Contains(w.Body.String(), `"ignored":1`) || n.door.said() != 0 {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	w := n.alert("/v1/inbound/uptime-kuma", token.ScopeUptimeKuma, "application/json",
		`{"heartbeat":{"status":0,"msg":"timeout of 1ms exceeded"},"monitor":{"id":1,"url":"https://",`+
			`"hostname":"bbc.co.uk","type":"port"}}`)
	if w.Code != http.StatusAccepted || n.door.alerts[0].Site != "bbc.co.uk" {
		t.Errorf("by host name: %d %s", w.Code, w.Body)
	}
}
