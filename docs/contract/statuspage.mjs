// A client of Statuspage that others wrote reads our pages: of one component, of
// everything, and at the root of the host.
import assert from "node:assert/strict";
import statuspage from "statuspage.io";

const indicators = ["none", "minor", "major", "critical"];
const states = ["operational", "degraded_performance", "partial_outage", "major_outage"];

for (const [path, name] of [["/statuspage/cdn/fastly", "Fastly"], ["/statuspage", "Faultline"], ["", "Faultline"]]) {
  const page = new statuspage.Statuspage("unused");
  page.setApiUrl(process.env.FAULTLINE_URL + path);

  const summary = await page.api.getSummary();
  assert.equal(summary.page.name, name);
  assert.notEqual(summary.status.indicator, "none");
  assert.equal((await page.api.getStatus()).status.indicator, summary.status.indicator);
  assert.ok(indicators.includes(summary.status.indicator));

  const { components } = await page.api.getComponents();
  assert.ok(components.length > 5);
  for (const c of components) assert.ok(states.includes(c.status), c.status);

  const [open] = (await page.api.incidents.getUnresolved()).incidents;
  assert.match(open.name, /Fastly/);
  assert.ok(["investigating", "identified", "monitoring"].includes(open.status));
  assert.ok(new Date(open.created_at) < new Date(open.updated_at));
  assert.ok(open.incident_updates.length > 0);
  assert.ok((await page.api.incidents.getAll()).incidents.some((i) => i.id === open.id));

  for (const planned of ["getAll", "getUpcoming", "getActive"]) {
    assert.deepEqual((await page.api.scheduledMaintenances[planned]()).scheduled_maintenances, []);
  }
  console.log(`statuspage.mjs: ${path || "/"}: ${summary.status.description}, ${components.length} components`);
}
