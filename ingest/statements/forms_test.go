package statements

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// Pages in the forms of those who make status pages, as they answer.
const (
	instatusPage = `{"page":{"name":"Example","url":"https://status.example.com","status":"HASISSUES"},
"activeIncidents":[{"id":"cl1","name":"API errors","started":"2026-03-01T11:40:00.000Z","status":"IDENTIFIED",
"impact":"MAJOROUTAGE","url":"https://status.example.com/cl1","updatedAt":"2026-03-01T11:52:10.000Z"}],
"activeMaintenances":[{"id":"cl2","name":"Database upgrade","start":"2026-03-02T02:00:00.000Z",
"status":"NOTSTARTEDYET","duration":"60","url":"https://status.example.com/cl2",
"updatedAt":"2026-03-01T10:00:00.000Z"}]}`

	incidentIOPage = `{"page_title":"Example","page_url":"https://status.example.com","ongoing_incidents":[
{"id":"01J","name":"Elevated errors","status":"monitoring","url":"https://status.example.com/incidents/01J",
"last_update_at":"2026-03-01T11:50:00Z","last_update_message":"A fix is in place, we watch it.",
"current_worst_impact":"partial_outage","affected_components":[{"id":"c1","name":"Edge network",
"group_name":"Europe","current_status":"partial_outage"}]}],"in_progress_maintenances":[],
"scheduled_maintenances":[{"id":"01K","name":"Router work","status":"maintenance_scheduled",
"last_update_at":"2026-03-01T09:00:00Z","last_update_message":"We replace a router.",
"starts_at":"2026-03-03T01:00:00Z","ends_at":"2026-03-03T02:00:00Z","affected_components":[]}]}`

	betterStackPage = `{"data":{"id":"1","type":"status_page","attributes":{"company_name":"Example",
"aggregate_state":"degraded"}},"included":[
{"id":"77","type":"status_update","attributes":{"message":"Some requests fail. We are investigating.",
"published_at":"2026-03-01T11:30:00.000Z","affected_resources":[]}},
{"id":"9","type":"status_page_resource","attributes":{"public_name":"API","status":"degraded"}},
{"id":"5","type":"status_report","attributes":{"title":"Failing requests","report_type":"manual",
"starts_at":"2026-03-01T11:20:00.000Z","ends_at":null,"aggregate_state":"resolved"},
"relationships":{"status_updates":{"data":[{"id":"77","type":"status_update"},{"id":"78","type":"status_update"}]}}},
{"id":"78","type":"status_update","attributes":{"message":"Requests go through again.",
"published_at":"2026-03-01T11:45:00.000Z"}}]}`

	googlePage = `[{"id":"ow5","number":"1","begin":"2026-03-01T11:00:00+00:00","created":"2026-03-01T11:20:00+00:00",
"end":null,"modified":"2026-03-01T11:45:00+00:00","external_desc":"Errors with Cloud Load Balancing in us-central1",
"updates":[{"created":"2026-03-01T11:45:00+00:00","modified":"2026-03-01T11:45:00+00:00",
"when":"2026-03-01T11:45:00+00:00","text":"The issue is resolved for all users.","status":"AVAILABLE",
"affected_locations":[]},{"created":"2026-03-01T11:20:00+00:00","modified":"2026-03-01T11:20:00+00:00",
"when":"2026-03-01T11:20:00+00:00","text":"We are investigating errors.","status":"SERVICE_OUTAGE",
"affected_locations":[{"title":"Iowa (us-central1)","id":"us-central1"}]}],"status_impact":"SERVICE_OUTAGE",
"severity":"high","service_key":"zall","service_name":"Multiple Products",
"affected_products":[{"title":"Cloud Load Balancing","id":"ix7"}],"uri":"incidents/ow5",
"currently_affected_locations":[{"title":"Iowa (us-central1)","id":"us-central1"}]}]`

	awsPage = `[{"date":"1772364000","arn":"arn:aws:health:us-east-1::event/MULTIPLE_SERVICES/AWS_X/AWS_X_1",
"region_name":"N. Virginia","status":"3","service":"multipleservices-us-east-1",
"service_name":"Multiple services (N. Virginia)","summary":"Increased Error Rates","event_log":[
{"summary":"Increased Error Rates","message":"We are investigating increased error rates.","status":2,
"timestamp":1772364600},{"summary":"[RESOLVED] Increased Error Rates","message":"The services operate normally.",
"status":0,"timestamp":1772366400}],"impacted_services":{"ec2-us-east-1":{"service_name":"EC2","max":"3"}}}]`
)

// inUTF16 is a text as the health dashboard of AWS sends it.
func inUTF16(text string) string {
	units := utf16.Encode([]rune("\ufeff" + text))
	out := make([]byte, 2*len(units))
	for i, u := range units {
		binary.BigEndian.PutUint16(out[2*i:], u)
	}
	return string(out)
}

func TestFormsOfStatusPages(t *testing.T) {
	for name, c := range map[string]struct {
		form, body string
		says       []Says
		want       []string // time, status, text, components
	}{
		"Instatus": {FormInstatus, instatusPage, []Says{{Component: "site:example.com"}}, []string{
			"10:00:00 scheduled Database upgrade [site:example.com] planned 2026-03-02T02:00:00Z",
			"11:52:10 identified API errors [site:example.com]"}},
		"incident.io": {FormIncidentIO, incidentIOPage, []Says{{Component: "cdn:example", Only: "(?i)edge"}}, []string{
			"09:00:00 scheduled Router work: We replace a router. [] planned 2026-03-03T01:00:00Z",
			"11:50:00 monitoring Elevated errors: A fix is in place, we watch it. [cdn:example]"}},
		"Better Stack": {FormBetterStack, betterStackPage, []Says{{Component: "site:example.com"}}, []string{
			"11:30:00 investigating Failing requests: Some requests fail. We are investigating. [site:example.com]",
			"11:45:00 resolved Failing requests: Requests go through again. [site:example.com]"}},
		"Google": {FormGoogle, googlePage, []Says{{Component: "cloud:gcp/{}", Fill: `\b(us-central1)\b`}}, []string{
			"11:20:00 investigating Errors with Cloud Load Balancing in us-central1: We are investigating errors. " +
				"[cloud:gcp/us-central1]",
			"11:45:00 resolved Errors with Cloud Load Balancing in us-central1: The issue is resolved for all " +
				"users. " +
				"[cloud:gcp/us-central1]"}},
		"AWS": {FormAWS, inUTF16(awsPage), []Says{{Component: "cloud:aws/{}", Fill: `[^a-z](us-east-1)`}}, []string{
			"11:30:00 investigating Increased Error Rates: We are investigating increased error rates. " +
				"[cloud:aws/us-east-1]",
			"12:00:00 resolved [RESOLVED] Increased Error Rates: The services operate normally. " +
				"[cloud:aws/us-east-1]"}},
	} {
		s := prepared(t, Source{Name: name, URL: "https://status.example.com", Form: c.form, Says: c.says})
		items, err := s.read(strings.NewReader(c.body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, i := range items {
			line := i.at.Format(time.TimeOnly) + " " + i.status + " " + i.text + " ["
			for n, component := range s.about(i.about + " " + i.all) {
				line += strings.Repeat(" ", min(1, n)) + string(component)
			}
			line += "]"
			if i.planned {
				line += " planned " + i.starts.Format(time.RFC3339)
			}
			got = append(got, line)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
		}
		for _, wrong := range []string{"", "<html>", `"text"`, "12"} {
			if items, err := s.read(strings.NewReader(wrong)); err == nil || len(items) > 0 {
				t.Errorf("%s: %q is read as %v", name, wrong, items)
			}
		}
		for _, odd := range []string{c.body[:len(c.body)/2], strings.ReplaceAll(c.body, `"id"`, `"id":[{}],"x"`)} {
			_, _ = s.read(strings.NewReader(odd)) // it ends, whatever it reads
		}
	}
}

// Each form is asked for at the address that its maker documents.
func TestWherePagesAreAsked(t *testing.T) {
	for form, want := range map[string]string{
		FormStatuspage: "https://a.com/api/v2/incidents.json", FormFeed: "https://a.com/",
		FormInstatus: "https://a.com/summary.json", FormIncidentIO: "https://a.com/api/v1/summary",
		FormBetterStack: "https://a.com/index.json", FormGoogle: "https://a.com/", FormAWS: "https://a.com/",
	} {
		s := Source{URL: "https://a.com/", Form: form}
		if got := s.address(); got != want {
			t.Errorf("%s: %s, want %s", form, got, want)
		}
	}
}
