package api

import (
	"encoding/csv"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// tableOf reads an answer in CSV: its header line, and its rows by the names of columns.
func tableOf(t *testing.T, n *node, path string) (columns []string, rows []map[string]string, header http.Header) {
	t.Helper()
	w := n.get(path)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != mediaCSV {
		t.Fatalf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
	}
	if body := w.Body.String(); strings.Count(body, "\n") != strings.Count(body, "\r\n") {
		t.Errorf("%s: lines do not end as RFC 4180 has it: %q", path, body)
	}
	all, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("%s: %v %v", path, all, err)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, text := range cells {
			row[all[0][i]] = text
		}
		rows = append(rows, row)
	}
	return all[0], rows, w.Header()
}

// column is one column of some rows.
func column(rows []map[string]string, name string) string {
	var cells []string
	for _, row := range rows {
		cells = append(cells, row[name])
	}
	return strings.Join(cells, " ")
}

func TestSiteListAsCSV(t *testing.T) {
	n := listed(t)
	columns, rows, header := tableOf(t, n, "/v1/sites.csv?state=down,degraded&limit=1")
	if got := strings.Join(columns, ","); got != "site,rank,state,symptom,components,reports,expected,probes,"+
		"probes_failed,last_report_at,first_report_at,last_probe_at,incidents" {
		t.Errorf("columns %s", got)
	}
	if column(rows, "site") != "s2.example" || column(rows, "state") != "degraded" || column(rows, "rank") != "8" {
		t.Errorf("rows %v", rows)
	}
	next := linkOf(t, header, "/v1/sites.csv?")
	_, rows, header = tableOf(t, n, next)
	if column(rows, "site") != "s1.example" || column(rows, "components") != "cdn:fastly dns:ns1" {
		t.Errorf("%s: %v", next, rows)
	}
	_, rows, header = tableOf(t, n, linkOf(t, header, "/v1/sites.csv?"))
	if len(rows) != 0 || header.Get("Link") != "" {
		t.Errorf("the last page: %v %v", rows, header)
	}
	if _, rows, _ := tableOf(t, n, "/v1/sites.csv?q=s0"); column(rows, "rank") != "" ||
		column(rows, "state") != "unknown" {
		t.Errorf("a site without a rank: %v", rows)
	}
	if _, rows, _ := tableOf(t, n, "/v1/sites.csv?q=nothing"); len(rows) != 0 {
		t.Errorf("nothing: %v", rows)
	}
}

// linkOf is the address of the next page, as a path.
func linkOf(t *testing.T, header http.Header, path string) string {
	t.Helper()
	address, ok := strings.CutSuffix(strings.TrimPrefix(header.Get("Link"), "<"), `>; rel="next"`)
	if !ok || !strings.HasPrefix(address, path) {
		t.Fatalf("Link says %s", header.Get("Link"))
	}
	return address
}

func TestComponentAndProviderListsAsCSV(t *testing.T) {
	n := newNode(t, func(c *Config, b *board.Config, _ *stream.Config) {
		c.Index, b.Providers = board.NewIndex(), testProviders
		c.Index.Put(faultline.SiteRecord{Site: "a.example", Components: []faultline.Component{"cdn:fastly", "dns:ns1"}})
		c.Index.Put(faultline.SiteRecord{Site: "b.example", Components: []faultline.Component{"cdn:fastly"}})
	})
	n.run()
	_, rows, header := tableOf(t, n, "/v1/components.csv?limit=1")
	if column(rows, "component") != "cdn:fastly" || column(rows, "sites_total") != "2" ||
		column(rows, "url") != "/v1/components/cdn/fastly" {
		t.Errorf("components: %v", rows)
	}
	if _, rows, _ := tableOf(t, n, linkOf(t, header, "/v1/components.csv?")); column(rows, "component") != "dns:ns1" {
		t.Errorf("the second page: %v", rows)
	}
	_, rows, _ = tableOf(t, n, "/v1/providers.csv?q=fastly")
	if column(rows, "slug") != "fastly" || column(rows, "isp") != "false" || column(rows, "sites_total") != "2" {
		t.Errorf("providers: %v", rows)
	}
	_, _, header = tableOf(t, n, "/v1/providers.csv?limit=1")
	linkOf(t, header, "/v1/providers.csv?")
}

func TestIncidentListAsCSV(t *testing.T) {
	n := newNode(t)
	formula := caused(0, "cdn:fastly", "a.example")
	formula.Title = `=HYPERLINK("https://evil.example","x"), all`
	over := incident(1, 1, 2)
	over.State = faultline.StateResolved
	for _, inc := range []faultline.Incident{formula, over} {
		n.source.Publish(inc)
	}
	n.run()
	columns, rows, header := tableOf(t, n, "/v1/incidents.csv?state=open")
	if len(rows) != 1 || rows[0]["id"] != formula.ID || rows[0]["cause"] != "cdn:fastly" ||
		rows[0]["title"] != "'"+formula.Title || !strings.HasPrefix(rows[0]["sites"], "a.example ") ||
		rows[0]["onset"] != formula.Onset.At.UTC().Format(time.RFC3339) || rows[0]["resolved_at"] != "" {
		t.Errorf("open: %v", rows)
	}
	same := n.get("/v1/incidents?state=open").Header()
	for _, name := range []string{"Cache-Control", "Vary", headerAsOf, "Access-Control-Allow-Origin"} {
		if header.Get(name) != same.Get(name) {
			t.Errorf("%s is %q, and %q of the JSON", name, header.Get(name), same.Get(name))
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(columns)))) != len(columns) {
		t.Errorf("a column is there twice: %v", columns)
	}
	_, rows, header = tableOf(t, n, "/v1/incidents.csv?limit=1")
	_, more, _ := tableOf(t, n, linkOf(t, header, "/v1/incidents.csv?"))
	if ids, _ := listIDs(t, n, ""); column(append(rows, more...), "id") != strings.Join(ids, " ") {
		t.Errorf("pages: %v %v, want %v", rows, more, ids)
	}
	if columns, _, _ := tableOf(t, n, "/v1/incidents.csv?fields=state,cause"); strings.Join(columns, ",") !=
		"id,state,cause,cause_kind,cause_name,confidence" {
		t.Errorf("fields: %v", columns)
	}
	_, rows, _ = tableOf(t, n, "/v1/incidents.csv"+asOf(formula.UpdatedAt))
	if ids := column(rows, "id"); !strings.Contains(ids, formula.ID) {
		t.Errorf("of the past: %s", ids)
	}
	p := wantProblem(t, n.get("/v1/incidents.csv?fields=statements"), http.StatusBadRequest)
	if len(p.Errors) != 1 || p.Errors[0].Parameter != "fields" {
		t.Errorf("a member without a column: %+v", p.Errors)
	}
}

// Every member of an incident has a column, or is known to be too deep for one.
func TestMembersOfAnIncidentHaveColumns(t *testing.T) {
	deep := map[string]bool{"exonerated": true, "rejected": true, "statements": true, "corrections": true}
	has := map[string]bool{}
	for _, c := range incidentColumns {
		has[c.member] = true
	}
	for _, member := range incidentFields() {
		if has[member] == deep[member] {
			t.Errorf("%s: has a column is %t", member, has[member])
		}
		delete(has, member)
	}
	if len(has) > 0 {
		t.Errorf("columns of no member: %v", slices.Collect(maps.Keys(has)))
	}
}

// A list in CSV and a thing whose name ends in .csv are different addresses, and both
// forms of a list refuse the same.
func TestListsAsCSVCollideWithNothing(t *testing.T) {
	n := newNode(t, func(c *Config, _ *board.Config, _ *stream.Config) { c.Index = board.NewIndex() })
	n.run()
	for _, path := range []string{"/v1/sites/sites.csv", "/v1/incidents/incidents.csv", "/v1/providers/x.csv"} {
		if w := n.get(path); w.Header().Get("Content-Type") == mediaCSV {
			t.Errorf("%s is a table: %s", path, w.Body)
		}
	}
	for _, query := range []string{"sites?state=broken", "components?limit=101", "providers?cursor=%25",
		"incidents?since=x", "incidents?colour=blue", "incidents?limit=0"} {
		list, asked, _ := strings.Cut(query, "?")
		want := wantProblem(t, n.get("/v1/"+query), http.StatusBadRequest)
		got := wantProblem(t, n.get("/v1/"+list+".csv?"+asked), http.StatusBadRequest)
		if len(got.Errors) != 1 || got.Errors[0] != want.Errors[0] {
			t.Errorf("%s: %+v, want %+v", query, got.Errors, want.Errors)
		}
	}
}
