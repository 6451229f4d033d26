package api

import (
	"net/http"
	"net/url"

	"faultline"
	"faultline/board/page"

	"github.com/gin-gonic/gin"
)

// maxScrapes bounds the reads of /metrics under way at once.
const maxScrapes = 4

// getHealth says that the process answers, and in further lines what a person should look
// after although it works.
//
// @ID       getHealth
// @Summary  The process is running
// @Tags     operations
// @Produce  plain
// @Success  200 {string} string "ok"
// @Router   /healthz [get]
func (a *api) getHealth(c *gin.Context, _ url.Values) error {
	writeText(c, "ok\n"+a.unwell())
	return nil
}

// unwell is what a person should look after, a line for each thing; "" for nothing.
func (a *api) unwell() string {
	if a.cfg.Unwell == nil {
		return ""
	}
	what := a.cfg.Unwell()
	if what == "" {
		return ""
	}
	return what + "\n"
}

// getReady says whether this node can be read.
//
// @ID       getReady
// @Summary  This node can answer readers
// @Description For load balancers. A node goes on answering while Redis is away, and says how old its answers are. /readyz/write says whether it takes reports and probes.
// @Tags     operations
// @Produce  plain
// @Success  200 {string} string "ready"
// @Failure  503 {object} Problem "why not"
// @Router   /readyz [get]
func (a *api) getReady(c *gin.Context, _ url.Values) error { return answerReady(c, a.cfg.Ready, "") }

// getWritable says whether this node takes what is to be written down.
//
// @ID       getWritable
// @Summary  This node takes reports and probes
// @Description For load balancers that send writes elsewhere than reads, and for alerting. The answer 503 names the cause, such as a wrong password of Redis, a full or read-only Redis, no leader, or a node that is behind the log. Further lines of the answer 200 name what a person should look after, such as a Redis that may delete keys or keeps no append-only file.
// @Tags     operations
// @Produce  plain
// @Success  200 {string} string "ready"
// @Failure  503 {object} Problem "why not"
// @Router   /readyz/write [get]
func (a *api) getWritable(c *gin.Context, _ url.Values) error {
	return answerReady(c, a.cfg.Writable, a.unwell())
}

// answerReady says that this node is ready, with notes for people, or why it is not.
func answerReady(c *gin.Context, ready func() error, notes string) error {
	if ready != nil {
		if err := ready(); err != nil {
			return &refusal{status: http.StatusServiceUnavailable, detail: "Not ready: " + err.Error() + "."}
		}
	}
	writeText(c, "ready\n"+notes)
	return nil
}

// getJWKS publishes the keys that tokens are signed with (RFC 7517).
//
// @ID       getKeySet
// @Summary  Public keys that verify tokens (RFC 7517)
// @Tags     operations
// @Produce  json
// @Success  200 {object} object
// @Header   200 {string} ETag "strong: the same body has the same one"
// @Router   /.well-known/jwks.json [get]
func (a *api) getJWKS(c *gin.Context, _ url.Values) error {
	p, err := page.New(a.cfg.Keys.JWKS()) // it changes with a rotation
	if err != nil {
		return err
	}
	page.Write(c.Writer, c.Request, p.Plain(), page.CacheDocuments)
	return nil
}

// getMetrics shows what the registry counts.
//
// @ID       getMetrics
// @Summary  Metrics of this node, for Prometheus
// @Tags     operations
// @Produce  plain
// @Success  200 {string} string "the Prometheus text format, or another that Accept asks for"
// @Failure  404 {object} Problem "they are served on the address for operators alone"
// @Router   /metrics [get]
func (a *api) getMetrics(c *gin.Context, _ url.Values) error {
	if a.cfg.PrivateMetrics {
		return faultline.ErrNotFound
	}
	a.scrape.ServeHTTP(c.Writer, c.Request)
	return nil
}

func writeText(c *gin.Context, text string) {
	h := c.Writer.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	c.Writer.WriteHeader(http.StatusOK)
	_, _ = c.Writer.WriteString(text)
}
