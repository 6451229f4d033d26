package probe

import (
	"bytes"
	"slices"
	"strings"

	"faultline"
)

// mark is one way in which a service that keeps robots out says so. It counts
// with one of its statuses alone: the same script stands in pages that are well
// and in error pages of an outage.
type mark struct {
	vendor string
	header string // its name, and how its value begins, lower case
	value  string
	body   string // or what the page holds
	// statuses that it is refused with; nil: any, as the header has no other meaning.
	statuses []int
	short    bool   // the page is nearly nothing but the mark
	source   string // where it is documented, or seen
}

// shortPage is what a page of scripts alone measures, in bytes. A real page that quotes
// the same words is larger, which is how the two are told apart.
const shortPage = 4 << 10

var (
	// statuses that services answer robots with
	denied   = []int{401, 403, 405, 406, 418, 429, 444, 512}
	deniedOr = func(more ...int) []int { return append(slices.Clone(denied), more...) }
	// statuses of pages that are well; some challenges use them as well
	wellStatus = []int{200, 202}
)

// marks is the table of refusals; docs/probing.md shows it. Each entry has its source.
// A mark that is wrong hides an outage (it stands in error pages too) or makes one up
// (a challenge counts as a failure), so entries are narrow.
var marks = []mark{
	{vendor: "Cloudflare", header: "Cf-Mitigated", value: "challenge",
		source: "https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/" +
			"detect-response"},
	// Before the header there was the page: 503 until 2022, 403 since. The script of
	// JavaScript detections, /cdn-cgi/challenge-platform/scripts/jsd/, stands in every
	// page of a zone that has it on, errors too, and is no mark.
	{
		vendor:   "Cloudflare",
		body:     "_cf_chl_opt",
		statuses: deniedOr(503),
		source:   "https://developers.cloudflare.com/cloudflare-challenges/",
	},
	{
		vendor:   "Cloudflare",
		body:     "/orchestrate/chl_page/",
		statuses: deniedOr(503),
		source:   "https://developers.cloudflare.com/cloudflare-challenges/",
	},
	{
		vendor:   "Cloudflare",
		body:     "/orchestrate/managed/",
		statuses: deniedOr(503),
		source:   "https://developers.cloudflare.com/cloudflare-challenges/",
	},
	{
		vendor:   "Cloudflare",
		body:     "/orchestrate/jsch/",
		statuses: deniedOr(503),
		source:   "https://developers.cloudflare.com/cloudflare-challenges/",
	},
	{vendor: "AWS WAF", header: "X-Amzn-Waf-Action",
		source: "https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge-actions.html"},
	{vendor: "AWS WAF", body: "awsWafCookieDomainList", statuses: deniedOr(200, 202), short: true,
		source: "https://docs.aws.amazon.com/waf/latest/developerguide/waf-captcha-and-challenge-actions.html"},
	{vendor: "Vercel", header: "X-Vercel-Mitigated", source: "https://vercel.com/docs/headers/response-headers"},
	// Imperva's script is in pages that are well, too; alone on a page it is the
	// challenge.
	{
		vendor:   "Imperva",
		body:     "_Incapsula_Resource",
		statuses: deniedOr(200),
		short:    true,
		source:   "https://docs.imperva.com/",
	},
	{
		vendor:   "Imperva",
		body:     "Incapsula incident ID",
		statuses: deniedOr(200),
		short:    true,
		source:   "https://docs.imperva.com/",
	},
	{
		vendor:   "Akamai",
		body:     "errors.edgesuite.net",
		statuses: deniedOr(428),
		source:   "https://techdocs.akamai.com/",
	},
	{
		vendor:   "Akamai",
		body:     "sec-if-cpt-container",
		statuses: deniedOr(200, 428),
		short:    true,
		source:   "https://techdocs.akamai.com/bot-manager/",
	},
	{
		vendor:   "Akamai",
		body:     "/_sec/cp_challenge/",
		statuses: deniedOr(200, 428),
		short:    true,
		source:   "https://techdocs.akamai.com/bot-manager/",
	},
	// DataDome sends its header with every answer of a site that it protects.
	{vendor: "DataDome", header: "X-Datadome", statuses: denied, source: "https://docs.datadome.co/"},
	{vendor: "DataDome", header: "X-Dd-B", statuses: denied, source: "https://docs.datadome.co/"},
	{
		vendor:   "DataDome",
		body:     "captcha-delivery.com",
		statuses: deniedOr(200),
		short:    true,
		source:   "https://docs.datadome.co/",
	},
	{vendor: "HUMAN", header: "X-Px-Block", statuses: denied, source: "https://docs.humansecurity.com/"},
	{
		vendor:   "HUMAN",
		body:     "px-captcha",
		statuses: deniedOr(200),
		short:    true,
		source:   "https://docs.humansecurity.com/applications/fastly-advanced-blocking-response",
	},
	{
		vendor:   "Sucuri",
		header:   "X-Sucuri-Block",
		statuses: denied,
		source:   "https://docs.sucuri.net/website-firewall/",
	},
	{
		vendor:   "Sucuri",
		body:     "sucuri_cloudproxy_js",
		statuses: deniedOr(200, 307),
		short:    true,
		source:   "https://docs.sucuri.net/website-firewall/",
	},
	{vendor: "Kasada", header: "X-Kpsdk-Ct", statuses: denied, source: "https://docs.kasada.io/"},
	{
		vendor:   "F5",
		body:     "The requested URL was rejected. Please consult with your administrator",
		statuses: deniedOr(200),
		short:    true,
		source:   "https://my.f5.com/manage/s/article/K7825",
	},
	{
		vendor:   "Wordfence",
		body:     "Generated by Wordfence",
		statuses: deniedOr(503),
		source:   "https://www.wordfence.com/help/blocking/",
	},
	{
		vendor:   "Amazon",
		body:     "api-services-support@amazon.com",
		statuses: deniedOr(200, 503),
		source:   "https://www.amazon.com/",
	},
	{
		vendor:   "Google",
		body:     "Our systems have detected unusual traffic",
		statuses: deniedOr(200, 503),
		source:   "https://support.google.com/websearch/answer/86640",
	},
	{
		vendor:   "Anubis",
		body:     "anubis_challenge",
		statuses: deniedOr(200),
		source:   "https://anubis.techaro.lol/docs/",
	},
	{
		vendor:   "DDoS-Guard",
		body:     "check.ddos-guard.net",
		statuses: deniedOr(200, 503),
		short:    true,
		source:   "https://ddos-guard.net/",
	},
	{vendor: "nginx", body: "No required SSL certificate was sent", statuses: []int{400, 403}, short: true,
		source: "https://nginx.org/en/docs/http/ngx_http_ssl_module.html#errors"},
	{vendor: "nginx", body: "The SSL certificate error", statuses: []int{400}, short: true,
		source: "https://nginx.org/en/docs/http/ngx_http_ssl_module.html#errors"},
}

// isChallenge reports whether an answer is the refusal of a service that keeps robots
// out. A browser would pass, so that it is no evidence of anything. All marks are
// tried, since a page may come from one service that stands behind another.
func isChallenge(a *answer) bool {
	for i := range marks {
		if marks[i].on(a) {
			return true
		}
	}
	return false
}

// on reports whether an answer carries the mark together with one of its statuses. A
// page that is well and long is no refusal, even if it holds the mark. The value of a
// header is compared by its beginning, in lower case, as services write it in several
// ways.
func (m *mark) on(a *answer) bool {
	if m.statuses != nil && !slices.Contains(m.statuses, a.status) {
		return false
	}
	if m.header != "" {
		return a.header.has(m.header) && strings.HasPrefix(strings.ToLower(a.header.get(m.header)), m.value)
	}
	if m.short && slices.Contains(wellStatus, a.status) && len(a.body) >= shortPage {
		return false
	}
	return bytes.Contains(a.body, []byte(m.body))
}

// judgeAnswer makes symptom and detail of an answer that was followed to its end, from
// its status, header and the beginning of its body. onCDN says that a CDN answered, api
// that the host is called by programs and may well answer 404 at its root. The order is
// that of certainty: a challenge first, an error status before a short page.
func judgeAnswer(a *answer, onCDN, api bool) (faultline.Symptom, string) {
	switch {
	case isChallenge(a):
		return faultline.SymptomBlocked, detailChallenge
	case api && faultline.APIAnswers(a.status):
		return faultline.SymptomOK, ""
	case faultline.StatusRefuses(a.status):
		return faultline.SymptomBlocked, ""
	case a.asksFor && (a.status == 400 || a.status == 495 || a.status == 496):
		return faultline.SymptomBlocked, detailClientCert
	case a.status >= 600:
		return faultline.SymptomContent, detailGarbage
	case a.status >= 400 && a.status != 416: // 416: the page is shorter than what we asked for
		return faultline.Symptom("http_" + digits(a.status)), whose(a, onCDN)
	case a.encoded:
		return faultline.SymptomContent, detailEncoding
	case a.short:
		return faultline.SymptomContent, detailShort
	}
	return faultline.SymptomOK, ""
}

// originMarks are headers by which an edge says that what is behind it failed.
var originMarks = []string{"X-Vercel-Error", "X-Azure-Externalerror"}

// whose says, of an error, whether an edge speaks of itself or of what is behind it:
// 520 to 526 and 530 are Cloudflare's words for an origin that fails, 502 and 504
// anybody's for whom they asked (RFC 9110 section 15.6). The detail leads to another
// cause: an origin that fails is the site's own trouble, and a failing edge is that of
// every site behind it.
func whose(a *answer, onCDN bool) string {
	switch {
	case a.status >= 520 && a.status <= 526, a.status == 530:
		return detailOrigin
	case a.status >= 500 && slices.ContainsFunc(originMarks, a.header.has):
		return detailOrigin
	case a.status < 500 || !onCDN:
		return ""
	case a.status == 502, a.status == 504:
		return detailOrigin
	case a.status != 503 && strings.HasPrefix(strings.ToLower(a.header.get("X-Cache")), "error from cloudfront"):
		return detailOrigin
	}
	return detailEdge
}

// digits writes a status with its three digits, without the allocation of fmt.
func digits(n int) string {
	return string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)})
}
