package api

import (
	"net/http"
	"slices"
	"strings"

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
// ours and carries the scope. Why a token was not accepted is not said: it
// would help those who make their own.
func (a *api) authorise(c *gin.Context, scope string) (Claims, error) {
	fields := c.Request.Header.Values("Authorization")
	if len(fields) == 0 {
		return Claims{}, &refusal{status: http.StatusUnauthorized, challenge: challengeNone,
			detail: "A bearer token is needed here."}
	}
	invalid := &refusal{status: http.StatusUnauthorized, challenge: challengeInvalid,
		detail: "The bearer token is not valid."}
	if len(fields) > 1 || len(fields[0]) > maxAuthorization {
		return Claims{}, invalid
	}
	scheme, token, ok := strings.Cut(fields[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return Claims{}, invalid
	}
	who, err := a.cfg.Keys.Verify(strings.TrimSpace(token))
	if err != nil {
		return Claims{}, invalid
	}
	if !slices.Contains(who.Scopes, scope) {
		return Claims{}, &refusal{status: http.StatusForbidden,
			challenge: `Bearer realm="faultline", error="insufficient_scope", scope="` + scope + `"`,
			detail:    "The token does not carry the scope " + scope + "."}
	}
	return who, nil
}
