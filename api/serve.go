package api

import (
	"net/http"
	"net/url"
	"strings"

	"faultline"
	"faultline/api/token"

	"github.com/gin-gonic/gin"
)

// handler answers one request, or returns why it can't. Its query holds no keys
// but those of its route, each once.
type handler func(c *gin.Context, query url.Values) error

// serve answers requests of one row of the table. This is the one place where
// errors become answers.
func (a *api) serve(r route) gin.HandlerFunc {
	if r.quota == QuotaReads {
		return func(c *gin.Context) { readID(c, r); a.serveRead(c, r) }
	}
	return func(c *gin.Context) {
		readID(c, r)
		if err := a.handle(c, r); err != nil {
			a.fail(c, err)
		}
	}
}

// routesOfIncidents are those whose parameter id is an incident's.
const routesOfIncidents = "/v1/incidents/"

// readID reads the id of an incident in a path, which may be written in small letters.
func readID(c *gin.Context, r route) {
	if !strings.HasPrefix(r.path, routesOfIncidents) {
		return
	}
	for i := range c.Params {
		if c.Params[i].Key == "id" {
			c.Params[i].Value = faultline.IncidentID(c.Params[i].Value)
		}
	}
}

// handle does what the row asks for before the handler: it reads the query, checks
// the token, and counts the request against the token's quota. The quota of an
// address was counted in [api.limit].
func (a *api) handle(c *gin.Context, r route) error {
	query, err := r.query.read(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	if r.method == post || r.method == remove {
		if err := a.ownOrigin(c); err != nil {
			return err
		}
	}
	if r.scope != "" {
		if err := a.certified(c, r.scope); err != nil {
			return err
		}
		who, err := a.authorise(c, r.scope)
		if err != nil {
			return err
		}
		if err := a.certifiedAs(c, r.scope, who); err != nil {
			return err
		}
		if r.quota == QuotaToken && a.cfg.Limits != nil {
			if err := admit(c, a.cfg.Limits.Token(who.Subject), tooManySent); err != nil {
				return err
			}
		}
		c.Set(claimsKey, who)
	}
	return r.handle(c, query)
}

// claimsKey is where a request keeps the claims of its token.
const claimsKey = "claims"

// claimsOf returns the claims of the token that the route's scope asked for.
func claimsOf(c *gin.Context) token.Claims {
	who, _ := c.MustGet(claimsKey).(token.Claims)
	return who
}

// serveRead counts a read against its reader's quota. Pages, their parts and
// documents go without, so that nobody is kept from what is shown to people. What
// has not changed, and what we could not do, is given back.
func (a *api) serveRead(c *gin.Context, r route) {
	who, err := a.reader(c)
	if err == nil && a.cfg.Reads != nil {
		err = admit(c, a.mayRead(c, who), tooManyReads)
	}
	if err != nil {
		a.noteProxy(c)
		a.fail(c, err)
		return
	}
	if err := a.handle(c, r); err != nil {
		a.fail(c, err)
	}
	if status := c.Writer.Status(); a.cfg.Reads != nil &&
		(status == http.StatusNotModified || status >= http.StatusInternalServerError) {
		a.cfg.Reads.Unread(who)
	}
}

// ownOrigin refuses what a browser sends for a page that is not ours. Other sites
// can't send JSON without a preflight, which is not granted; but a site whose name
// was pointed at this server (DNS rebinding) is its own origin, and only its name
// tells. Programs send no Origin and are not concerned.
func (a *api) ownOrigin(c *gin.Context) error {
	origin := c.GetHeader("Origin")
	if origin == "" {
		return nil
	}
	if !a.origins().Own(origin, c.Request.Host) {
		return &refusal{status: http.StatusForbidden, detail: "A browser sent this for a page of another site, or of " +
			"a name that this server does not know (its operator gives it with --base-url)."}
	}
	return nil
}

// origins are the addresses whose pages may write here.
func (a *api) origins() faultline.Origins {
	return faultline.Origins{Base: a.cfg.Board.PublicURL(), Listen: a.cfg.Listen}
}
