package api

import (
	"crypto/x509"
	"net/http"
	"slices"
	"strings"

	"faultline/api/token"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
)

// A certificate names a vantage by a URI of this form among its alternative names:
// spiffe://DOMAIN/vantage/NAME (X.509-SVID, section 2 of the SPIFFE standard). The domain is up
// to the operator, because the authority already says whose certificates are taken.
const (
	schemeOfNames = "spiffe"
	pathOfNames   = "/vantage/"
)

// Why a certificate was not enough.
const (
	uncertifiedNone    = "none"
	uncertifiedUnnamed = "unnamed"
	uncertifiedOther   = "other_vantage"
)

// refusedCertificates counts requests whose client certificate was not enough.
func refusedCertificates(reg prometheus.Registerer) *prometheus.CounterVec {
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "faultline_client_certificates_refused_total",
		Help: "Requests of agents and operators refused for their client certificate: there is none (none), " +
			"it names no vantage though it must (unnamed), or another one than the token (other_vantage).",
	}, []string{"reason"})
	for _, why := range []string{uncertifiedNone, uncertifiedUnnamed, uncertifiedOther} {
		refused.WithLabelValues(why)
	}
	reg.MustRegister(refused)
	return refused
}

// certified refuses agents and operators without a certificate, where the node wants one. One
// that is not of its authorities does not get as far as this: there is no connection then.
// Keys that people make for webhooks, and other programs' alerts, need none.
func (a *api) certified(c *gin.Context, scope string) error {
	if !a.wantsCertificate(scope) || certificateOf(c) != nil {
		return nil
	}
	a.uncertified.WithLabelValues(uncertifiedNone).Inc()
	return &refusal{status: http.StatusForbidden,
		detail: "A client certificate is needed here, besides the token. This server's operator issues it."}
}

// certifiedAs refuses a token of another vantage than the one that the certificate names: a
// token that was stolen is then of no use to whoever has the key of another machine. An
// operator's token is refused in this way too, or any agent's machine could use it.
func (a *api) certifiedAs(c *gin.Context, scope string, who token.Claims) error {
	if !a.wantsCertificate(scope) {
		return nil
	}
	named := vantagesOf(certificateOf(c))
	switch {
	case len(named) == 0 && a.cfg.NamedCertificates && scope == token.ScopeProbes:
		a.uncertified.WithLabelValues(uncertifiedUnnamed).Inc()
		return &refusal{status: http.StatusForbidden,
			detail: "The client certificate names no vantage. This server's operator issues one that does."}
	case len(named) == 0 || slices.Contains(named, who.Subject):
		return nil
	}
	a.uncertified.WithLabelValues(uncertifiedOther).Inc()
	return &refusal{status: http.StatusForbidden,
		detail: "The client certificate names another vantage than the token."}
}

// wantsCertificate reports whether a scope is one of agents or operators, on a node that wants
// certificates of them.
func (a *api) wantsCertificate(scope string) bool {
	switch scope {
	case token.ScopeProbes, token.ScopeAnnotate, token.ScopeAdmin:
		return a.cfg.ClientCertificates
	}
	return false
}

// certificateOf is the client's certificate, which an authority of the node has signed; nil:
// there is none.
func certificateOf(c *gin.Context) *x509.Certificate {
	if c.Request.TLS == nil || len(c.Request.TLS.VerifiedChains) == 0 {
		return nil
	}
	return c.Request.TLS.VerifiedChains[0][0]
}

// vantagesOf are those that a certificate names. A name that can't be a vantage's is kept: it
// fits no token, so that a slip of the pen gives no machine more than it should have.
func vantagesOf(cert *x509.Certificate) (named []string) {
	if cert == nil {
		return nil
	}
	for _, uri := range cert.URIs {
		if name, ok := strings.CutPrefix(uri.Path, pathOfNames); ok && uri.Scheme == schemeOfNames {
			named = append(named, name)
		}
	}
	return named
}
