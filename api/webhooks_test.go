package api

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"faultline"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// memOutbox keeps webhooks and messages in memory.
type memOutbox struct {
	mu       sync.Mutex
	hooks    map[string][]byte
	messages map[string]Message
	dead     map[string][][]byte
	at       string
}

func newMemOutbox() *memOutbox {
	return &memOutbox{hooks: map[string][]byte{}, messages: map[string]Message{}, dead: map[string][][]byte{}}
}

func (m *memOutbox) do(f func()) { m.mu.Lock(); defer m.mu.Unlock(); f() }

func (m *memOutbox) Webhooks(context.Context) (all map[string][]byte, _ error) {
	all = map[string][]byte{}
	m.do(func() {
		for id, data := range m.hooks {
			all[id] = data
		}
	})
	return all, nil
}
func (m *memOutbox) SaveWebhook(_ context.Context, id string, data []byte) error {
	m.do(func() { m.hooks[id] = data })
	return nil
}
func (m *memOutbox) DeleteWebhook(_ context.Context, id string) error {
	m.do(func() { delete(m.hooks, id) })
	return nil
}
func (m *memOutbox) DeadDeliveries(_ context.Context, id string) (dead [][]byte, _ error) {
	m.do(func() { dead = slices.Clone(m.dead[id]) })
	return dead, nil
}
func (m *memOutbox) Position(context.Context) (at string, _ error) {
	m.do(func() { at = m.at })
	return at, nil
}
func (m *memOutbox) Queue(_ context.Context, at string, list []Message) (int, error) {
	m.do(func() {
		m.at = cmp.Or(at, m.at)
		for _, msg := range list {
			if _, there := m.messages[msg.ID]; !there {
				m.messages[msg.ID] = msg
			}
		}
	})
	return 0, nil
}
func (m *memOutbox) Due(_ context.Context, now time.Time, limit int) (due []Message, _ error) {
	m.do(func() {
		for _, msg := range m.messages {
			if !msg.Due.After(now) && len(due) < limit {
				due = append(due, msg)
			}
		}
	})
	return due, nil
}
func (m *memOutbox) Postpone(_ context.Context, msg Message) error {
	m.do(func() { m.messages[msg.ID] = msg })
	return nil
}
func (m *memOutbox) End(_ context.Context, id, hook string, dead []byte) error {
	m.do(func() {
		delete(m.messages, id)
		if dead != nil {
			m.dead[hook] = append(m.dead[hook], dead)
		}
	})
	return nil
}

// receiver takes messages as a customer would, and answers as it is told.
type receiver struct {
	mu     sync.Mutex
	status int
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
}

func (r *receiver) count() int { r.mu.Lock(); defer r.mu.Unlock(); return len(r.got) }

// dispatched is a node with webhooks, a receiver and a dispatcher that may call it.
type dispatched struct {
	*node
	box  *memOutbox
	to   *receiver
	hook WebhookAnswer
	d    *Dispatcher
}

func newDispatched(t *testing.T, filter string, status int) *dispatched {
	t.Helper()
	x := &dispatched{box: newMemOutbox(), to: &receiver{status: status}}
	x.node = newNode(t, func(c *Config, _ *BoardConfig) { c.Webhooks = x.box })
	w := x.do(x.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/hook","filter":"`+filter+`"}`, x.token(ScopeWebhooks)))
	if x.hook = decode[WebhookAnswer](t, w.Body); w.Code != http.StatusCreated || x.hook.Secret == nil {
		t.Fatalf("%d %+v", w.Code, x.hook)
	}
	server := httptest.NewTLSServer(x.to)
	t.Cleanup(server.Close)
	kept := x.stored()
	kept.URL = server.URL + "/hook"
	x.save(kept)
	x.d = NewDispatcher(x.source, x.clock.Now, slog.New(slog.DiscardHandler), nil)
	x.d.every = time.Millisecond
	x.d.sender = senderWith(func(string, string, syscall.RawConn) error { return nil })
	x.d.sender.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	return x
}

func (x *dispatched) stored() webhook {
	all, _ := x.box.Webhooks(x.t.Context())
	return readWebhooks(all)[0]
}

func (x *dispatched) save(w webhook) {
	data, err := json.Marshal(w)
	if err != nil {
		x.t.Fatal(err)
	}
	_ = x.box.SaveWebhook(x.t.Context(), w.ID, data)
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
	x.source.tell(incident(5, 1, 1)) // before it began
	x.start()
	eventually(t, "it begins at the end", func() bool { at, _ := x.box.Position(t.Context()); return at != "" })
	fastly, other := caused(0, "cdn:fastly", "a.example"), caused(1, "dns:dyn", "b.example")
	over, late := fastly, fastly
	over.Revision, over.State = 2, faultline.StateResolved
	late.Revision, late.State = 3, faultline.StateResolved
	for _, inc := range []faultline.Incident{fastly, other, over, late} {
		x.source.tell(inc)
	}
	eventually(t, "two messages", func() bool { return x.to.count() == 2 })
	eventually(t, "nothing is left", func() bool { due, _ := x.box.Due(t.Context(), x.clock.Now(), 9); return len(due) == 0 })
	verifier, err := standardwebhooks.NewWebhook(*x.hook.Secret)
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
		var body messageBody
		if err := json.Unmarshal(x.to.bodies[i], &body); err != nil || body.Type != "incident.updated" || body.Data.ID != fastly.ID {
			t.Errorf("%s %v", x.to.bodies[i], err)
		}
	}
}

// What fails is tried again under the same id until it is given up; then it
// stands among the dead.
func TestWebhooksAreTriedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		status, tries int
		ended         bool
	}{"failing": {500, len(backoff) + 1, false}, "redirecting": {302, len(backoff) + 1, false}, "gone": {410, 1, true}} {
		t.Run(name, func(t *testing.T) {
			x := newDispatched(t, "", test.status)
			x.box.at = position(0)
			x.source.tell(caused(0, "cdn:fastly", "a.example"))
			x.start()
			for try := range test.tries {
				eventually(t, "a try", func() bool { return x.to.count() == try+1 })
				waits := func() bool {
					x.box.mu.Lock()
					defer x.box.mu.Unlock()
					for _, m := range x.box.messages {
						if !m.Due.After(x.clock.Now()) {
							return false
						}
					}
					return true
				}
				eventually(t, "it waits", waits)
				if try < len(backoff) {
					x.clock.add(backoff[try])
				}
			}
			var dead [][]byte
			eventually(t, "it is given up", func() bool { dead, _ = x.box.DeadDeliveries(t.Context(), x.hook.ID); return len(dead) == 1 })
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
			if !test.ended {
				list := decode[WebhookList](t, x.do(x.sendJSON("GET", "/v1/webhooks", "", x.token(ScopeWebhooks))).Body)
				if len(list.Webhooks) != 1 || len(list.Webhooks[0].Dead) != 1 || !strings.HasPrefix(list.Webhooks[0].Dead[0].Reason, "answered ") || list.Webhooks[0].Secret != nil {
					t.Errorf("%+v", list)
				}
			}
		})
	}
}

func TestWebhookTestMessage(t *testing.T) {
	x := newDispatched(t, "kind=dns", 200)
	x.start()
	if w := x.do(x.sendJSON("POST", "/v1/webhooks/"+x.hook.ID+"/test", "", x.token(ScopeWebhooks))); w.Code != http.StatusAccepted {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	eventually(t, "the test message", func() bool { return x.to.count() == 1 })
	if !strings.Contains(string(x.to.bodies[0]), `"type":"test"`) {
		t.Errorf("%s", x.to.bodies[0])
	}
	eventually(t, "it is asked for once", func() bool { return x.stored().TestAt == nil })
}

// Wherever a name leads, we call public addresses alone.
func TestWebhooksNeverCallAPrivateAddress(t *testing.T) {
	secret := newWebhookSecret()
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "168.63.129.16",
		"[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[fd00::1]", "[fe80::1]", "0.0.0.0", "192.0.0.192", "[2002:7f00:1::]", "198.18.0.1", "224.0.0.1"} {
		reason, _ := newSender().send(t.Context(), webhook{URL: "https://" + host + "/x", Secret: secret}, "msg_1", t0, []byte("{}"))
		if reason != "not a public address" {
			t.Errorf("%s: %q", host, reason)
		}
	}
}

func TestWebhooksRefuse(t *testing.T) {
	box := newMemOutbox()
	n := newNode(t, func(c *Config, _ *BoardConfig) { c.Webhooks = box })
	token := n.token(ScopeWebhooks)
	for body, pointer := range map[string]string{
		`{"url":"http://example.com/"}`:                              "/url",
		`{"url":"https://u:p@example.com/"}`:                         "/url",
		`{"url":"https://example.com:8443/"}`:                        "/url",
		`{"url":"https:///x"}`:                                       "/url",
		`{"url":"https://example.com/","filter":"colour=blue"}`:      "/filter",
		`{"url":"https://example.com/","filter":"state=down"}`:       "/filter",
		`{"url":"https://example.com/","filter":"site=nobody.test"}`: "/filter",
		`{"url":"https://example.com/","secret":"mine"}`:             "/secret",
	} {
		p := wantProblem(t, n.do(n.sendJSON("POST", "/v1/webhooks", body, token)), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer || p.Errors[0].Parameter != "" {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
	wantProblem(t, n.do(n.sendJSON("GET", "/v1/webhooks", "", "")), http.StatusUnauthorized)
	wantProblem(t, n.do(n.sendJSON("GET", "/v1/webhooks", "", n.token(ScopeAdmin))), http.StatusForbidden)
	var last WebhookAnswer
	for range webhooksEach {
		last = decode[WebhookAnswer](t, n.do(n.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/"}`, token)).Body)
	}
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/"}`, token)), http.StatusConflict)
	stranger, err := n.keys.Issue(Claims{Subject: "stranger", Scopes: []string{ScopeWebhooks}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, n.do(n.sendJSON("DELETE", "/v1/webhooks/"+last.ID, "", stranger)), http.StatusNotFound)
	if w := n.do(n.sendJSON("DELETE", "/v1/webhooks/"+last.ID, "", token)); w.Code != http.StatusNoContent || len(box.hooks) != webhooksEach-1 {
		t.Errorf("%d, %d left", w.Code, len(box.hooks))
	}
}
