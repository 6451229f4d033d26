package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/board"
)

type memAnnotator struct {
	events []faultline.Event
	err    error
}

func (m *memAnnotator) Annotate(_ context.Context, ev faultline.Event) error {
	if m.err == nil {
		m.events = append(m.events, ev)
	}
	return m.err
}

// wrongAnnotations are bodies that are refused, with where the fault is said to be.
var wrongAnnotations = map[string]string{
	`{"type":"verdict","text":"x"}`: "/type", `{"type":"correction","text":""}`: "/text",
	`{"type":"correction","text":"` + strings.Repeat("x", maxAnnotationText+1) + `"}`:       "/text",
	`{"type":"correction","text":"a\u202eb"}`:                                               "/text",
	`{"type":"correction","text":"a\u0007b"}`:                                               "/text",
	`{"type":"statement","text":"x","source":"s"}`:                                          "/status",
	`{"type":"statement","text":"x","status":"s"}`:                                          "/source",
	`{"type":"statement","text":"x","status":"s","source":"s","retract":true}`:              "/retract",
	`{"type":"statement","text":"x","status":"s","source":"s","at":"2031-06-08T09:58:00Z"}`: "/at",
	`{"type":"statement","text":"x","status":"s","source":"s","at":"2021-05-01T09:58:00Z"}`: "/at",
	`{"type":"correction","text":"x","at":"2021-06-08T09:58:00Z"}`:                          "/at",
	`{"type":"correction","text":"x","state":"resolved"}`:                                   "/state",
}

func TestAnnotations(t *testing.T) {
	log := &memAnnotator{}
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Annotator = log })
	inc, bare := incident(0, 1, 3), incident(1, 1, 3)
	bare.Cause = nil
	n.source.Publish(inc)
	n.source.Publish(bare)
	n.run()
	bearer := n.token(token.ScopeAnnotate)
	post := func(id, body string) int {
		return n.do(n.sendJSON("POST", "/v1/incidents/"+id+"/annotations", body, bearer)).Code
	}
	now := faultline.Millis(n.clock.Now())
	for body, want := range map[string]faultline.Event{
		`{"type":"statement","text":"We look into it.\nSoon more.","status":"investigating","source":"status page",` +
			`"at":"2021-06-08T09:58:00Z"}`: faultline.Statement{
			At: time.Date(2021, 6, 8, 9, 58, 0, 0, time.UTC), Component: "cdn:fastly", Source: "status page",
			Status: "investigating", Text: "We look into it.\nSoon more."},
		`{"type":"correction","text":"It was a drill."}`: faultline.Correction{At: now, Incident: inc.ID,
			By: "ops", Text: "It was a drill."},
		`{"type":"correction","text":"There was none.","retract":true}`: faultline.Correction{At: now, Incident: inc.ID,
			By: "ops", Text: "There was none.", State: faultline.StateRetracted},
	} {
		log.events = nil
		if code := post(inc.ID, body); code != http.StatusAccepted || len(log.events) != 1 ||
			!reflect.DeepEqual(log.events[0], want) {
			t.Errorf("%s: %d %+v", body, code, log.events)
		}
	}
	log.events = nil
	statement := `{"type":"statement","text":"x","status":"investigating","source":"s"}`
	if code := post(bare.ID, statement); code != http.StatusConflict {
		t.Errorf("a statement on what has no cause: %d", code)
	}
	if code := post("inc_0", statement); code != http.StatusNotFound {
		t.Errorf("on nothing: %d", code)
	}
	for body, pointer := range wrongAnnotations {
		p := wantProblem(t, n.do(n.sendJSON("POST", "/v1/incidents/"+inc.ID+"/annotations", body, bearer)),
			http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%.60s: %+v", body, p.Errors)
		}
	}
	wantProblem(t,
		n.do(n.sendJSON("POST", "/v1/incidents/"+inc.ID+"/annotations", statement, n.token(token.ScopeReports))),
		http.StatusForbidden)
	if log.err = faultline.ErrUnavailable; post(inc.ID, statement) != http.StatusServiceUnavailable ||
		len(log.events) != 0 {
		t.Error("acknowledged, and not in the log")
	}
}
