package api

import (
	"net/http"
	"slices"
	"strings"

	"faultline"
	"faultline/api/token"

	"github.com/gin-gonic/gin"
)

// Methods of a route, as the table names them.
const (
	read   = "GET, HEAD"
	get    = http.MethodGet // without HEAD: the stream has no end, and work belongs to one token
	post   = http.MethodPost
	remove = http.MethodDelete
)

// Quota is what a request of a route counts against.
type Quota string

// The quotas of routes. What is sent with another method than GET or HEAD counts
// against the quota of its address besides; see [api.limit].
const (
	QuotaNone  Quota = ""      // nothing
	QuotaReads Quota = "reads" // the reads of its token, or else of its address
	QuotaSends Quota = "sends" // what its address may send
	QuotaToken Quota = "token" // what its token may send or ask
)

// queryPolicy says which keys the query of a route may hold, and what becomes of
// others.
type queryPolicy struct {
	keys    []string
	lenient bool
	last    []string // keys of which the last value counts, as clients append newer ones
}

// strict refuses keys that the route does not know: an answer must not depend on
// what we overlook.
func strict(keys ...string) queryPolicy { return queryPolicy{keys: keys} }

// lenient ignores keys that the route does not know, where others own the query:
// programs that probe us, readers of feeds, pages that embed us.
func lenient(keys ...string) queryPolicy { return queryPolicy{keys: keys, lenient: true} }

// route is one row of the table: all that is said of a path but what its handler
// does. Its annotation stands at its handler, and its tests in the test file of
// the same name as the handler's.
type route struct {
	method string
	path   string // as gin reads it
	scope  string // that the request's token must carry; empty: none is needed
	quota  Quota
	query  queryPolicy
	handle handler
}

// Routes that other code names too. Requests of the first two have no time limit: clients
// keep them open for as long as they like.
const (
	routeStream = "/v1/stream"
	routeWork   = "/v1/probes/work"
	routeKey    = "/v1/keys/mine"
	routePush   = "/v1/push"

	routesOfKeys = "/v1/keys"
)

// table is every route of the API: what is not here is 404 or 405.
func (a *api) table() []route {
	return slices.Concat(a.sentRoutes(), a.keyRoutes(), a.concludedRoutes(), a.replayRoutes(), a.formatRoutes(),
		a.recordRoutes(), a.operationRoutes())
}

// sentRoutes is what is sent to us, and what its senders read of it.
func (a *api) sentRoutes() []route {
	return []route{
		{post, "/v1/reports", "", QuotaSends, strict(), a.postReport},
		{post, "/v1/checks", "", QuotaSends, strict(), a.postCheck},
		{read, "/v1/checks/:id", "", QuotaReads, strict(), a.getCheck},
		{post, "/v1/probes", token.ScopeProbes, QuotaToken, strict(), a.postProbes},
		{get, routeWork, token.ScopeProbes, QuotaToken, strict("revision", "wait", "state", "why"), a.getWork},
		{post, "/v1/inbound/alertmanager", token.ScopeAlertmanager, QuotaToken, strict(), a.postAlertmanager},
		{post, "/v1/inbound/uptime-kuma", token.ScopeUptimeKuma, QuotaToken, strict(), a.postUptimeKuma},
		{post, "/v1/inbound/gatus", token.ScopeGatus, QuotaToken, strict(), a.postGatus},
		{post, "/v1/incidents/:id/annotations", token.ScopeAnnotate, QuotaSends, strict(), a.postAnnotation},
	}
}

// keyRoutes is who may do what and who is sent what: tokens, vantages, webhooks, browsers and
// the keys that people make themselves.
func (a *api) keyRoutes() []route {
	return []route{
		{post, "/v1/tokens", token.ScopeAdmin, QuotaSends, strict(), a.postToken},
		{remove, "/v1/tokens/:id", token.ScopeAdmin, QuotaSends, strict(), a.deleteToken},
		{post, "/v1/vantages", token.ScopeAdmin, QuotaSends, strict(), a.postVantage},
		{remove, "/v1/vantages/:vantage", token.ScopeAdmin, QuotaSends, strict(), a.deleteVantage},
		{post, "/v1/webhooks", token.ScopeWebhooks, QuotaSends, strict(), a.postWebhook},
		{get, "/v1/webhooks", token.ScopeWebhooks, QuotaToken, strict(), a.getWebhooks},
		{remove, "/v1/webhooks/:id", token.ScopeWebhooks, QuotaSends, strict(), a.deleteWebhook},
		{post, "/v1/webhooks/:id/test", token.ScopeWebhooks, QuotaSends, strict(), a.postWebhookTest},
		{post, "/v1/webhooks/:id/confirm", token.ScopeWebhooks, QuotaSends, strict(), a.postWebhookConfirm},
		{get, "/v1/webhooks/:id/deliveries", token.ScopeWebhooks, QuotaToken, strict(), a.getDeliveries},
		{post, "/v1/webhooks/:id/deliveries/:message/redeliver", token.ScopeWebhooks, QuotaSends, strict(),
			a.postRedeliver},
		{read, routePush, "", QuotaReads, strict(), a.getPush},
		{post, routePush, "", QuotaSends, strict(), a.postPush},
		{remove, routePush, "", QuotaSends, strict(), a.deletePush},
		{post, "/v1/keys/challenge", "", QuotaSends, strict(), a.postKeyChallenge},
		{post, "/v1/keys", "", QuotaSends, strict(), a.postKey},
		{get, routeKey, token.ScopeWebhooks, QuotaToken, strict(), a.getKey},
		{post, "/v1/keys/mine/rotate", token.ScopeWebhooks, QuotaSends, strict(), a.postKeyRotate},
		{remove, routeKey, token.ScopeWebhooks, QuotaSends, strict(), a.deleteKey},
	}
}

// concludedRoutes is what is concluded.
func (a *api) concludedRoutes() []route {
	return []route{
		{read, "/v1/summary", "", QuotaReads, strict(asOfKey), a.getSummary},
		{read, "/v1/incidents", "", QuotaReads, strict(incidentListKeys...), a.getIncidents},
		{read, "/v1/incidents.csv", "", QuotaReads, strict(incidentListKeys...), a.getIncidentsCSV},
		{read, "/v1/incidents/:id", "", QuotaReads, strict(asOfKey), a.getIncident},
		{read, "/v1/incidents/:id/sites", "", QuotaReads, strict(), a.getIncidentSites},
		{read, "/v1/incidents/:id/timeline", "", QuotaReads, strict(), a.getTimeline},
		{read, "/v1/incidents/:id/revisions", "", QuotaReads, strict("limit", "cursor"), a.getRevisions},
		{read, "/v1/incidents/:id/revisions/:n", "", QuotaReads, strict(), a.getRevision},
		{read, "/v1/incidents/:id/revisions/:n/proof", "", QuotaReads, strict(), a.getProof},
		{read, "/v1/sites", "", QuotaReads, strict(siteListKeys...), a.getSites},
		{read, "/v1/sites.csv", "", QuotaReads, strict(siteListKeys...), a.getSitesCSV},
		{read, "/v1/sites/:site", "", QuotaReads, strict(asOfKey), a.getSite},
		{read, "/v1/sites/:site/series", "", QuotaReads, strict(seriesKeys...), a.getSiteSeries},
		{read, "/v1/sites/:site/series.csv", "", QuotaReads, strict(seriesKeys...), a.getSiteSeriesCSV},
		{read, "/v1/components", "", QuotaReads, strict(componentListKeys...), a.getComponents},
		{read, "/v1/components.csv", "", QuotaReads, strict(componentListKeys...), a.getComponentsCSV},
		{read, "/v1/components/:kind/:name", "", QuotaReads, strict(asOfKey), a.getComponent},
		{read, "/v1/components/:kind/:name/series", "", QuotaReads, strict(seriesKeys...), a.getComponentSeries},
		{read, "/v1/components/:kind/:name/series.csv", "", QuotaReads, strict(seriesKeys...), a.getComponentSeriesCSV},
		{read, "/v1/components/:kind/:name/blast-radius", "", QuotaReads, strict(partKeys...), a.getBlastRadius},
		{read, "/v1/concentration", "", QuotaReads, strict(concentrationKeys...), a.getConcentration},
		{read, "/v1/concentration.csv", "", QuotaReads, strict(concentrationKeys...), a.getConcentrationCSV},
		{read, "/v1/concentration/history", "", QuotaReads, strict(historyKeys...), a.getConcentrationHistory},
		{read, "/v1/concentration/history.csv", "", QuotaReads, strict(historyKeys...), a.getConcentrationHistoryCSV},
		{read, "/v1/concentration/firebreaks", "", QuotaReads, strict(firebreakKeys...), a.getFirebreaks},
		{read, "/v1/concentration/firebreaks.csv", "", QuotaReads, strict(firebreakKeys...), a.getFirebreaksCSV},
		{read, "/v1/scorecard", "", QuotaReads, strict(), a.getScorecard},
		{read, "/v1/providers", "", QuotaReads, strict(providerListKeys...), a.getProviders},
		{read, "/v1/providers.csv", "", QuotaReads, strict(providerListKeys...), a.getProvidersCSV},
		{read, "/v1/providers/:slug", "", QuotaReads, strict(asOfKey), a.getProvider},
		{read, "/v1/providers/:slug/blast-radius", "", QuotaReads, strict(partKeys...), a.getProviderRadius},
		{read, "/v1/stack", "", QuotaReads, strict(append([]string{asOfKey}, stackKeys...)...), a.getStack},
		{read, "/v1/stack.csv", "", QuotaReads, strict(append([]string{asOfKey}, stackKeys...)...), a.getStackCSV},
		{read, "/v1/verdict", "", QuotaReads, strict("site"), a.getVerdict},
		{read, "/v1/search", "", QuotaReads, strict("q"), a.getSearch},
		{read, "/v1/vantages", "", QuotaReads, strict(), a.getVantages},
		{read, "/v1/metrics/incidents", "", QuotaReads, strict(), a.getIncidentMetrics},
		{get, routeStream, "", QuotaReads, queryPolicy{streamKeys, true, resumeKeys}, a.getStream},
	}
}

// replayRoutes is outages of the past.
func (a *api) replayRoutes() []route {
	return []route{
		{read, "/v1/replays", "", QuotaReads, strict(), a.getReplays},
		{read, "/v1/replays/:name", "", QuotaReads, strict(), a.getReplay},
		{read, "/v1/replays/:name/revisions/:n", "", QuotaReads, strict(), a.getReplayRevision},
	}
}

// formatRoutes is the same in the forms that other programs read.
func (a *api) formatRoutes() []route {
	return []route{
		{read, "/feed.atom", "", QuotaReads, lenient(feedKeys...), a.getAtom},
		{read, "/feed.json", "", QuotaReads, lenient(feedKeys...), a.getJSONFeed},
		{read, "/feed.ics", "", QuotaReads, lenient(faultline.FilterKeys...), a.getCalendar},
		{read, "/badge.svg", "", QuotaReads, lenient(badgeKeys...), a.getBadge},
		{read, "/badge.json", "", QuotaReads, lenient(badgeKeys...), a.getShields},
		{read, "/metrics/stack", "", QuotaReads, lenient(stackKeys...), a.getStackMetrics},
		{read, "/statuspage/api/v2/:file", "", QuotaReads, lenient(), a.getStatuspage},
		{read, "/statuspage/api/v2/:file/:part", "", QuotaReads, lenient(), a.getStatuspageList},
		{read, "/api/v2/:file", "", QuotaReads, lenient(), a.getRootStatuspage},
		{read, "/api/v2/:file/:part", "", QuotaReads, lenient(), a.getRootStatuspageList},
		{read, "/statuspage/:kind/:name/api/v2/:file", "", QuotaReads, lenient(), a.getComponentStatuspage},
		{read, "/statuspage/:kind/:name/api/v2/:file/:part", "", QuotaReads, lenient(), a.getComponentStatuspageList},
		{read, "/statuspage/history.atom", "", QuotaReads, lenient(), a.getHistory},
		{read, "/history.atom", "", QuotaReads, lenient(), a.getRootHistory},
		{read, "/statuspage/:kind/:name/history.atom", "", QuotaReads, lenient(), a.getComponentHistory},
		{post, routeMCP, "", QuotaReads, lenient(), a.postMCP},
		{read, "/oembed", "", QuotaReads, lenient(oembedKeys...), a.getOEmbed},
	}
}

// recordRoutes is what other programs compare the record of what was published by, and what
// they take as files.
func (a *api) recordRoutes() []route {
	return []route{
		{read, "/v1/record", "", QuotaReads, strict(), a.getRecord},
		{read, "/record/checkpoint", "", QuotaReads, lenient(), a.getCheckpoint},
		{read, "/record/tile/*path", "", QuotaReads, lenient(), a.getTile},
		{read, "/dumps/index.json", "", QuotaReads, lenient(), a.getDumps},
		{read, "/dumps/:day/:file", "", QuotaReads, lenient(), a.getDump},
		{read, "/.well-known/faultline-keys", "", QuotaNone, lenient(), a.getRecordKeys},
	}
}

// operationRoutes is what operators and the readers of documents ask for.
func (a *api) operationRoutes() []route {
	return []route{
		{read, "/.well-known/jwks.json", "", QuotaNone, lenient(), a.getJWKS},
		{read, "/healthz", "", QuotaNone, lenient(), a.getHealth},
		{read, "/readyz", "", QuotaNone, lenient(), a.getReady},
		{read, "/readyz/write", "", QuotaNone, lenient(), a.getWritable},
		{read, "/metrics", "", QuotaNone, lenient(), a.getMetrics},
		{read, "/openapi.json", "", QuotaNone, lenient(), a.getOpenAPI},
		{read, "/openapi.yaml", "", QuotaNone, lenient(), a.getOpenAPIYAML},
		{read, "/schemas/:file", "", QuotaNone, lenient(), a.getSchema},
		{read, "/docs", "", QuotaNone, lenient(), a.redirectDocs},
		{read, "/docs/", "", QuotaNone, lenient(), a.getDocs},
		{read, "/docs/:file", "", QuotaNone, lenient(), a.getDocsFile},
	}
}

// install adds the table to an engine.
func (a *api) install(e *gin.Engine) {
	for _, r := range a.table() {
		if a.cfg.MadeKeys == nil && strings.HasPrefix(r.path, routesOfKeys) {
			continue // keys are the operator's affair alone
		}
		for _, method := range r.methods() {
			e.Handle(method, r.path, a.serve(r))
			if r.slashed() {
				e.Handle(method, r.path+"/", a.serve(r))
			}
		}
	}
}

// slashed reports whether a route is also there with a slash at its end: programs that
// embed pages and readers of feeds put one behind every address.
func (r route) slashed() bool {
	return r.method == read && r.quota == QuotaReads && r.query.lenient && !strings.Contains(r.path, "*")
}

func (r route) methods() []string {
	if r.method == read {
		return []string{http.MethodGet, http.MethodHead}
	}
	return []string{r.method}
}

// Route is a row of the table for whoever describes the API.
type Route struct {
	Method  string // GET for one that takes HEAD too
	Path    string // with parameters as :name
	Scope   string // that is needed; empty: none
	Quota   Quota
	Keys    []string // of the query
	Lenient bool     // other keys are ignored, not refused
}

// Routes returns the table.
func Routes() []Route {
	var list []Route
	for _, r := range (*api)(nil).table() {
		list = append(
			list,
			Route{
				Method:  r.methods()[0],
				Path:    r.path,
				Scope:   r.scope,
				Quota:   r.quota,
				Keys:    r.query.keys,
				Lenient: r.query.lenient,
			},
		)
	}
	return list
}
