package probe

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"faultline"
)

// Details of answers over HTTP.
const (
	detailChallenge = "challenge" // a page that wants a browser to prove itself
	detailOrigin    = "origin"    // an edge says that what is behind it fails
	detailEdge      = "edge"      // the answer is a CDN's own
	detailShort     = "short"     // it ended before it said it would
	detailGarbage   = "garbage"   // it is no HTTP
	detailFlood     = "flood"     // its headers have no end
	detailRedirects = "redirects" // it leads on and on
)

// challenge is how a large CDN asks a prober to prove that it is a person. A
// browser would pass, so that it is no evidence of anything.
type challenge struct {
	header, value string // value: how it begins, lower case; empty: anything
	body          string // or what its page holds
}

// The providers' own words: Cloudflare "Challenge pages" and cf-mitigated; AWS
// WAF x-amzn-waf-action; Vercel x-vercel-mitigated; Imperva's and Sucuri's
// scripts; DataDome's and PerimeterX's headers; Akamai's reference page.
var challenges = []challenge{
	{header: "Cf-Mitigated", value: "challenge"},
	{header: "X-Amzn-Waf-Action"},
	{header: "X-Vercel-Mitigated"},
	{header: "X-Datadome", value: "protected"},
	{header: "X-Px-Block"},
	{header: "X-Sucuri-Block"},
	{body: "/cdn-cgi/challenge-platform/"},
	{body: "_Incapsula_Resource"},
	{body: "sucuri_cloudproxy_js"},
	{body: "awsWafCookieDomainList"},
	{body: "errors.edgesuite.net"},
	{body: "px-captcha"},
}

// isChallenge reports whether an answer is a challenge. An edge may put its
// script into pages that are well, so that a body counts only where the page is
// not: with an error, or as nearly all of a short page.
func isChallenge(status int, h http.Header, body []byte) bool {
	return slices.ContainsFunc(challenges, func(c challenge) bool {
		if c.header != "" {
			v, there := h[c.header]
			return there && len(v) > 0 && strings.HasPrefix(strings.ToLower(v[0]), c.value)
		}
		return (status >= 400 || len(body) < shortPage) && bytes.Contains(body, []byte(c.body))
	})
}

// shortPage is what a page of scripts alone measures, in bytes.
const shortPage = 2 << 10

// judgeAnswer reads status, headers and the beginning of the body of an answer.
func judgeAnswer(status int, h http.Header, body []byte, onCDN bool) (faultline.Symptom, string) {
	switch {
	case status == 401, status == 403, status == 407, status == 429, status == 451, status == 999:
		return faultline.SymptomBlocked, ""
	case isChallenge(status, h, body):
		return faultline.SymptomBlocked, detailChallenge
	case status < 400, status == http.StatusRequestedRangeNotSatisfiable:
		return faultline.SymptomOK, ""
	case status >= 600:
		return faultline.SymptomContent, detailGarbage
	}
	return faultline.Symptom("http_" + digits(status)), whose(status, h, onCDN)
}

// whose says, of an error, whether an edge speaks of itself or of what is behind
// it: 520 to 526 and 530 are Cloudflare's words for an origin that fails, 502
// and 504 anybody's for whom they asked (RFC 9110 section 15.6).
func whose(status int, h http.Header, onCDN bool) string {
	switch {
	case status >= 520 && status <= 526, status == 530:
		return detailOrigin
	case status < 500 || !onCDN:
		return ""
	case status == 502, status == 504, strings.HasPrefix(strings.ToLower(h.Get("X-Cache")), "error from cloudfront") && status != 503:
		return detailOrigin
	}
	return detailEdge
}

func digits(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}

// kept copies the headers that an observation carries; nil when there are none.
func (c *Checker) kept(h http.Header) http.Header {
	var out http.Header
	for _, name := range c.headers {
		if v, ok := h[name]; ok {
			if out == nil {
				out = make(http.Header, 4)
			}
			out[name] = v
		}
	}
	return out
}
