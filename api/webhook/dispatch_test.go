package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"faultline"
	"faultline/api/webhook/webhooktest"
	"faultline/board/boardtest"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver takes messages as a customer would, and answers as it is told.
type receiver struct {
	mu     sync.Mutex
	status int
	answer string
	got    []*http.Request
	bodies [][]byte
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got, r.bodies = append(r.got, q), append(r.bodies, body)
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.answer)
}

func (r *receiver) body(n int) []byte { r.mu.Lock(); defer r.mu.Unlock(); return r.bodies[n] }

func (r *receiver) count() int { r.mu.Lock(); defer r.mu.Unlock(); return len(r.got) }

// dispatched is a source, an outbox with one webhook, a receiver, and a dispatcher
// that may call it.
type dispatched struct {
	t      *testing.T
	source *boardtest.Source
	clock  *clock
	box    *webhooktest.Outbox
	to     *receiver
	hook   Hook
	d      *Dispatcher
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) add(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

func newDispatched(t *testing.T, filter string, status int) *dispatched {
	t.Helper()
	x := &dispatched{
		t:      t,
		source: boardtest.NewSource(),
		clock:  &clock{now: boardtest.T0.Add(time.Hour)},
		box:    webhooktest.NewOutbox(),
		to:     &receiver{status: status},
	}
	server := httptest.NewTLSServer(x.to)
	t.Cleanup(server.Close)
	x.hook = Hook{
		ID:      "wh_1",
		Owner:   "ops",
		URL:     server.URL + "/hook",
		Filter:  filter,
		Secret:  NewSecret(),
		Created: x.clock.Now(),
	}
	x.save(x.hook)
	x.d = NewDispatcher(x.source, nil, x.clock.Now, slog.New(slog.DiscardHandler), nil)
	x.d.every = time.Millisecond
	x.d.sender = senderWith(func(string, string, syscall.RawConn) error { return nil })
	x.d.sender.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{
		RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
	}
	return x
}

func (x *dispatched) stored() Hook {
	all, _ := x.box.Webhooks(x.t.Context())
	return Read(all)[0]
}

func (x *dispatched) save(w Hook) {
	data, err := json.Marshal(w)
	if err != nil {
		x.t.Fatal(err)
	}
	x.box.Mu.Lock()
	defer x.box.Mu.Unlock()
	x.box.Hooks[w.ID] = data
}

// caused is an open incident of a component, with one site.
func caused(i int, component faultline.Component, site string) faultline.Incident {
	inc := boardtest.Incident(i, 1, 9)
	inc.Cause = &faultline.Cause{
		Component:  component,
		Kind:       component.Kind(),
		Name:       component.DisplayName(),
		Confidence: 0.9,
	}
	inc.Sites[0].Site = site
	return inc
}

func (x *dispatched) start() {
	ctx, cancel := context.WithCancel(x.t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = x.d.Run(ctx, x.box) }()
	x.t.Cleanup(func() { cancel(); <-done })
}

// A verifier that others wrote takes our signature and refuses a changed byte; a
// webhook hears of what it chose, and of what leaves its choice.
func TestWebhooksAreSentAndSigned(t *testing.T) {
	x := newDispatched(t, "state=open&kind=cdn", 204)
	x.source.Publish(boardtest.Incident(5, 1, 1)) // before it began
	x.start()
	boardtest.Eventually(
		t,
		"it begins at the end",
		func() bool { at, _ := x.box.Position(t.Context()); return at != "" },
	)
	fastly, other := caused(0, "cdn:fastly", "a.example"), caused(1, "dns:dyn", "b.example")
	over, late := fastly, fastly
	over.Revision, over.State = 2, faultline.StateResolved
	late.Revision, late.State = 3, faultline.StateResolved
	for _, inc := range []faultline.Incident{fastly, other, over, late} {
		x.source.Publish(inc)
	}
	boardtest.Eventually(t, "two messages", func() bool { return x.to.count() == 2 })
	boardtest.Eventually(
		t,
		"nothing is left",
		func() bool { due, _ := x.box.Due(t.Context(), x.clock.Now(), 9); return len(due) == 0 },
	)
	verifier, err := standardwebhooks.NewWebhook(x.hook.Secret)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range x.to.got {
		// Its tolerance is of the wall's clock, ours stands in 2021.
		if err := verifier.VerifyIgnoringTimestamp(x.to.bodies[i], r.Header); err != nil {
			t.Errorf("refused: %v", err)
		}
		changed := bytes.Replace(x.to.bodies[i], []byte("Fastly"), []byte("Fastlu"), 1)
		if err := verifier.VerifyIgnoringTimestamp(changed, r.Header); err == nil {
			t.Error("a changed byte was taken")
		}
		var body Message
		if err := json.Unmarshal(x.to.bodies[i], &body); err != nil || body.Type != "incident.updated" ||
			body.Data.ID != fastly.ID {
			t.Errorf("%s %v", x.to.bodies[i], err)
		}
	}
}

// The first change of a fresh log is sent, though the dispatcher began when there
// was none.
func TestFirstChangeEverIsSent(t *testing.T) {
	x := newDispatched(t, "", 204)
	x.start()
	boardtest.Eventually(t, "it begins", func() bool { at, _ := x.box.Position(t.Context()); return at != "" })
	x.source.Publish(caused(0, "cdn:fastly", "a.example"))
	x.source.Publish(caused(1, "dns:dyn", "b.example"))
	boardtest.Eventually(t, "both are sent", func() bool { return x.to.count() == 2 })
	boardtest.Eventually(t, "the position moves",
		func() bool { at, _ := x.box.Position(t.Context()); return at == boardtest.Position(2) })
}

// A receiver that hangs delays no other, however many there are.
func TestHangingReceiversDelayNobody(t *testing.T) {
	x := newDispatched(t, "", 204)
	release := make(chan struct{})
	hanging := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(release) })
	pool := x.d.sender.client.Transport.(*http.Transport).TLSClientConfig.RootCAs
	pool.AddCert(hanging.Certificate())
	x.box.At = boardtest.Position(0)
	x.d.every = 20 * time.Millisecond
	for i := range 20 {
		x.save(Hook{ID: fmt.Sprintf("wh_hang%02d", i), Owner: "ops", URL: hanging.URL + "/" + fmt.Sprint(i),
			Secret: NewSecret(), Created: x.clock.Now()})
	}
	x.start()
	for i := range 30 {
		inc := caused(0, "cdn:fastly", "a.example")
		inc.Revision = i + 1
		x.source.Publish(inc)
	}
	boardtest.Eventually(t, "the honest one has all of them", func() bool { return x.to.count() == 30 })
	x.to.mu.Lock()
	defer x.to.mu.Unlock()
	for i, body := range x.to.bodies {
		var m Message
		if err := json.Unmarshal(body, &m); err != nil || m.Data.Revision != i+1 {
			t.Fatalf("message %d is of revision %d: %v", i, m.Data.Revision, err)
		}
	}
}

// What fails is tried again under the same id until it is given up; then it
// stands among the dead.
func TestWebhooksAreTriedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		status, tries int
		ended         bool
	}{"failing": {500, len(backoff) + 1, false}, "redirecting": {302, len(backoff) + 1, false},
		"gone": {410, 1, true}} {
		t.Run(name, func(t *testing.T) {
			x := newDispatched(t, "", test.status)
			x.box.At = boardtest.Position(0)
			x.source.Publish(caused(0, "cdn:fastly", "a.example"))
			x.start()
			for try := range test.tries {
				boardtest.Eventually(t, "a try", func() bool { return x.to.count() == try+1 })
				waits := func() bool {
					x.box.Mu.Lock()
					defer x.box.Mu.Unlock()
					for _, m := range x.box.Messages {
						if !m.Due.After(x.clock.Now()) {
							return false
						}
					}
					return true
				}
				boardtest.Eventually(t, "it waits", waits)
				if try < len(backoff) {
					x.clock.add(backoff[try])
				}
			}
			var dead [][]byte
			boardtest.Eventually(
				t,
				"it is given up",
				func() bool { dead, _ = x.box.DeadDeliveries(t.Context(), x.hook.ID); return len(dead) == 1 },
			)
			ids := map[string]bool{}
			for _, r := range x.to.got {
				ids[r.Header.Get("webhook-id")] = true
			}
			if x.to.count() != test.tries || len(ids) != 1 {
				t.Errorf("%d tries under %d ids", x.to.count(), len(ids))
			}
			if all, _ := x.box.Webhooks(t.Context()); (len(all) == 0) != test.ended {
				t.Errorf("%d webhooks are left", len(all))
			}
			var last DeadDelivery
			if err := json.Unmarshal(dead[0], &last); err != nil || !strings.HasPrefix(last.Reason, "answered ") {
				t.Errorf("%s: %v", dead[0], err)
			}
		})
	}
}

func TestWebhookTestMessage(t *testing.T) {
	x := newDispatched(t, "kind=dns", 200)
	x.start()
	asked := x.hook
	now := x.clock.Now()
	asked.TestAt = &now
	x.save(asked)
	boardtest.Eventually(t, "the test message", func() bool { return x.to.count() == 1 })
	if !strings.Contains(string(x.to.bodies[0]), `"type":"test"`) {
		t.Errorf("%s", x.to.bodies[0])
	}
	boardtest.Eventually(t, "it is asked for once", func() bool { return x.stored().TestAt == nil })
}

// Wherever a name leads, we call public addresses alone.
func TestWebhooksNeverCallAPrivateAddress(t *testing.T) {
	secret := NewSecret()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "192.168.1.1",
		"100.64.0.1", "168.63.129.16",
		"[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[fd00::1]", "[fe80::1]", "0.0.0.0", "192.0.0.192",
		"[2002:7f00:1::]", "198.18.0.1", "224.0.0.1"} {
		r := newSender().send(t.Context(), Hook{URL: "https://" + host + "/x", Secret: secret}, "msg_1",
			boardtest.T0, []byte("{}"))
		if r.reason != "not a public address" {
			t.Errorf("%s: %q", host, r.reason)
		}
	}
}
