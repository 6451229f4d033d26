// A client that openapi-typescript made of the document (schema.d.ts) asks a drill
// for everything that anybody may read. That this compiles says that the types
// hold together; that it runs, that the answers are what the types promise.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const baseUrl = process.env.FAULTLINE_URL!;
const client = createClient<paths>({ baseUrl });

// told is what an answer holds; anything but a success ends the run.
function told<T>(answer: { data?: T; error?: components["schemas"]["Problem"]; response: Response }): T {
  assert.ok(answer.response.ok, `${answer.response.url}: ${answer.response.status} ${answer.error?.detail}`);
  return answer.data!;
}

const list = told(await client.GET("/v1/incidents", { params: { query: { state: ["open"], kind: ["cdn"], limit: 5 } } }));
assert.equal(list.meta.licence, "https://creativecommons.org/licenses/by/4.0/");
const id = list.incidents[0].id;

const incident = told(await client.GET("/v1/incidents/{id}", { params: { path: { id } } }));
const cause: components["schemas"]["Cause"] | null = incident.cause;
assert.equal(cause?.component, "cdn:fastly");
assert.ok(incident.drill && incident.impact.failing > 0);
assert.equal(incident.sites.length, Math.min(20, incident.sites_total));

const sites = told(await client.GET("/v1/incidents/{id}/sites", { params: { path: { id } } }));
assert.equal(sites.sites.length, sites.sites_total);
const first = told(await client.GET("/v1/incidents/{id}/revisions/{n}", { params: { path: { id, n: 1 } } }));
assert.equal(first.revision, 1);

const site = told(await client.GET("/v1/sites/{site}", { params: { path: { site: "bbc.co.uk" } } }));
assert.equal(site.site, "bbc.co.uk");
const component = told(await client.GET("/v1/components/{kind}/{name}", { params: { path: { kind: "cdn", name: "fastly" } } }));
assert.ok(component.sites_total > 50 && component.incidents.some((i) => i.id === id));
told(await client.GET("/v1/sites/{site}/series", { params: { path: { site: "bbc.co.uk" }, query: { step: 60 } } }));
told(await client.GET("/v1/components/{kind}/{name}/series", { params: { path: { kind: "cdn", name: "fastly" }, query: { step: 300 } } }));
assert.ok(told(await client.GET("/v1/search", { params: { query: { q: "fas" } } })).components.length > 0);
assert.match(told(await client.GET("/v1/verdict", { params: { query: { site: "bbc.co.uk" } } })).blame, /^(site|provider|isp|you|unknown)$/);
assert.equal(told(await client.GET("/v1/summary")).durable, false);
told(await client.GET("/v1/vantages"));
told(await client.GET("/.well-known/jwks.json"));
assert.equal(told(await client.GET("/statuspage/{kind}/{name}/api/v2/{file}", { params: { path: { kind: "cdn", name: "fastly", file: "summary.json" } } })).page.name, "Fastly");

const report = told(await client.POST("/v1/reports", { body: { site: "https://www.bbc.co.uk/news", symptom: "http_503" } }));
assert.equal(report.site, "bbc.co.uk");

const refused = await client.GET("/v1/incidents", { params: { query: { limit: 1000 } } });
assert.equal(refused.response.status, 400);
assert.equal(refused.error?.errors?.[0].parameter, "limit");
const nobody = await client.POST("/v1/tokens", { body: { subject: "x", scopes: ["admin"] } });
assert.equal(nobody.response.status, 401);

console.log(`client.ts: ${incident.title}: ${incident.impact.failing} of ${incident.impact.observed}`);
