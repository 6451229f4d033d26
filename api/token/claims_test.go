package token

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// t0 is the time of these tests.
var t0 = time.Date(2021, 6, 8, 9, 47, 5, 0, time.UTC)

func newKeys(t *testing.T) *Keys {
	t.Helper()
	keys, err := LoadOrCreate(filepath.Join(t.TempDir(), "keys"), "", testTime)
	if err != nil {
		t.Fatal(err)
	}
	return keys
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

// forger makes tokens as a thief would, who knows whatever is public.
type forger struct {
	t        *testing.T
	signer   crypto.Signer
	outsider ed25519.PrivateKey // another's key
	kid      string
}

func newForger(t *testing.T, keys *Keys) *forger {
	t.Helper()
	_, outsider, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &forger{t: t, signer: keys.ring.Load().signer, outsider: outsider, kid: keys.ring.Load().signKID}
}

// good is a token that nothing is wrong with.
func (f *forger) good() string { return f.header(map[string]any{}) }

// with is good with one claim changed, without it where value is nil.
func (f *forger) with(name string, value any) string {
	c := goodClaims(t0)
	if c[name] = value; value == nil {
		delete(c, name)
	}
	return forge(f.t, jwt.SigningMethodEdDSA, f.signer, map[string]any{"kid": f.kid}, c)
}

// header is signed by us, with such a header.
func (f *forger) header(h map[string]any) string {
	if _, ok := h["kid"]; !ok {
		h["kid"] = f.kid
	}
	return forge(f.t, jwt.SigningMethodEdDSA, f.signer, h, goodClaims(t0))
}

// byAnotherKey are tokens whose header leads to a key that is not ours, or to none.
func (f *forger) byAnotherKey() map[string]string {
	t, outsider, kid, header := f.t, f.outsider, f.kid, f.header
	public := f.signer.Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	known := map[string]any{"kid": kid}
	parts := strings.Split(f.good(), ".")
	return map[string]string{
		"alg none": forge(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, known,
			goodClaims(t0)),
		"alg none, signature":       raw(`{"alg":"none","kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2],
		"alg None":                  raw(`{"alg":"None","kid":"`+kid+`"}`) + "." + parts[1] + ".",
		"alg missing":               raw(`{"kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2],
		"alg a number":              raw(`{"alg":1,"kid":"`+kid+`"}`) + "." + parts[1] + "." + parts[2],
		"HS256 with the public key": forge(t, jwt.SigningMethodHS256, []byte(public), known, goodClaims(t0)),
		"HS256 with the public PEM": forge(t, jwt.SigningMethodHS256, publicPEM, known, goodClaims(t0)),
		"HS512 with the public DER": forge(t, jwt.SigningMethodHS512, der, known, goodClaims(t0)),
		"another key under our id":  forge(t, jwt.SigningMethodEdDSA, outsider, known, goodClaims(t0)),
		"another key with its own jwk": forge(t, jwt.SigningMethodEdDSA, outsider,
			map[string]any{"kid": kid, "jwk": map[string]any{"kty": "OKP", "crv": "Ed25519",
				"x": base64.RawURLEncoding.EncodeToString(outsider.Public().(ed25519.PublicKey))}}, goodClaims(t0)),
		"another key at a jku": forge(t, jwt.SigningMethodEdDSA, outsider,
			map[string]any{"kid": "evil", "jku": "http://127.0.0.1:1/jwks.json"}, goodClaims(t0)),
		"unknown kid":  header(map[string]any{"kid": "nobody"}),
		"no kid":       header(map[string]any{"kid": nil}),
		"empty kid":    header(map[string]any{"kid": ""}),
		"kid a path":   header(map[string]any{"kid": "../../../../dev/null"}),
		"kid our file": header(map[string]any{"kid": kid + ".pem"}),
		"kid SQL":      header(map[string]any{"kid": "' OR 1=1 --"}),
		"kid a list":   header(map[string]any{"kid": []string{kid}}),
		"kid of 10 kB": header(map[string]any{"kid": strings.Repeat("k", 10_000)}),
		"crit":         header(map[string]any{"crit": []string{"exp"}}),
		"crit b64":     header(map[string]any{"crit": []string{"b64"}, "b64": false}),
		"crit empty":   header(map[string]any{"crit": []string{}}),
	}
}

// byClaims are tokens that are signed by us and say what we would not.
func (f *forger) byClaims() map[string]string {
	with := f.with
	return map[string]string{
		"expired":               with("exp", t0.Add(-31*time.Second).Unix()),
		"no exp":                with("exp", nil),
		"exp a string":          with("exp", "tomorrow"),
		"lives for ever":        with("exp", t0.Add(100*365*24*time.Hour).Unix()),
		"not yet":               with("nbf", t0.Add(31*time.Second).Unix()),
		"no nbf":                with("nbf", nil),
		"issued in the future":  with("iat", t0.Add(31*time.Second).Unix()),
		"no iat":                with("iat", nil),
		"no jti":                with("jti", nil),
		"wrong aud":             with("aud", "elsewhere"),
		"no aud":                with("aud", nil),
		"wrong iss":             with("iss", "elsewhere"),
		"no iss":                with("iss", nil),
		"no sub":                with("sub", nil),
		"sub a path":            with("sub", "../lon-1"),
		"sub with a line break": with("sub", "lon-1\nlon-2"),
		"sub too long":          with("sub", strings.Repeat("s", 65)),
		"asn negative":          with("asn", -1),
		"asn too large":         with("asn", int64(1)<<32),
		"country in words":      with("country", "Great Britain"),
		"no scope":              with("scope", nil),
		"scope nonsense":        with("scope", "probes:write '; drop"),
	}
}

// byForm are texts that are no tokens.
func (f *forger) byForm() map[string]string {
	good := f.good()
	parts := strings.Split(good, ".")
	// The last letter stands for 2 bits: 16 letters spell the same signature.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	respelt := alphabet[strings.IndexByte(alphabet, good[len(good)-1])+1]
	return map[string]string{
		"claims changed":    parts[0] + "." + raw(`{"sub":"lon-2"}`) + "." + parts[2],
		"signature cut":     good[:len(good)-4],
		"signature respelt": good[:len(good)-1] + string(respelt),
		"signature missing": parts[0] + "." + parts[1] + ".",
		"signature padded":  good + "==",
		"two parts":         parts[0] + "." + parts[1],
		"four parts":        good + "." + parts[2],
		"empty":             " ",
		"dots":              "..",
		"dots without end":  strings.Repeat(".", 1<<20),
		"no base64":         "a%b.c%d.e%f",
		"JSON":              `{"payload":"` + parts[1] + `"}`,
	}
}

// raw is a text as a part of a token has it.
func raw(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestForgedTokensAreRefused(t *testing.T) {
	keys := newKeys(t)
	f := newForger(t, keys)
	for _, forged := range []map[string]string{f.byAnotherKey(), f.byClaims(), f.byForm()} {
		for name, token := range forged {
			if got, err := keys.Verify(token); err == nil {
				t.Errorf("%s: taken as %+v", name, got)
			}
		}
	}
	for name, token := range map[string]string{"good": f.good(),
		"by a clock that differs": f.with("exp", t0.Add(-29*time.Second).Unix()),
		"with a type":             f.header(map[string]any{"typ": "JWT"}),
		"for several":             f.with("aud", []string{"elsewhere", "faultline"})} {
		if _, err := keys.Verify(token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	keys := newKeys(t)
	good := Claims{Subject: "lon-1", Scopes: []string{ScopeProbes}, ASN: 20473, Country: "GB", TTL: time.Hour}
	for name, change := range map[string]func(*Claims){
		"no subject":   func(c *Claims) { c.Subject = "" },
		"odd subject":  func(c *Claims) { c.Subject = "lon 1" },
		"no scope":     func(c *Claims) { c.Scopes = nil },
		"two in one":   func(c *Claims) { c.Scopes = []string{"probes:write tokens:write"} },
		"odd country":  func(c *Claims) { c.Country = "gb" },
		"no life":      func(c *Claims) { c.TTL = 0 },
		"past already": func(c *Claims) { c.TTL = -time.Hour },
		"too long":     func(c *Claims) { c.TTL = MaxTTL + 1 },
	} {
		c := good
		change(&c)
		if _, err := keys.Issue(c); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
	token, err := keys.Issue(good)
	if err != nil {
		t.Fatal(err)
	}
	got, err := keys.Verify(token)
	if err != nil || got.Subject != "lon-1" || got.ASN != 20473 || got.Country != "GB" || len(got.Scopes) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	other, err := keys.Issue(good)
	if err != nil || other == token {
		t.Error("two tokens are the same")
	}
}
