package api

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/api/token"
	"faultline/board"
)

type memRevocations struct {
	ids []string
	err error
}

func (m *memRevocations) Revoke(_ context.Context, id string, _, _ time.Time) error {
	m.ids = append(m.ids, id)
	return m.err
}
func (m *memRevocations) Revoked(context.Context) ([]string, error) { return m.ids, m.err }

func (n *node) token(scope string) string {
	n.t.Helper()
	token, err := n.keys.Issue(token.Claims{Subject: "ops", Scopes: []string{scope}, TTL: time.Hour})
	if err != nil {
		n.t.Fatal(err)
	}
	return token
}

// send is a request with a token and a JSON body.
func (n *node) sendJSON(method, path, body, token string) request {
	r := request{method: method, path: path, body: body, header: map[string]string{}}
	if body != "" {
		r.header["Content-Type"] = "application/json"
	}
	if token != "" {
		r.header["Authorization"] = "Bearer " + token
	}
	return r
}

func TestTokensAreIssuedAndRevoked(t *testing.T) {
	kept := &memRevocations{}
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Revocations = kept })
	n.keys.SetRevoked(nil)
	admin := n.token(token.ScopeAdmin)
	w := n.do(n.sendJSON("POST", "/v1/tokens",
		`{"subject":"lon-1","scopes":["probes:write"],"asn":20473,"country":"GB","ttl_s":3600}`, admin))
	got := decode[TokenAnswer](t, w.Body)
	if w.Code != http.StatusCreated || got.Subject != "lon-1" || got.ID == "" ||
		!got.ExpiresAt.Equal(n.clock.Now().Add(time.Hour).Truncate(time.Second)) ||
		w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %+v", w.Code, w.Header(), got)
	}
	if w := n.do(probesRequest(oneProbe, got.Token)); w.Code != http.StatusAccepted {
		t.Fatalf("the token is not taken: %d %s", w.Code, w.Body)
	}
	if w := n.do(n.sendJSON("DELETE", "/v1/tokens/"+got.ID, "", admin)); w.Code != http.StatusNoContent ||
		w.Body.Len() > 0 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	w = n.do(probesRequest(oneProbe, got.Token))
	wantProblem(t, w, http.StatusUnauthorized)
	if w.Header().Get("WWW-Authenticate") != challengeInvalid {
		t.Error("it is told why")
	}
	// Others go on.
	if w := n.do(n.sendJSON("DELETE", "/v1/tokens/nobody", "", admin)); w.Code != http.StatusNoContent {
		t.Errorf("an unknown id: %d", w.Code)
	}
	wantProblem(t, n.do(n.sendJSON("DELETE", "/v1/tokens/a%20b", "", admin)), http.StatusBadRequest)
	kept.err = errors.Join(faultline.ErrUnavailable)
	wantProblem(t, n.do(n.sendJSON("DELETE", "/v1/tokens/other", "", admin)), http.StatusServiceUnavailable)
}

// A node that does not know which tokens are revoked takes none, and issues none
// when it can't ask; reads go on.
func TestUnknownRevocationsShutTheDoor(t *testing.T) {
	kept := &memRevocations{err: faultline.ErrUnavailable}
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Revocations, c.Reads = kept, newFewReads() })
	n.run()
	admin, probes := n.token(token.ScopeAdmin), n.token(token.ScopeProbes)
	claims, err := n.keys.Verify(admin)
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"subject":"lon-1","scopes":["probes:write"]}`
	wantProblem(t, n.do(probesRequest(oneProbe, probes)), http.StatusServiceUnavailable)
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/tokens", body, admin)), http.StatusServiceUnavailable)
	if w := n.do(n.sendJSON("GET", "/v1/summary", "", probes)); w.Code != http.StatusOK {
		t.Errorf("a read: %d", w.Code)
	}
	n.keys.SetRevoked(nil) // as of a moment ago; it can't be read now
	if w := n.do(probesRequest(oneProbe, probes)); w.Code != http.StatusAccepted {
		t.Errorf("once it is known: %d", w.Code)
	}
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/tokens", body, admin)), http.StatusServiceUnavailable)
	kept.err, kept.ids = nil, []string{claims.ID} // by another node, just now
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/tokens", body, admin)), http.StatusUnauthorized)
}

func TestTokensAreForAdmins(t *testing.T) {
	n := newNode(t)
	body := `{"subject":"lon-1","scopes":["admin"]}`
	wantProblem(t, n.do(n.sendJSON("POST", "/v1/tokens", body, "")), http.StatusUnauthorized)
	for _, scope := range token.Scopes[:len(token.Scopes)-1] {
		wantProblem(t, n.do(n.sendJSON("POST", "/v1/tokens", body, n.token(scope))), http.StatusForbidden)
		wantProblem(t, n.do(n.sendJSON("DELETE", "/v1/tokens/x", "", n.token(scope))), http.StatusForbidden)
	}
	admin := n.token(token.ScopeAdmin)
	for body, pointer := range map[string]string{
		`{"subject":"a b","scopes":["admin"]}`:                        "/subject",
		`{"subject":"a"}`:                                             "/scopes",
		`{"subject":"a","scopes":["all:write"]}`:                      "/scopes",
		`{"subject":"a","scopes":["admin"],"asn":-1}`:                 "/asn",
		`{"subject":"a","scopes":["admin"],"country":"gb"}`:           "/country",
		`{"subject":"a","scopes":["admin"],"ttl_s":31622401}`:         "/ttl_s",
		`{"subject":"a","scopes":["admin"],"ttl_s":-1}`:               "/ttl_s",
		`{"subject":"a","scopes":["admin"],"ttl_s":9223372036854775}`: "/ttl_s",
		`{"subject":"a","scopes":["admin"],"jti":"mine"}`:             "/jti",
		`{"subject":"a","scopes":["admin"],"subject":"b"}`:            "/subject",
	} {
		p := wantProblem(t, n.do(n.sendJSON("POST", "/v1/tokens", body, admin)), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%s: %+v", body, p.Errors)
		}
	}
}
