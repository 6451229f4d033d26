package main

import (
	"cmp"
	"slices"
	"strings"

	"faultline/api/token"
)

// ask is one request, and the answer that it should get. Each ask becomes an example of
// the OpenAPI document, and a test holds its status. A new route needs one for each
// status that it may answer.
type ask struct {
	// It is the id that the handler's annotation gives, so that an example is found when
	// a route moves.
	operation string // in the document
	path      string // may hold {id}, the incident of the drill
	media     string // of the body that is sent; empty: a GET
	body      string
	scope     string // of the token that it carries for the vantage lon-1; empty: none
	hurried   bool   // it is one too many
	forged    bool   // its token is not one of ours
	subject   string // of the token; empty: lon-1
	method    string // if it is not POST with a body, and GET without
	// Every read is asked of such a node as well, since 503 is what programs meet when a
	// deployment starts.
	cold   bool   // asked of a node that knows nothing yet and can't reach the log
	status int    // of the answer
	kind   string // of the answer's body: json, sse or txt
	spoilt string // the query of a read that is refused; empty: one of an unknown key
}

// reads are the requests that any node answers from its memory. Each operation of the
// document that reads must be among them.
var reads = []ask{
	{operation: "getIncidents", path: "/v1/incidents?state=open&limit=1", kind: "json"},
	{operation: "getIncidentsCSV", path: "/v1/incidents.csv?state=open&limit=1", kind: "csv"},
	{operation: "getIncident", path: "/v1/incidents/{id}", kind: "json"},
	{operation: "getIncidentSites", path: "/v1/incidents/{id}/sites", kind: "json"},
	{operation: "getIncidentRevisions", path: "/v1/incidents/{id}/revisions?limit=3", kind: "json"},
	{operation: "getIncidentTimeline", path: "/v1/incidents/{id}/timeline", kind: "json"},
	{operation: "getIncidentRevision", path: "/v1/incidents/{id}/revisions/1", kind: "json"},
	{operation: "getSites", path: "/v1/sites?state=down&limit=3", kind: "json"},
	{operation: "getSitesCSV", path: "/v1/sites.csv?state=down&limit=3", kind: "csv"},
	{operation: "getComponents", path: "/v1/components?kind=cdn&limit=3", kind: "json"},
	{operation: "getComponentsCSV", path: "/v1/components.csv?kind=cdn&limit=3", kind: "csv"},
	{operation: "getSite", path: "/v1/sites/bbc.co.uk", kind: "json"},
	{operation: "getSiteSeries",
		path: "/v1/sites/bbc.co.uk/series?since=2021-06-08T09:45:00Z&until=2021-06-08T09:55:00Z", kind: "json"},
	{operation: "getComponentSeries",
		path: "/v1/components/cdn/fastly/series?since=2021-06-08T09:45:00Z&until=2021-06-08T09:55:00Z", kind: "json"},
	{operation: "getComponent", path: "/v1/components/cdn/fastly", kind: "json"},
	{operation: "getProviders", path: "/v1/providers?state=down&limit=3", kind: "json"},
	{operation: "getProvidersCSV", path: "/v1/providers.csv?state=down&limit=3", kind: "csv"},
	{operation: "getProvider", path: "/v1/providers/fastly", kind: "json"},
	{operation: "getVerdict", path: "/v1/verdict?site=bbc.co.uk", kind: "json"},
	{operation: "getStack", path: "/v1/stack?of=bbc.co.uk,google.com,cdn:fastly,internal.example", kind: "json"},
	{operation: "getStackCSV", path: "/v1/stack.csv?of=bbc.co.uk,google.com,cdn:fastly", kind: "csv"},
	{operation: "getStackMetrics", path: "/metrics/stack?of=bbc.co.uk,google.com,cdn:fastly", kind: "txt",
		spoilt: "of="},
	{operation: "getBadge", path: "/badge.svg?of=cdn:fastly", kind: "svg", spoilt: "of="},
	{operation: "getShieldsBadge", path: "/badge.json?of=cdn:fastly&label=our+CDN", kind: "json", spoilt: "of="},
	{operation: "getCalendar", path: "/feed.ics?of=cdn:fastly", kind: "ics", spoilt: "kind=fastly"},
	{operation: "getSearch", path: "/v1/search?q=fas", kind: "json"},
	{operation: "getSiteSeriesCSV",
		path: "/v1/sites/bbc.co.uk/series.csv?since=2021-06-08T09:45:00Z&until=2021-06-08T09:55:00Z", kind: "csv"},
	{operation: "getComponentSeriesCSV",
		path: "/v1/components/cdn/fastly/series.csv?since=2021-06-08T09:45:00Z&until=2021-06-08T09:55:00Z",
		kind: "csv"},
	{operation: "getIncidentMetrics", path: "/v1/metrics/incidents", kind: "txt"},
	{operation: "getAtom", path: "/feed.atom?cause=cdn:fastly", kind: "atom", spoilt: "state=down"},
	{operation: "getJSONFeed", path: "/feed.json?site=bbc.co.uk", kind: "feed", spoilt: "kind=fastly"},
	{operation: "getOEmbed", path: "/oembed?url=https://faultline.example/site/bbc.co.uk", kind: "json",
		spoilt: "url="},
	{operation: "getStatuspage", path: "/statuspage/api/v2/summary.json", kind: "json"},
	{operation: "getStatuspageList", path: "/statuspage/api/v2/incidents/unresolved.json", kind: "json"},
	{operation: "getRootStatuspage", path: "/api/v2/status.json", kind: "json"},
	{operation: "getRootStatuspageList", path: "/api/v2/incidents/unresolved.json", kind: "json"},
	{operation: "getComponentStatuspage", path: "/statuspage/cdn/fastly/api/v2/summary.json", kind: "json"},
	{operation: "getStatuspageHistory", path: "/statuspage/history.atom", kind: "atom"},
	{operation: "getRootHistory", path: "/history.atom", kind: "atom"},
	{operation: "getComponentHistory", path: "/statuspage/cdn/fastly/history.atom", kind: "atom"},
	{operation: "getComponentStatuspageList", path: "/statuspage/cdn/fastly/api/v2/incidents/unresolved.json",
		kind: "json"},
	{operation: "getBlastRadius", path: "/v1/components/cdn/fastly/blast-radius", kind: "json"},
	{operation: "getProviderRadius", path: "/v1/providers/fastly/blast-radius?country=GB", kind: "json"},
	{operation: "getConcentration", path: "/v1/concentration?kind=cdn&by=service&limit=3", kind: "json"},
	{operation: "getConcentrationCSV", path: "/v1/concentration.csv?kind=cdn&limit=3", kind: "csv"},
	{operation: "getConcentrationHistory", path: "/v1/concentration/history?kind=cdn&since=2021-06-01", kind: "json"},
	{operation: "getConcentrationHistoryCSV", path: "/v1/concentration/history.csv?kind=cdn&since=2021-06-01",
		kind: "csv"},
	{operation: "getFirebreaks", path: "/v1/concentration/firebreaks?limit=3", kind: "json"},
	{operation: "getFirebreaksCSV", path: "/v1/concentration/firebreaks.csv?limit=3", kind: "csv"},
	{operation: "getScorecard", path: "/v1/scorecard", kind: "json"},
	{operation: "getSummary", path: "/v1/summary", kind: "json"},
	{operation: "getStream", path: "/v1/stream?snapshot=1", kind: "sse", spoilt: "snapshot=yes"},
	{operation: "getCheck", path: "/v1/checks/" + checkedID, kind: "json"},
	{operation: "getReady", path: "/readyz", kind: "txt"},
	{operation: "getWritable", path: "/readyz/write", kind: "txt"},
}

// limitedOthers is how many of others, from the first on, count against a quota; the
// rest are files that caches and verifiers ask for.
// It is a position in the list below: whoever inserts a row there looks at this number
// too.
const limitedOthers = 12

// others are answered whatever a node knows.
var others = []ask{
	{operation: "getPush", path: pathOfPush, kind: "json"},
	{operation: "getRecord", path: "/v1/record", kind: "json"},
	{operation: "getIncidentRevisionProof", path: "/v1/incidents/{id}/revisions/1/proof", kind: "txt"},
	{operation: "getRecordCheckpoint", path: "/record/checkpoint", kind: "txt"},
	{operation: "getRecordTile", path: "/record/tile/entries%2F000.p%2F1", kind: "bin"},
	{operation: "getDumps", path: "/dumps/index.json", kind: "json"},
	{operation: "getDump", path: "/dumps/" + dumpedDay + "/LICENCE.txt", kind: "txt"},
	{operation: "getDump", path: "/dumps/" + dumpedDay + "/sites.ndjson.gz", kind: "bin"},
	{operation: "getVantages", path: "/v1/vantages", kind: "json"},
	{operation: "getReplays", path: "/v1/replays", kind: "json"},
	{operation: "getReplay", path: "/v1/replays/cloudflare-2025-12-05", kind: "json"},
	{operation: "getReplayRevision", path: "/v1/replays/cloudflare-2025-12-05/revisions/1", kind: "json"},
	{operation: "getKeySet", path: "/.well-known/jwks.json", kind: "json"},
	{operation: "getRecordKeys", path: "/.well-known/faultline-keys", kind: "json"},
	{operation: "getHealth", path: "/healthz", kind: "txt"},
}

const (
	oneQuestion = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"verdict",` +
		`"arguments":{"name":"fastly"}}}`

	oneCheck  = `{"site":"https://corner-shop.com"}`
	oneReport = `{"site":"https://www.bbc.co.uk/news","symptom":"http_503"}`
	twoProbes = `[{"at":"2021-06-08T10:04:58.011Z","site":"bbc.co.uk","symptom":"http_503","status":503,` +
		`"latency_ms":182,"via":["cdn:fastly"]},` +
		`{"at":"2021-06-08T10:04:58.240Z","site":"bbc.co.uk","vantage":"nyc-1","symptom":"ok","status":200}]`
	twoLines = `{"type":"probe","at":"2021-06-08T10:04:59.011Z","site":"bbc.co.uk","vantage":"lon-1",` +
		`"symptom":"http_503","status":503,"latency_ms":182}` + "\n" +
		`{"type":"probe","at":"2021-06-08T10:04:59.240Z","site":"bbc.co.uk","vantage":"nyc-1","symptom":"ok",` +
		`"status":200}` + "\n"
)

// What monitoring programs send.
const (
	oneAlertmanager = `{"receiver":"faultline","status":"firing","alerts":[{"status":"firing",` +
		`"labels":{"alertname":"ProbeFailed","instance":"https://www.bbc.co.uk","job":"blackbox"},` +
		`"annotations":{},"startsAt":"2021-06-08T09:50:00Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"",` +
		`"fingerprint":"1a30ba71cca2921f"}],` +
		`"groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"","version":"4","groupKey":"{}:{}",` +
		`"truncatedAlerts":0}`
	oneKuma = `{"heartbeat":{"monitorID":7,"status":0,"time":"2021-06-08 09:51:03.120",` +
		`"msg":"Request failed with status code 503","important":true,"duration":60},` +
		`"monitor":{"id":7,"name":"BBC","url":"https://www.bbc.co.uk","hostname":null,"type":"http",` +
		`"upsideDown":false},"msg":"[BBC] [🔴 Down] Request failed with status code 503"}`
	oneGatus = `{"site":"https://www.bbc.co.uk","status":"TRIGGERED","key":"news/bbc"}`
)

// inbound are the routes of monitoring programs, each with a message and its scope.
var inbound = []ask{
	{operation: "postAlertmanager", path: "/v1/inbound/alertmanager", body: oneAlertmanager,
		scope: token.ScopeAlertmanager},
	{operation: "postUptimeKuma", path: "/v1/inbound/uptime-kuma", body: oneKuma, scope: token.ScopeUptimeKuma},
	{operation: "postGatus", path: "/v1/inbound/gatus", body: oneGatus, scope: token.ScopeGatus},
}

// inboundAsks are the answers that each of them may get, made from one message by
// spoiling it in one way.
func inboundAsks() (all []ask) {
	for _, a := range inbound {
		a.media = mediaJSON
		// Each change spoils one thing alone, so that the status that comes back has one
		// reason.
		for status, change := range map[int]func(*ask){
			202: func(*ask) {},
			400: func(a *ask) { a.body = `[7]` },
			401: func(a *ask) { a.scope = "" },
			403: func(a *ask) { a.scope = token.ScopeProbes },
			413: func(a *ask) { a.body = strings.Repeat(" ", 2<<20) },
			415: func(a *ask) { a.media = "text/plain" },
			429: func(a *ask) { a.hurried = true },
			503: func(a *ask) { a.cold = true },
		} {
			b := a
			b.status = status
			change(&b)
			all = append(all, b)
		}
	}
	// A map has no order, and examples must be written in the same one each time.
	slices.SortFunc(all, func(a, b ask) int {
		return cmp.Or(cmp.Compare(a.operation, b.operation), cmp.Compare(a.status, b.status))
	})
	return all
}

// writes are what people and vantages send.
var writes = []ask{
	{operation: "postMCP", path: "/mcp", media: mediaJSON, body: oneQuestion, status: 200},
	{operation: "postMCP", path: "/mcp", media: mediaJSON, body: `{"verdict":"?"}`, status: 400},
	{operation: "postMCP", path: "/mcp", media: mediaJSON, body: strings.Repeat(" ", 65<<10), status: 413},
	{operation: "postMCP", path: "/mcp", media: "text/plain", body: oneQuestion, status: 415},
	{operation: "postReport", path: "/v1/reports", media: mediaJSON, body: oneReport, status: 202},
	{operation: "postReport", path: "/v1/reports", media: mediaJSON, body: `{"site":"192.0.2.1"}`, status: 400},
	{operation: "postReport", path: "/v1/reports", media: mediaJSON, body: strings.Repeat(" ", 5<<10), status: 413},
	{operation: "postReport", path: "/v1/reports", media: "text/plain", body: "bbc.co.uk", status: 415},
	{operation: "postReport", path: "/v1/reports", media: mediaJSON, body: oneReport, hurried: true, status: 429},
	{operation: "postReport", path: "/v1/reports", media: mediaJSON, body: oneReport, cold: true, status: 503},
	{operation: "postCheck", path: "/v1/checks", media: mediaJSON, body: oneCheck, status: 202},
	{operation: "postCheck", path: "/v1/checks", media: mediaJSON, body: `{"site":"bbc.co.uk"}`, status: 200},
	{operation: "postCheck", path: "/v1/checks", media: mediaJSON, body: `{"site":"192.0.2.1"}`, status: 400},
	{operation: "postCheck", path: "/v1/checks", media: mediaJSON, body: strings.Repeat(" ", 5<<10), status: 413},
	{operation: "postCheck", path: "/v1/checks", media: "text/plain", body: "corner-shop.com", status: 415},
	{operation: "postCheck", path: "/v1/checks", media: mediaJSON, body: oneCheck, hurried: true, status: 429},
	{operation: "postCheck", path: "/v1/checks", media: mediaJSON, body: oneCheck, cold: true, status: 503},
	{operation: "postProbes", path: "/v1/probes", media: mediaJSON, body: twoProbes, scope: token.ScopeProbes,
		status: 202},
	{operation: "postProbes", path: "/v1/probes", media: mediaNDJSON, body: twoLines, scope: token.ScopeProbes,
		status: 202},
	{operation: "postProbes", path: "/v1/probes", media: mediaJSON, body: `[{"site":"bbc.co.uk"}]`,
		scope: token.ScopeProbes, status: 400},
	{operation: "postProbes", path: "/v1/probes", media: mediaNDJSON, body: twoLines, status: 401},
	{operation: "postProbes", path: "/v1/probes", media: mediaNDJSON, body: twoLines, scope: "webhooks:write",
		status: 403},
	{operation: "postProbes", path: "/v1/probes", media: mediaNDJSON, body: strings.Repeat("{}\n", 5001),
		scope: token.ScopeProbes, status: 413},
	{operation: "postProbes", path: "/v1/probes", media: "text/plain", body: twoLines, scope: token.ScopeProbes,
		status: 415},
	{operation: "postProbes", path: "/v1/probes", media: mediaNDJSON, body: twoLines, scope: token.ScopeProbes,
		hurried: true, status: 429},
	{operation: "postProbes", path: "/v1/probes", media: mediaNDJSON, body: twoLines, scope: token.ScopeProbes,
		cold: true, status: 503},
	{operation: "getProbesWork", path: "/v1/probes/work?state=ok", scope: token.ScopeProbes, status: 200},
	{operation: "getProbesWork", path: "/v1/probes/work?state=tired", scope: token.ScopeProbes, status: 400},
	{operation: "getProbesWork", path: "/v1/probes/work", status: 401},
	{operation: "getProbesWork", path: "/v1/probes/work", scope: "webhooks:write", status: 403},
	{operation: "getProbesWork", path: "/v1/probes/work", scope: token.ScopeProbes, cold: true, status: 503},
}

// oneToken asks for a token.
//
//nolint:gosec // it asks for a token and is none
const oneToken = `{"subject":"lon-1","scopes":["probes:write"],"asn":20473,"country":"GB","ttl_s":2592000}`

// oneVantage adds a vantage.
const oneVantage = `{"vantage":"lon-1","asn":20473,"country":"GB"}`

// vantages are what an operator does with the places that checks are made from.
var vantages = []ask{
	{operation: "postVantage", path: "/v1/vantages", media: mediaJSON, body: oneVantage, scope: token.ScopeAdmin,
		status: 201},
	{operation: "postVantage", path: "/v1/vantages", media: mediaJSON, body: `{"vantage":"lon 1"}`,
		scope: token.ScopeAdmin, status: 400},
	{operation: "postVantage", path: "/v1/vantages", media: mediaJSON, body: oneVantage, status: 401},
	{operation: "postVantage", path: "/v1/vantages", media: mediaJSON, body: oneVantage, scope: token.ScopeProbes,
		status: 403},
	{operation: "postVantage", path: "/v1/vantages", media: mediaJSON, body: strings.Repeat(" ", 5<<10),
		scope: token.ScopeAdmin, status: 413},
	{operation: "postVantage", path: "/v1/vantages", media: "text/plain", body: oneVantage, scope: token.ScopeAdmin,
		status: 415},
	{operation: "postVantage", path: "/v1/vantages", media: mediaJSON, body: oneVantage, scope: token.ScopeAdmin,
		cold: true, status: 503},
	{operation: "deleteVantage", path: "/v1/vantages/not%20a%20name", method: "DELETE", scope: token.ScopeAdmin,
		status: 400},
	{operation: "deleteVantage", path: "/v1/vantages/lon-1", method: "DELETE", status: 401},
	{operation: "deleteVantage", path: "/v1/vantages/lon-1", method: "DELETE", scope: token.ScopeProbes, status: 403},
	{operation: "deleteVantage", path: "/v1/vantages/nobody", method: "DELETE", scope: token.ScopeAdmin, status: 404},
	{operation: "deleteVantage", path: "/v1/vantages/lon-1", method: "DELETE", scope: token.ScopeAdmin, cold: true,
		status: 503},
}

// tokens are what an administrator asks for.
var tokens = []ask{
	{operation: "postToken", path: "/v1/tokens", media: mediaJSON, body: oneToken, scope: token.ScopeAdmin,
		status: 201},
	{operation: "postToken", path: "/v1/tokens", media: mediaJSON, body: `{"subject":"lon 1","scopes":[]}`,
		scope: token.ScopeAdmin, status: 400},
	{operation: "postToken", path: "/v1/tokens", media: mediaJSON, body: oneToken, status: 401},
	{operation: "postToken", path: "/v1/tokens", media: mediaJSON, body: oneToken, scope: token.ScopeProbes,
		status: 403},
	{operation: "postToken", path: "/v1/tokens", media: mediaJSON, body: strings.Repeat(" ", 5<<10),
		scope: token.ScopeAdmin, status: 413},
	{operation: "postToken", path: "/v1/tokens", media: "text/plain", body: oneToken, scope: token.ScopeAdmin,
		status: 415},
	{operation: "postToken", path: "/v1/tokens", media: mediaJSON, body: oneToken, scope: token.ScopeAdmin, cold: true,
		status: 503},
	{operation: "deleteToken", path: "/v1/tokens/not%20an%20id", method: "DELETE", scope: token.ScopeAdmin,
		status: 400},
	{operation: "deleteToken", path: "/v1/tokens/8J0mVZhCq1yWb5cXo2Jq4w", method: "DELETE", status: 401},
	{operation: "deleteToken", path: "/v1/tokens/8J0mVZhCq1yWb5cXo2Jq4w", method: "DELETE", scope: token.ScopeProbes,
		status: 403},
	{operation: "deleteToken", path: "/v1/tokens/8J0mVZhCq1yWb5cXo2Jq4w", method: "DELETE", scope: token.ScopeAdmin,
		cold: true, status: 503},
}

// oneWebhook asks for a webhook.
const oneWebhook = `{"url":"https://example.com/hooks/faultline","filter":"state=confirmed,resolved&kind=cdn"}`

// oneStatement is what an operator adds to an incident of what its provider published.
const oneStatement = `{"type":"statement",` +
	`"text":"We are currently investigating potential impact to performance with our CDN services.",` +
	`"status":"investigating","source":"status page","at":"2021-06-08T09:58:00Z"}`

// annotations are what is said of incidents.
var annotations = []ask{
	{operation: "postAnnotation", path: "/v1/incidents/{id}/annotations", media: mediaJSON, body: oneStatement,
		scope: token.ScopeAnnotate, status: 202},
	{operation: "postAnnotation", path: "/v1/incidents/{id}/annotations", media: mediaJSON, body: `{"type":"verdict"}`,
		scope: token.ScopeAnnotate, status: 400},
	{operation: "postAnnotation", path: "/v1/incidents/{id}/annotations", media: mediaJSON, body: oneStatement,
		status: 401},
	{operation: "postAnnotation", path: "/v1/incidents/{id}/annotations", media: mediaJSON, body: oneStatement,
		scope: token.ScopeReports, status: 403},
	{operation: "postAnnotation", path: "/v1/incidents/inc_0/annotations", media: mediaJSON, body: oneStatement,
		scope: token.ScopeAnnotate, status: 404},
	{operation: "postAnnotation", path: "/v1/incidents/" + causelessID + "/annotations", media: mediaJSON,
		body: oneStatement, scope: token.ScopeAnnotate, status: 409},
	{operation: "postAnnotation", path: "/v1/incidents/{id}/annotations", media: mediaJSON,
		body: strings.Repeat(" ", 17<<10), scope: token.ScopeAnnotate, status: 413},
	{operation: "postAnnotation", path: "/v1/incidents/{id}/annotations", media: "text/plain", body: oneStatement,
		scope: token.ScopeAnnotate, status: 415},
	{operation: "postAnnotation", path: "/v1/incidents/{id}/annotations", media: mediaJSON, body: oneStatement,
		scope: token.ScopeAnnotate, cold: true, status: 503},
}

// webhooks are what those who want messages ask for.
var webhooks = []ask{
	{operation: "postWebhook", path: "/v1/webhooks", media: mediaJSON, body: oneWebhook, scope: token.ScopeWebhooks,
		status: 201},
	{operation: "postWebhook", path: "/v1/webhooks", media: mediaJSON, body: `{"url":"http://10.0.0.1/"}`,
		scope: token.ScopeWebhooks, status: 400},
	{operation: "postWebhook", path: "/v1/webhooks", media: mediaJSON, body: oneWebhook, status: 401},
	{operation: "postWebhook", path: "/v1/webhooks", media: mediaJSON, body: oneWebhook, scope: token.ScopeProbes,
		status: 403},
	{operation: "postWebhook", path: "/v1/webhooks", media: mediaJSON, body: oneWebhook, scope: token.ScopeWebhooks,
		subject: busySubject, status: 409},
	{operation: "postWebhook", path: "/v1/webhooks", media: mediaJSON, body: strings.Repeat(" ", 17<<10),
		scope: token.ScopeWebhooks, status: 413},
	{operation: "postWebhook", path: "/v1/webhooks", media: "text/plain", body: oneWebhook, scope: token.ScopeWebhooks,
		status: 415},
	{operation: "postWebhook", path: "/v1/webhooks", media: mediaJSON, body: oneWebhook, scope: token.ScopeWebhooks,
		cold: true, status: 503},
	{operation: "getWebhooks", path: "/v1/webhooks", scope: token.ScopeWebhooks, status: 200},
	{operation: "getWebhooks", path: "/v1/webhooks?colour=blue", scope: token.ScopeWebhooks, status: 400},
	{operation: "getWebhooks", path: "/v1/webhooks", status: 401},
	{operation: "getWebhooks", path: "/v1/webhooks", scope: token.ScopeProbes, status: 403},
	{operation: "getWebhooks", path: "/v1/webhooks", scope: token.ScopeWebhooks, cold: true, status: 503},
	{operation: "deleteWebhook", path: "/v1/webhooks/wh_example?colour=blue", method: "DELETE",
		scope: token.ScopeWebhooks, status: 400},
	{operation: "deleteWebhook", path: "/v1/webhooks/wh_example", method: "DELETE", status: 401},
	{operation: "deleteWebhook", path: "/v1/webhooks/wh_example", method: "DELETE", scope: token.ScopeProbes,
		status: 403},
	{operation: "deleteWebhook", path: "/v1/webhooks/wh_0", method: "DELETE", scope: token.ScopeWebhooks, status: 404},
	{operation: "deleteWebhook", path: "/v1/webhooks/wh_example", method: "DELETE", scope: token.ScopeWebhooks,
		cold: true, status: 503},
	{operation: "postWebhookTest", path: "/v1/webhooks/wh_example/test?colour=blue", method: "POST",
		scope: token.ScopeWebhooks, status: 400},
	{operation: "postWebhookTest", path: "/v1/webhooks/wh_example/test", method: "POST", status: 401},
	{operation: "postWebhookTest", path: "/v1/webhooks/wh_example/test", method: "POST", scope: token.ScopeProbes,
		status: 403},
	{operation: "postWebhookTest", path: "/v1/webhooks/wh_0/test", method: "POST", scope: token.ScopeWebhooks,
		status: 404},
	{operation: "postWebhookTest", path: "/v1/webhooks/wh_example/test", method: "POST", scope: token.ScopeWebhooks,
		cold: true, status: 503},
}

// asks are all the requests whose answers are examples of the document, in an order
// that does not change.
// Statuses of one operation may come from several lists: the order decides nothing, as
// files are named by operation and status.
func asks() []ask {
	all := slices.Concat(writes, inboundAsks(), annotations, tokens, vantages, webhooks, keyAsks, pushAsks,
		pushReads, missing)
	all = append(all,
		hasty(slices.Concat(writes, annotations, tokens, vantages, webhooks, keyAsks, pushAsks, ended, keysEnded,
			pushEnded))...)
	for i := range all {
		all[i].kind = "json"
	}
	for _, a := range slices.Concat(reads, others) {
		good, unknown := a, a
		good.status = 200
		unknown.path, unknown.status, unknown.kind = strings.Split(a.path, "?")[0]+"?"+
			cmp.Or(a.spoilt, "colour=blue"), 400, "json"
		// A read that ignores what it does not know cannot be spoilt by a query.
		if all = append(all, good); !slices.Contains(open, a.operation) {
			all = append(all, unknown)
		}
	}
	all = append(all, refusedReads("getSummary")...) // one example for all
	for _, a := range reads {
		a.cold, a.status, a.kind = true, 503, "json"
		all = append(all, a)
	}
	return all
}
