package api

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const oneProbe = `[{"at":"2021-06-08T09:51:04.011Z","site":"bbc.co.uk","symptom":"http_503","status":503}]`

func probesRequest(body, token string) request {
	r := request{method: http.MethodPost, path: "/v1/probes", body: body, header: map[string]string{"Content-Type": "application/json"}}
	if token != "" {
		r.header["Authorization"] = "Bearer " + token
	}
	return r
}

// goodClaims are those of a token that is taken.
func goodClaims(now time.Time) jwt.MapClaims {
	return jwt.MapClaims{"iss": "faultline", "aud": "faultline", "sub": "lon-1", "scope": ScopeProbes, "jti": "j",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix()}
}

// forge signs claims with a header of one's own.
func forge(t *testing.T, method jwt.SigningMethod, key any, header map[string]any, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	for k, v := range header {
		token.Header[k] = v
		if v == nil {
			delete(token.Header, k)
		}
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestForgedTokensAreRefused(t *testing.T) {
	n := newNode(t)
	now, kid, signer := n.clock.Now(), n.keys.ring.Load().signKID, n.keys.ring.Load().signer
	public := signer.Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]any{"kid": kid}
	with := func(name string, value any) string { // one claim changed, else good
		c := goodClaims(now)
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return forge(t, jwt.SigningMethodEdDSA, signer, known, c)
	}
	header := func(h map[string]any) string { // signed by us, with such a header
		if _, ok := h["kid"]; !ok {
			h["kid"] = kid
		}
		return forge(t, jwt.SigningMethodEdDSA, signer, h, goodClaims(now))
	}
	good := forge(t, jwt.SigningMethodEdDSA, signer, known, goodClaims(now))
	parts := strings.Split(good, ".")
	// The last letter stands for 2 bits: 16 letters spell the same signature.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	respelt := alphabet[strings.IndexByte(alphabet, good[len(good)-1])+1]
	raw := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

	for name, token := range map[string]string{
		"alg none":                     forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, known, goodClaims(now)),
		"alg none, signature":          raw(`{"alg":"none","kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2],
		"alg None":                     raw(`{"alg":"None","kid":"`+kid+`"}`) + "." + parts[1] + ".",
		"alg missing":                  raw(`{"kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2],
		"alg a number":                 raw(`{"alg":1,"kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2],
		"HS256 with the public key":    forge(t, jwt.SigningMethodHS256, []byte(public), known, goodClaims(now)),
		"HS256 with the public PEM":    forge(t, jwt.SigningMethodHS256, publicPEM, known, goodClaims(now)),
		"HS512 with the public DER":    forge(t, jwt.SigningMethodHS512, der, known, goodClaims(now)),
		"another key under our id":     forge(t, jwt.SigningMethodEdDSA, stranger, known, goodClaims(now)),
		"another key with its own jwk": forge(t, jwt.SigningMethodEdDSA, stranger, map[string]any{"kid": kid, "jwk": map[string]any{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(stranger.Public().(ed25519.PublicKey))}}, goodClaims(now)),
		"another key at a jku":         forge(t, jwt.SigningMethodEdDSA, stranger, map[string]any{"kid": "evil", "jku": "http://127.0.0.1:1/jwks.json"}, goodClaims(now)),
		"unknown kid":                  header(map[string]any{"kid": "nobody"}),
		"no kid":                       header(map[string]any{"kid": nil}),
		"empty kid":                    header(map[string]any{"kid": ""}),
		"kid a path":                   header(map[string]any{"kid": "../../../../dev/null"}),
		"kid our file":                 header(map[string]any{"kid": kid + ".pem"}),
		"kid SQL":                      header(map[string]any{"kid": "' OR 1=1 --"}),
		"kid a list":                   header(map[string]any{"kid": []string{kid}}),
		"kid of 10 kB":                 header(map[string]any{"kid": strings.Repeat("k", 10_000)}),
		"crit":                         header(map[string]any{"crit": []string{"exp"}}),
		"crit b64":                     header(map[string]any{"crit": []string{"b64"}, "b64": false}),
		"crit empty":                   header(map[string]any{"crit": []string{}}),
		"expired":                      with("exp", now.Add(-31*time.Second).Unix()),
		"no exp":                       with("exp", nil),
		"exp a string":                 with("exp", "tomorrow"),
		"lives for ever":               with("exp", now.Add(100*365*24*time.Hour).Unix()),
		"not yet":                      with("nbf", now.Add(31*time.Second).Unix()),
		"no nbf":                       with("nbf", nil),
		"issued in the future":         with("iat", now.Add(31*time.Second).Unix()),
		"no iat":                       with("iat", nil),
		"no jti":                       with("jti", nil),
		"wrong aud":                    with("aud", "elsewhere"),
		"no aud":                       with("aud", nil),
		"wrong iss":                    with("iss", "elsewhere"),
		"no iss":                       with("iss", nil),
		"no sub":                       with("sub", nil),
		"sub a path":                   with("sub", "../lon-1"),
		"sub with a line break":        with("sub", "lon-1\nlon-2"),
		"sub too long":                 with("sub", strings.Repeat("s", 65)),
		"asn negative":                 with("asn", -1),
		"asn too large":                with("asn", int64(1)<<32),
		"country in words":             with("country", "Great Britain"),
		"no scope":                     with("scope", nil),
		"scope nonsense":               with("scope", "probes:write '; drop"),
		"claims changed":               parts[0] + "." + raw(`{"sub":"lon-2"}`) + "." + parts[2],
		"signature cut":                good[:len(good)-4],
		"signature respelt":            good[:len(good)-1] + string(respelt),
		"signature missing":            parts[0] + "." + parts[1] + ".",
		"signature padded":             good + "==",
		"two parts":                    parts[0] + "." + parts[1],
		"four parts":                   good + "." + parts[2],
		"empty":                        " ",
		"dots":                         "..",
		"dots without end":             strings.Repeat(".", 1<<20),
		"no base64":                    "a%b.c%d.e%f",
		"JSON":                         `{"payload":"` + parts[1] + `"}`,
	} {
		w := n.do(probesRequest(oneProbe, token))
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
			continue
		}
		wantProblem(t, w, http.StatusUnauthorized)
		if got := w.Header().Get("WWW-Authenticate"); got != challengeInvalid {
			t.Errorf("%s: WWW-Authenticate %q", name, got)
		}
	}
	if n.door.said() != 0 {
		t.Error("something was written")
	}
	for name, token := range map[string]string{"good": good, "by a clock that differs": with("exp", now.Add(-29*time.Second).Unix()),
		"with a type": header(map[string]any{"typ": "JWT"}), "for several": with("aud", []string{"elsewhere", "faultline"})} {
		if w := n.do(probesRequest(oneProbe, token)); w.Code != http.StatusAccepted {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
	}
}

func TestAuthorizationField(t *testing.T) {
	n := newNode(t)
	token, err := n.keys.Issue(Claims{Subject: "lon-1", Scopes: []string{ScopeProbes}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	w := n.do(probesRequest(oneProbe, ""))
	wantProblem(t, w, http.StatusUnauthorized)
	if got := w.Header().Get("WWW-Authenticate"); got != `Bearer realm="faultline"` {
		t.Errorf("without a token: WWW-Authenticate %q", got)
	}
	for field, status := range map[string]int{
		"Bearer " + token: 202, "bearer " + token: 202, "BEARER  " + token: 202,
		token: 401, "Basic " + token: 401, "Bearer": 401, "Bearer" + token: 401, "Bearer x " + token: 401,
		"Bearer " + strings.Repeat(" ", maxAuthorization) + token: 401,
	} {
		r := probesRequest(oneProbe, "")
		r.header["Authorization"] = field
		if w := n.do(r); w.Code != status {
			t.Errorf("%.30q: got %d, want %d", field, w.Code, status)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/probes", strings.NewReader(oneProbe))
	r.Header.Set("Content-Type", "application/json")
	r.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + token}
	two := httptest.NewRecorder()
	n.engine.ServeHTTP(two, r)
	wantProblem(t, two, http.StatusUnauthorized)

	reader, err := n.keys.Issue(Claims{Subject: "lon-1", Scopes: []string{ScopeAdmin}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	w = n.do(probesRequest(oneProbe, reader))
	wantProblem(t, w, http.StatusForbidden)
	if got := w.Header().Get("WWW-Authenticate"); !strings.Contains(got, `error="insufficient_scope", scope="probes:write"`) {
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
			if _, err := a.authorise(c, ScopeProbes); err == nil {
				b.Fatal("taken")
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > 8<<10 {
		t.Errorf("%d bytes allocated", got)
	}
}

func TestIssueRefuses(t *testing.T) {
	n := newNode(t)
	good := Claims{Subject: "lon-1", Scopes: []string{ScopeProbes}, ASN: 20473, Country: "GB", TTL: time.Hour}
	for name, change := range map[string]func(*Claims){
		"no subject":   func(c *Claims) { c.Subject = "" },
		"odd subject":  func(c *Claims) { c.Subject = "lon 1" },
		"no scope":     func(c *Claims) { c.Scopes = nil },
		"two in one":   func(c *Claims) { c.Scopes = []string{"probes:write tokens:write"} },
		"odd country":  func(c *Claims) { c.Country = "gb" },
		"no life":      func(c *Claims) { c.TTL = 0 },
		"past already": func(c *Claims) { c.TTL = -time.Hour },
		"too long":     func(c *Claims) { c.TTL = MaxTokenTTL + 1 },
	} {
		c := good
		change(&c)
		if _, err := n.keys.Issue(c); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
	token, err := n.keys.Issue(good)
	if err != nil {
		t.Fatal(err)
	}
	got, err := n.keys.Verify(token)
	if err != nil || got.Subject != "lon-1" || got.ASN != 20473 || got.Country != "GB" || len(got.Scopes) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	other, err := n.keys.Issue(good)
	if err != nil || other == token {
		t.Error("two tokens are the same")
	}
	if len(token) > maxAuthorization-len("Bearer ") {
		t.Errorf("a token of %d bytes is longer than we read", len(token))
	}
}
