package api

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/api/webhook/webhooktest"
	"faultline/board"
)

// keyDesk keeps keys in memory.
type keyDesk struct {
	mu    sync.Mutex
	keys  map[string]faultline.MadeKey
	spent map[string]bool
	full  bool
}

func (d *keyDesk) Make(_ context.Context, _ netip.Addr, k faultline.MadeKey, challenge string, _ time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.full:
		return faultline.BusyError{RetryAfter: time.Hour, Limit: faultline.LimitPrefix}
	case d.spent[challenge]:
		return faultline.ErrSpent
	}
	d.spent[challenge], d.keys[k.Subject] = true, k
	return nil
}

func (d *keyDesk) SaveKey(_ context.Context, k faultline.MadeKey) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys[k.Subject] = k
	return nil
}

func (d *keyDesk) MadeKey(_ context.Context, subject string) (faultline.MadeKey, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if k, ok := d.keys[subject]; ok {
		return k, nil
	}
	return faultline.MadeKey{}, faultline.ErrNotFound
}

func (d *keyDesk) MadeKeys(context.Context) (all []faultline.MadeKey, _ error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, k := range d.keys {
		all = append(all, k)
	}
	return all, nil
}

func (d *keyDesk) CountMadeKeys(context.Context) (int, error) { return len(d.keys), nil }

func (d *keyDesk) DropKey(_ context.Context, subject string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.keys, subject)
	return nil
}

// revoked keeps which tokens are revoked.
type revoked struct {
	ids  []string
	down bool // nothing can be revoked
}

func (r *revoked) Revoke(_ context.Context, id string, _, _ time.Time) error {
	if r.down {
		return faultline.ErrUnavailable
	}
	r.ids = append(r.ids, id)
	return nil
}

func (r *revoked) Revoked(context.Context) ([]string, error) { return slices.Clone(r.ids), nil }

// keyNode is a node that gives out keys.
func keyNode(t *testing.T) (*node, *keyDesk, *webhooktest.Outbox) {
	t.Helper()
	return keyNodeWith(t, &revoked{})
}

// keyNodeWith is one whose revoked tokens are kept in a place of the test's own.
func keyNodeWith(t *testing.T, kept *revoked) (*node, *keyDesk, *webhooktest.Outbox) {
	t.Helper()
	desk := &keyDesk{keys: map[string]faultline.MadeKey{}, spent: map[string]bool{}}
	box := webhooktest.NewOutbox()
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) {
		c.MadeKeys, c.Webhooks, c.Revocations, c.KeyBits = desk, box, kept, 8
	})
	n.keys.SetRevoked(nil)
	return n, desk, box
}

// solved asks for a challenge and solves it as the documents say.
func (n *node) solved() string {
	n.t.Helper()
	asked := decode[KeyChallenge](n.t, n.do(request{method: http.MethodPost, path: "/v1/keys/challenge"}).Body)
	work := token.Challenge{ID: asked.Prefix[:len(asked.Prefix)-1], Bits: asked.Bits}
	for i := 0; ; i++ {
		if text := strconv.Itoa(i); work.Solved(text) {
			return `{"challenge":"` + asked.Challenge + `","solution":"` + text + `"}`
		}
	}
}

// Anybody gets a key for work, and with it webhooks whose receivers confirm them.
func TestKeyWithoutTheOperator(t *testing.T) {
	t.Parallel()
	n, desk, box := keyNode(t)
	body := n.solved()
	made := n.do(n.sendJSON("POST", "/v1/keys", body, ""))
	key := decode[KeyAnswer](t, made.Body)
	if made.Code != http.StatusCreated || !slices.Equal(key.Scopes, []string{token.ScopeWebhooks}) ||
		!faultline.SelfMade(key.Subject) || !key.ExpiresAt.Equal(n.clock.Now().Add(faultline.MadeKeyLife)) {
		t.Fatalf("%d %+v", made.Code, key)
	}
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/keys", body, "")), http.StatusConflict)

	hook := decode[WebhookAnswer](t,
		n.do(n.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/"}`, key.Token)).Body)
	if hook.State != "unconfirmed" || hook.ExpiresAt == nil || !hook.ExpiresAt.Equal(key.ExpiresAt) {
		t.Errorf("%+v", hook)
	}
	path := "/v1/webhooks/" + hook.ID
	wantProblem(t, n.do(n.sendJSON("POST", path+"/test", "", key.Token)), http.StatusConflict)
	wantProblem(t, n.do(n.sendJSON("POST", path+"/confirm", `{"code":"guessed"}`, key.Token)), http.StatusBadRequest)
	code := decodeHook(t, box, hook.ID).Challenge
	if w := n.do(n.sendJSON("POST", path+"/confirm", `{"code":"`+code+`"}`,
		key.Token)); w.Code != http.StatusNoContent {
		t.Errorf("confirmed: %d %s", w.Code, w.Body)
	}
	if w := n.do(n.sendJSON("POST", path+"/test", "", key.Token)); w.Code != http.StatusAccepted {
		t.Errorf("a test: %d", w.Code)
	}
	for range faultline.MadeKeyWebhooks - 1 {
		n.do(n.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/"}`, key.Token))
	}
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/"}`, key.Token)),
		http.StatusConflict)
	state := decode[KeyState](t, n.do(n.sendJSON("GET", "/v1/keys/mine", "", key.Token)).Body)
	confirmed := slices.DeleteFunc(slices.Clone(state.Webhooks),
		func(w WebhookAnswer) bool { return w.State != "active" })
	if len(state.Webhooks) != faultline.MadeKeyWebhooks || len(confirmed) != 1 || confirmed[0].ID != hook.ID {
		t.Errorf("%+v", state)
	}
	desk.full = true
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/keys", n.solved(), "")), http.StatusTooManyRequests)
}

// A new token takes the place of the old one and keeps the webhooks; a key that is
// revoked takes them along.
func TestKeysAreRotatedAndRevoked(t *testing.T) {
	t.Parallel()
	n, _, box := keyNode(t)
	key := decode[KeyAnswer](t, n.do(n.sendJSON("POST", "/v1/keys", n.solved(), "")).Body)
	n.do(n.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/"}`, key.Token))
	n.clock.add(24 * time.Hour)
	next := decode[KeyAnswer](t, n.do(n.sendJSON("POST", "/v1/keys/mine/rotate", "", key.Token)).Body)
	if next.Subject != key.Subject || !next.ExpiresAt.After(key.ExpiresAt) {
		t.Errorf("rotated to %+v", next)
	}
	wantProblem(t, n.do(n.sendJSON("GET", "/v1/keys/mine", "", key.Token)), http.StatusUnauthorized)
	state := decode[KeyState](t, n.do(n.sendJSON("GET", "/v1/keys/mine", "", next.Token)).Body)
	if len(state.Webhooks) != 1 || !state.Webhooks[0].ExpiresAt.Equal(next.ExpiresAt) {
		t.Errorf("%+v", state)
	}
	if w := n.do(n.sendJSON("DELETE", "/v1/keys/mine", "", next.Token)); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	wantProblem(t, n.do(n.sendJSON("GET", "/v1/keys/mine", "", next.Token)), http.StatusUnauthorized)
	if len(box.Hooks) != 0 {
		t.Errorf("%d webhooks are left", len(box.Hooks))
	}
}

// Where a key can't be rotated whole nothing changes: the old token asks again.
func TestAKeyThatCannotBeRotatedKeepsItsToken(t *testing.T) {
	t.Parallel()
	kept := &revoked{}
	n, desk, _ := keyNodeWith(t, kept)
	key := decode[KeyAnswer](t, n.do(n.sendJSON("POST", "/v1/keys", n.solved(), "")).Body)
	before := desk.keys[key.Subject]
	kept.down = true
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/keys/mine/rotate", "", key.Token)), http.StatusServiceUnavailable)
	if after := desk.keys[key.Subject]; after != before {
		t.Errorf("the key was %+v and is %+v", before, after)
	}
	kept.down = false
	if w := n.do(n.sendJSON("POST", "/v1/keys/mine/rotate", "", key.Token)); w.Code != http.StatusCreated {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The operator ends a key, and with it everything below it, by the id of its token.
func TestOperatorEndsAKey(t *testing.T) {
	t.Parallel()
	n, desk, box := keyNode(t)
	key := decode[KeyAnswer](t, n.do(n.sendJSON("POST", "/v1/keys", n.solved(), "")).Body)
	n.do(n.sendJSON("POST", "/v1/webhooks", `{"url":"https://example.com/"}`, key.Token))
	id := desk.keys[key.Subject].TokenID
	if w := n.do(n.sendJSON("DELETE", "/v1/tokens/"+id, "",
		n.token(token.ScopeAdmin))); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if len(desk.keys) != 0 || len(box.Hooks) != 0 {
		t.Errorf("%d keys and %d webhooks are left", len(desk.keys), len(box.Hooks))
	}
}

// Where the operator does not want it, there are no such addresses.
func TestKeysMayBeTurnedOff(t *testing.T) {
	n := newNode(t)
	wantProblem(t, n.do(request{method: http.MethodPost, path: "/v1/keys/challenge"}), http.StatusNotFound)
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/keys", `{}`, "")), http.StatusNotFound)
}
