package main

import (
	"slices"

	"faultline/api/token"
)

// The requests that are refused, each for a reason that the document names.

// ended are what is taken without a body to show for it.
// Their answers have no body, so that there is an example of the request alone.
var ended = []ask{
	{operation: "postMCP", path: "/mcp", media: mediaJSON,
		body: `{"jsonrpc":"2.0","method":"notifications/initialized"}`, status: 202},
	{operation: "deleteToken", path: "/v1/tokens/8J0mVZhCq1yWb5cXo2Jq4w", method: "DELETE", scope: token.ScopeAdmin,
		status: 204},
	{operation: "deleteVantage", path: "/v1/vantages/lon-1", method: "DELETE", scope: token.ScopeAdmin, status: 204},
	{operation: "deleteWebhook", path: "/v1/webhooks/wh_example", method: "DELETE", scope: token.ScopeWebhooks,
		status: 204},
	{operation: "postWebhookTest", path: "/v1/webhooks/wh_example/test", method: "POST", scope: token.ScopeWebhooks,
		status: 202},
}

// missing are reads of what there is not.
var missing = []ask{
	{operation: "getIncident", path: "/v1/incidents/inc_0", status: 404},
	{operation: "getIncidentSites", path: "/v1/incidents/inc_0/sites", status: 404},
	{operation: "getIncidentRevision", path: "/v1/incidents/{id}/revisions/4000", status: 404},
	{operation: "getIncidentRevisions", path: "/v1/incidents/inc_0/revisions", status: 404},
	{operation: "getIncidentRevisionProof", path: "/v1/incidents/inc_0/revisions/1/proof", status: 404},
	{operation: "getRecordCheckpoint", path: "/record/checkpoint", cold: true, status: 404},
	{operation: "getRecordTile", path: "/record/tile/0%2F001", status: 404},
	{operation: "getDump", path: "/dumps/2021-06-06/LICENCE.txt", status: 404},
	{operation: "getIncidentTimeline", path: "/v1/incidents/inc_0/timeline", status: 404},
	{operation: "getSite", path: "/v1/sites/nobody-calls-a-site-this.com", status: 404},
	{operation: "getCheck", path: "/v1/checks/guessed.corner-shop.com", status: 404},
	{operation: "getSiteSeries", path: "/v1/sites/nobody-calls-a-site-this.com/series", status: 404},
	{operation: "getComponentSeries", path: "/v1/components/cdn/nobody-calls-a-cdn-this/series", status: 404},
	{operation: "getComponent", path: "/v1/components/cdn/nobody-calls-a-cdn-this", status: 404},
	{operation: "getBlastRadius", path: "/v1/components/cdn/nobody-calls-a-cdn-this/blast-radius", status: 404},
	{operation: "getProviderRadius", path: "/v1/providers/nobody-calls-a-provider-this/blast-radius", status: 404},
	{operation: "getProvider", path: "/v1/providers/nobody-calls-a-provider-this", status: 404},
	{operation: "getVerdict", path: "/v1/verdict?site=nobody-calls-a-site-this.com", status: 404},
	{operation: "getSiteSeriesCSV", path: "/v1/sites/nobody-calls-a-site-this.com/series.csv", status: 404},
	{operation: "getComponentSeriesCSV", path: "/v1/components/cdn/nobody-calls-a-cdn-this/series.csv", status: 404},
	{operation: "getOEmbed", path: "/oembed?url=https://elsewhere.example/", status: 404},
	{operation: "getOEmbed", path: "/oembed?format=xml&url=https://faultline.example/site/bbc.co.uk", status: 501},
	{operation: "getStatuspage", path: "/statuspage/api/v2/subscribers.json", status: 404},
	{operation: "getStatuspageList", path: "/statuspage/api/v2/incidents/resolved.json", status: 404},
	{operation: "getRootStatuspage", path: "/api/v2/subscribers.json", status: 404},
	{operation: "getRootStatuspageList", path: "/api/v2/incidents/resolved.json", status: 404},
	{operation: "getComponentStatuspage", path: "/statuspage/cdn/nobody-calls-a-cdn-this/api/v2/summary.json",
		status: 404},
	{operation: "getComponentStatuspageList", path: "/statuspage/cdn/fastly/api/v2/incidents/resolved.json",
		status: 404},
	{operation: "getComponentStatuspage", path: "/statuspage/nothing/fastly/api/v2/summary.json", status: 400},
	{operation: "getComponentHistory", path: "/statuspage/cdn/nobody-calls-a-cdn-this/history.atom", status: 404},
	{operation: "getComponentHistory", path: "/statuspage/nothing/fastly/history.atom", status: 400},
	{operation: "getComponentStatuspageList", path: "/statuspage/nothing/fastly/api/v2/incidents/unresolved.json",
		status: 400},
	{operation: "getReplay", path: "/v1/replays/nothing", status: 404},
	{operation: "getReplayRevision", path: "/v1/replays/nothing/revisions/1", status: 404},
	{operation: "getDocsFile", path: "/docs/nothing.js", status: 404},
	{operation: "getSchema", path: "/schemas/nothing.schema.json", status: 404},
}

// refusedReads are reads of the operations that anybody may ask, each with a token
// that is not good and once too often.
func refusedReads(operations ...string) (all []ask) {
	for _, a := range append(slices.Clone(reads), others[:limitedOthers]...) {
		if !slices.Contains(operations, a.operation) && len(operations) > 0 || slices.Contains(readiness, a.operation) {
			continue
		}
		forged, hurried := a, a
		forged.forged, forged.status, forged.kind = true, 401, "json"
		hurried.hurried, hurried.status, hurried.kind = true, 429, "json"
		all = append(all, forged, hurried)
	}
	return all
}

// readiness are asked without a limit, and tokens are not read.
var readiness = []string{"getReady", "getWritable"}

// open are the reads that no query spoils: they know no parameter, and ignore what
// they do not know.
var open = []string{"getStatuspage", "getStatuspageList", "getRootStatuspage", "getRootStatuspageList",
	"getComponentStatuspage", "getComponentStatuspageList", "getStatuspageHistory", "getRootHistory",
	"getComponentHistory", "getReady", "getWritable", "getKeySet", "getRecordKeys",
	"getHealth",
	"getRecordCheckpoint", "getRecordTile", "getDumps", "getDump"}

// hasty are requests that are one too many, of what is sent to us: each of those
// that are taken, from an address or with a token that has sent enough.
func hasty(sent []ask) (all []ask) {
	done := map[string]bool{}
	for _, a := range sent {
		if a.status >= 300 || done[a.operation] ||
			slices.ContainsFunc(sent, func(b ask) bool { return b.operation == a.operation && b.status == 429 }) {
			continue
		}
		done[a.operation] = true
		if a.status = 429; a.method == "" && a.media == "" {
			a.subject = hastySubject
		} else {
			a.hurried = true
		}
		all = append(all, a)
	}
	return all
}
