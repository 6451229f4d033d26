package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"faultline"
	"faultline/api/token"

	"github.com/gin-gonic/gin"
)

// maxAuthorization is what the Authorization field may measure, in bytes,
// before anything looks inside.
const maxAuthorization = 2 << 10

// The challenges of RFC 6750 section 3.
const (
	challengeNone    = `Bearer realm="faultline"`
	challengeInvalid = `Bearer realm="faultline", error="invalid_token"`
)

// authorise returns the claims of the request's bearer token, if it is one of
// ours and carries the scope. A node that has not read yet which tokens are
// revoked takes none.
func (a *api) authorise(c *gin.Context, scope string) (token.Claims, error) {
	if c.Request.Header["Authorization"] == nil {
		return token.Claims{}, &refusal{status: http.StatusUnauthorized, challenge: challengeNone,
			detail: "A bearer token is needed here."}
	}
	if a.cfg.Revocations != nil && !a.cfg.Keys.RevocationsKnown() {
		return token.Claims{}, fmt.Errorf("which tokens are revoked was not read yet: %w", faultline.ErrUnavailable)
	}
	who, err := a.bearer(c)
	if err == nil && !slices.Contains(who.Scopes, scope) {
		err = &refusal{status: http.StatusForbidden,
			challenge: `Bearer realm="faultline", error="insufficient_scope", scope="` + scope + `"`,
			detail:    "The token does not carry the scope " + scope + "."}
	}
	return who, err
}

// hasBearer reports whether a request carries a bearer token, good or not. A
// proxy in front may want other credentials, which are its own affair.
func hasBearer(c *gin.Context) bool {
	for _, field := range c.Request.Header["Authorization"] {
		if scheme, _, _ := strings.Cut(field, " "); strings.EqualFold(scheme, "Bearer") {
			return true
		}
	}
	return false
}

// bearer returns the claims of the request's bearer token. Why a token was not
// accepted is not said: it would help those who make their own.
func (a *api) bearer(c *gin.Context) (token.Claims, error) {
	invalid := &refusal{status: http.StatusUnauthorized, challenge: challengeInvalid,
		detail: "The bearer token is not valid."}
	fields := c.Request.Header["Authorization"]
	if len(fields) != 1 || len(fields[0]) > maxAuthorization {
		return token.Claims{}, invalid
	}
	scheme, text, ok := strings.Cut(fields[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return token.Claims{}, invalid
	}
	who, err := a.cfg.Keys.Verify(strings.TrimSpace(text))
	if err != nil {
		return token.Claims{}, invalid
	}
	return who, nil
}
