package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faultline/api/token"
)

const oneProbe = `[{"at":"2021-06-08T09:51:04.011Z","site":"bbc.co.uk","symptom":"http_503","status":503}]`

func probesRequest(body, token string) request {
	r := request{method: http.MethodPost, path: "/v1/probes", body: body,
		header: map[string]string{"Content-Type": "application/json"}}
	if token != "" {
		r.header["Authorization"] = "Bearer " + token
	}
	return r
}

func TestAuthorizationField(t *testing.T) {
	n := newNode(t)
	good, err := n.keys.Issue(token.Claims{Subject: "lon-1", Scopes: []string{token.ScopeProbes}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	w := n.do(probesRequest(oneProbe, ""))
	wantProblem(t, w, http.StatusUnauthorized)
	if got := w.Header().Get("WWW-Authenticate"); got != `Bearer realm="faultline"` {
		t.Errorf("without a token: WWW-Authenticate %q", got)
	}
	for field, status := range map[string]int{
		"Bearer " + good: 202, "bearer " + good: 202, "BEARER  " + good: 202,
		good: 401, "Basic " + good: 401, "Bearer": 401, "Bearer" + good: 401, "Bearer x " + good: 401,
		"Bearer nobody.signed.this":                              401,
		"Bearer " + strings.Repeat(" ", maxAuthorization) + good: 401,
	} {
		r := probesRequest(oneProbe, "")
		r.header["Authorization"] = field
		if w := n.do(r); w.Code != status {
			t.Errorf("%.30q: got %d, want %d", field, w.Code, status)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/probes", strings.NewReader(oneProbe))
	r.Header.Set("Content-Type", "application/json")
	r.Header["Authorization"] = []string{"Bearer " + good, "Bearer " + good}
	two := httptest.NewRecorder()
	n.engine.ServeHTTP(two, r)
	wantProblem(t, two, http.StatusUnauthorized)

	if len(good) > maxAuthorization-len("Bearer ") {
		t.Errorf("a token of %d bytes is longer than we read", len(good))
	}
	reader, err := n.keys.Issue(token.Claims{Subject: "lon-1", Scopes: []string{token.ScopeAdmin}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	w = n.do(probesRequest(oneProbe, reader))
	wantProblem(t, w, http.StatusForbidden)
	if got := w.Header().Get("WWW-Authenticate"); !strings.Contains(got,
		`error="insufficient_scope", scope="probes:write"`) {
		t.Errorf("WWW-Authenticate %q", got)
	}
}

// A field of a megabyte is turned away before anything takes it apart.
func TestManyDotsCostNothing(t *testing.T) {
	n := newNode(t)
	a := &api{cfg: Config{Keys: n.keys}}
	c := newContext(t)
	c.Request.Header.Set("Authorization", "Bearer "+strings.Repeat(".", 1<<20))
	result := testing.Benchmark(func(b *testing.B) {
		for range b.N {
			if _, err := a.authorise(c, token.ScopeProbes); err == nil {
				b.Fatal("taken")
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > 8<<10 {
		t.Errorf("%d bytes allocated", got)
	}
}
