package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/token"

	"github.com/gin-gonic/gin"
)

func newContext(t *testing.T) *gin.Context {
	t.Helper()
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	return c
}

// send posts a batch with a good token.
func (n *node) send(media, body string) *httptest.ResponseRecorder {
	n.t.Helper()
	token, err := n.keys.Issue(token.Claims{Subject: "lon-1", Scopes: []string{token.ScopeProbes}, ASN: 20473,
		Country: "GB", TTL: time.Hour})
	if err != nil {
		n.t.Fatal(err)
	}
	r := probesRequest(body, token)
	r.header["Content-Type"] = media
	return n.do(r)
}

const probeA = `{"type":"probe","at":"2021-06-08T09:51:04.0119Z","site":"bbc.co.uk","vantage":"lon-1",` +
	`"symptom":"http_503","status":503,"latency_ms":182,"detail":"edge","via":["cdn:fastly"],"later":{"field":1}}`
const probeB = `{"at":"2021-06-08T10:51:05+01:00","site":"ft.com","symptom":"weird","status":403}`

func TestProbesInEveryForm(t *testing.T) {
	want := []faultline.Probe{
		{At: time.Date(2021, 6, 8, 9, 51, 4, 11e6, time.UTC), Site: "bbc.co.uk", Vantage: "lon-1", Symptom: "http_503",
			Status:    503,
			LatencyMS: 182, Detail: "edge", Via: []faultline.Component{"cdn:fastly"}},
		{At: time.Date(2021, 6, 8, 9, 51, 5, 0, time.UTC), Site: "ft.com", Vantage: "lon-1",
			Symptom: faultline.SymptomBlocked, Status: 403},
	}
	for name, form := range map[string][2]string{
		"object":         {"application/json", `{"probes":[` + probeA + `,` + probeB + `]}`},
		"array":          {"application/json", ` [` + probeA + `,` + probeB + `] `},
		"lines":          {"application/x-ndjson", probeA + "\n" + probeB + "\n"},
		"lines, CR LF":   {"application/x-ndjson", probeA + "\r\n\r\n" + probeB + "\r\n"},
		"lines, no last": {"application/x-ndjson; charset=utf-8", probeA + "\n\n" + probeB},
	} {
		n := newNode(t)
		w := n.send(form[0], form[1])
		if w.Code != http.StatusAccepted {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
			continue
		}
		if got := strings.TrimSpace(w.Body.String()); got != `{"accepted":2,"rejected":[],"durable":true}` {
			t.Errorf("%s: %s", name, got)
		}
		if !slices.EqualFunc(n.door.probes, want,
			func(a, b faultline.Probe) bool { return fmt.Sprint(a) == fmt.Sprint(b) }) {
			t.Errorf("%s: the door got %+v", name, n.door.probes)
		}
		if n.door.vantage != (faultline.Vantage{Vantage: "lon-1", ASN: 20473, Country: "GB"}) {
			t.Errorf("%s: from %+v", name, n.door.vantage)
		}
	}
}

func TestProbesBadLinesAreNamed(t *testing.T) {
	bad := []struct{ line, pointer string }{
		{`7`, ""},
		{`null`, "/at"},
		{`{"site":"a.example","symptom":"ok"}`, "/at"},
		{`{"at":"yesterday","site":"a.example","symptom":"ok"}`, "/at"},
		{`{"at":1623145623,"site":"a.example","symptom":"ok"}`, "/at"},
		{`{"at":"2021-06-08T09:51:04Z","site":7,"symptom":"ok"}`, "/site"},
		{`{"at":"2021-06-08T09:51:04Z","site":"a.example"}`, "/symptom"},
		{`{"at":"2021-06-08T09:51:04Z","site":"a.example","symptom":"ok","status":1000}`, "/status"},
		{`{"at":"2021-06-08T09:51:04Z","site":"a.example","symptom":"ok","status":200.5}`, "/status"},
		{`{"at":"2021-06-08T09:51:04Z","site":"a.example","symptom":"ok","latency_ms":-1}`, "/latency_ms"},
		{`{"at":"2021-06-08T09:51:04Z","site":"a.example","symptom":"ok","via":"cdn:fastly"}`, "/via"},
		{`{"at":"2021-06-08T09:51:04Z","site":"a.example","symptom":"ok","via":[1]}`, "/via/0"},
		{`{"at":"2021-06-08T09:51:04Z","site":"a.example","symptom":"ok","run":4}`, "/run"},
		{`{"type":"report","at":"2021-06-08T09:51:04Z","site":"a.example","symptom":"ok"}`, "/type"},
		{`{"type":"tick","at":"2021-06-08T09:51:04Z"}`, "/type"},
		// by the door
		{`{"at":"2021-06-08T09:51:04Z","site":"a.example","vantage":"lon-2","symptom":"ok"}`, "/vantage"},
	}
	lines := []string{probeA}
	var array, object, ndjson []string
	for i, b := range bad {
		lines = append(lines, b.line)
		array = append(array, fmt.Sprint("/", i+1, b.pointer))
		object = append(object, fmt.Sprint("/probes/", i+1, b.pointer))
	}
	ndjson = slices.Concat(array,
		[]string{fmt.Sprint("/", len(lines)+1, "/site"), fmt.Sprint("/", len(lines)+2, "/at")})
	lines = append(lines, probeB)
	for name, form := range map[string]struct {
		media, body string
		want        []string
	}{
		"array":  {"application/json", "[" + strings.Join(lines, ",") + "]", array},
		"object": {"application/json", `{"probes":[` + strings.Join(lines, ",") + "]}", object},
		"lines": {"application/x-ndjson", strings.Join(lines, "\n") + "\n" +
			`{"site":"a.example","site":"b.example"}` + "\n" + `{"at":`, ndjson},
	} {
		n := newNode(t)
		w := n.send(form.media, form.body)
		if w.Code != http.StatusAccepted {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		got := decode[ProbesAnswer](t, w.Body)
		var pointers []string
		for _, r := range got.Rejected {
			if r.Detail == "" {
				t.Errorf("%s: %s: no reason", name, r.Pointer)
			}
			pointers = append(pointers, r.Pointer)
		}
		slices.Sort(pointers)
		slices.Sort(form.want)
		if got.Accepted != 2 || len(n.door.probes) != 2 || !slices.Equal(pointers, form.want) {
			t.Errorf("%s: accepted %d, rejected %q,\nwant %q", name, got.Accepted, pointers, form.want)
		}
	}
}

func TestProbesRefusesWhole(t *testing.T) {
	line := probeB + "\n"
	for name, test := range map[string]struct {
		media, body string
		status      int
	}{
		"empty":                {"application/json", "", 400},
		"empty lines":          {"application/x-ndjson", "\n\n", 400},
		"no lines":             {"application/x-ndjson", "", 400},
		"empty array":          {"application/json", "[]", 400},
		"empty object":         {"application/json", "{}", 400},
		"null":                 {"application/json", "null", 400},
		"null probes":          {"application/json", `{"probes":null}`, 400},
		"probes no array":      {"application/json", `{"probes":{}}`, 400},
		"unknown member":       {"application/json", `{"probes":[` + probeB + `],"vantage":"lon-2"}`, 400},
		"repeated member":      {"application/json", `{"probes":[` + probeB + `],"probes":[]}`, 400},
		"a bare probe":         {"application/json", probeB, 400},
		"something behind":     {"application/json", "[" + probeB + "] x", 400},
		"broken":               {"application/json", "[" + probeB + ",", 400},
		"all bad":              {"application/x-ndjson", "x\ny\n", 400},
		"all bad for the door": {"application/json", "[" + strings.Replace(probeA, "lon-1", "lon-2", 1) + "]", 400},
		"too many lines":       {"application/x-ndjson", strings.Repeat(line, maxProbes+1), 413},
		"too many in an array": {"application/json", "[" + strings.Repeat(probeB+",", maxProbes) + probeB + "]", 413},
		"too large":            {"application/json", "[" + strings.Repeat(" ", maxProbesBody) + "]", 413},
		"plain":                {"text/plain", "[" + probeB + "]", 415},
		"deep":                 {"application/json", strings.Repeat("[", maxProbesBody-1), 400},
	} {
		n := newNode(t)
		w := n.send(test.media, test.body)
		if w.Code != test.status {
			t.Errorf("%s: got %d %.200s", name, w.Code, w.Body)
			continue
		}
		p := wantProblem(t, w, test.status)
		if test.status == 400 && len(p.Errors) == 0 {
			t.Errorf("%s: names nothing", name)
		}
		if n.door.said() != 0 {
			t.Errorf("%s: something was written", name)
		}
	}
	n := newNode(t)
	short := strings.Repeat(`{"at":"2021-06-08T09:51:05Z","site":"ft.com","symptom":"ok"}`+"\n", maxProbes)
	if got := decode[ProbesAnswer](t, n.send("application/x-ndjson", short).Body); got.Accepted != maxProbes {
		t.Errorf("the longest batch: %d accepted", got.Accepted)
	}
	n.door.err = faultline.ErrUnavailable
	wantProblem(t, n.send("application/json", "["+probeB+"]"), http.StatusServiceUnavailable)
}
