package token

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"faultline"

	"github.com/golang-jwt/jwt/v5"
)

// What every token says of where it comes from and whom it is for.
const (
	defaultIssuer = "faultline"
	audience      = "faultline"
)

const (
	// MaxTTL bounds how long a token may live.
	MaxTTL = 366 * 24 * time.Hour
	// leeway is by how much clocks may differ.
	leeway = 30 * time.Second
)

var (
	subjectForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	scopeForm   = regexp.MustCompile(`^([a-z]+:[a-z]+|admin)$`)
)

// Claims are what a token says of its bearer.
type Claims struct {
	// Subject is who bears it: for probes, the vantage's id.
	Subject string
	Scopes  []string // probes:write, …
	ASN     uint32   // of the vantage's network; 0 is unknown
	Country string   // ISO 3166-1 alpha-2, or empty
	// ID (jti) and Expires are set by Verify; Issue gives every token its own.
	ID      string
	Expires time.Time
	// TTL is how long the token is to live, at most [MaxTTL]. Verify leaves it 0.
	TTL time.Duration
}

// payload is the payload: the registered claims of RFC 7519, the scope of
// RFC 9068, and where the vantage stands.
type payload struct {
	jwt.RegisteredClaims
	Scope   string `json:"scope"`
	ASN     uint32 `json:"asn,omitempty"`
	Country string `json:"country,omitempty"`
}

// Validate is called by the parser once the signature was found good, whatever
// it found of the registered claims. We issue no token without these, so one
// that lacks any is not ours.
func (t payload) Validate() error {
	if t.IssuedAt == nil || t.NotBefore == nil || t.ExpiresAt == nil || t.ID == "" {
		return errors.New("iat, nbf, exp and jti are required")
	}
	if t.ExpiresAt.Sub(t.IssuedAt.Time) > MaxTTL {
		return errors.New("lives too long")
	}
	return checkClaims(Claims{Subject: t.Subject, Scopes: strings.Fields(t.Scope), Country: t.Country})
}

// checkClaims says what about claims no token may carry.
func checkClaims(c Claims) error {
	if !subjectForm.MatchString(c.Subject) {
		return fmt.Errorf("subject %q: want 1 to 64 letters, digits, dots, - and _, a letter or digit first", c.Subject)
	}
	if len(c.Scopes) == 0 {
		return errors.New("at least one scope is needed, such as " + ScopeProbes)
	}
	for _, s := range c.Scopes {
		if !scopeForm.MatchString(s) {
			return fmt.Errorf("scope %q: want the form %s", s, ScopeProbes)
		}
	}
	if c.Country != "" && !faultline.ValidCountry(c.Country) {
		return fmt.Errorf("country %q: want two capital letters (ISO 3166-1)", c.Country)
	}
	return nil
}

// Issue signs a token. It fails on claims that Verify would not take.
func (k *Keys) Issue(c Claims) (string, error) {
	if err := checkClaims(c); err != nil {
		return "", fmt.Errorf("issue token: %w", err)
	}
	if i := slices.IndexFunc(c.Scopes, func(s string) bool { return !slices.Contains(Scopes, s) }); i >= 0 {
		return "", fmt.Errorf("issue token: scope %q: there are %s", c.Scopes[i], strings.Join(Scopes, ", "))
	}
	if c.TTL <= 0 || c.TTL > MaxTTL {
		return "", fmt.Errorf("issue token: a life of %s is not between 0 and %s", c.TTL, MaxTTL)
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the process instead
	now := k.now()
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, payload{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: k.issuer, Subject: c.Subject, Audience: jwt.ClaimStrings{audience},
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(c.TTL)), ID: base64.RawURLEncoding.EncodeToString(id[:]),
		},
		Scope: strings.Join(c.Scopes, " "), ASN: c.ASN, Country: c.Country,
	})
	ring := k.ring.Load()
	unsigned.Header["kid"] = ring.signKID
	signed, err := unsigned.SignedString(ring.signer)
	if err != nil {
		return "", fmt.Errorf("issue token: %w", err)
	}
	return signed, nil
}

// Verify returns the claims of a token that one of the keys signed, that is meant for us and that
// is in its time. Ed25519 is the only algorithm; what the header says of keys elsewhere (jku, jwk,
// x5u) is ignored, and a header with critical extensions is refused (RFC 7515 section 4.1.11: we
// know none).
func (k *Keys) Verify(text string) (Claims, error) {
	var t payload
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithNotBeforeRequired(),
		jwt.WithAudience(audience), jwt.WithIssuer(k.issuer),
		jwt.WithLeeway(leeway), jwt.WithTimeFunc(k.now), jwt.WithStrictDecoding(),
	).ParseWithClaims(text, &t, k.find)
	if err != nil {
		return Claims{}, fmt.Errorf("verify token: %w", err)
	}
	if revoked := k.revoked.Load(); revoked != nil {
		if _, gone := (*revoked)[t.ID]; gone {
			return Claims{}, errors.New("verify token: it is revoked")
		}
	}
	return Claims{
		ID:      t.ID,
		Expires: t.ExpiresAt.Time,
		Subject: t.Subject,
		Scopes:  strings.Fields(t.Scope),
		ASN:     t.ASN,
		Country: t.Country,
	}, nil
}

// find looks a key up by its id in a map that never changes: no file is opened
// and nothing fetched because a stranger named it.
func (k *Keys) find(t *jwt.Token) (any, error) {
	if _, critical := t.Header["crit"]; critical {
		return nil, errors.New("crit is not understood")
	}
	kid, _ := t.Header["kid"].(string)
	key, ok := k.verifying(kid)
	if !ok {
		return nil, errors.New("unknown key id")
	}
	return key, nil
}

// ValidSubject reports whether a token may have this subject: 1 to 64 letters,
// digits, dots, - and _, a letter or digit first.
func ValidSubject(subject string) bool { return subjectForm.MatchString(subject) }
