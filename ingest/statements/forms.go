package statements

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// form is one way in which status pages speak. A new form needs its reader here, its
// name in sources.go, its word in sources.schema.json and a recorded page in the tests.
type form struct {
	path string // put behind the page's address; empty: the address is that of the document
	read func(io.Reader) ([]item, error)
}

// forms are those that are read, by the word that a list of sources has for each.
var forms = map[string]form{
	FormStatuspage:  {"/api/v2/incidents.json", readStatuspage},
	FormFeed:        {"", readFeed},
	FormInstatus:    {"/summary.json", readInstatus},
	FormIncidentIO:  {"/api/v1/summary", readIncidentIO},
	FormBetterStack: {"/index.json", readBetterStack},
	FormGoogle:      {"", readGoogle},
	FormAWS:         {"", readAWS},
}

// address is where a source is asked.
func (s *Source) address() string {
	if path := forms[s.Form].path; path != "" {
		return strings.TrimRight(s.URL, "/") + path
	}
	return s.URL
}

// readJSON reads a document token by token, by what its beginning is, as
// [readStatuspage] does. who names the service in errors. What was read before a fault
// is kept: the newest entries stand first on most pages.
func readJSON(body io.Reader, who string, begins jsontext.Kind, read func(*statuspageReader) error) ([]item, error) {
	r := statuspageReader{d: jsontext.NewDecoder(wellFormed(body),
		jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))}
	if r.d.PeekKind() != begins {
		return nil, fmt.Errorf("read JSON of %s: it does not begin with %s", who, begins)
	}
	err := read(&r)
	if err != nil && !errors.Is(err, errEnough) && len(r.items) == 0 {
		return nil, fmt.Errorf("read JSON of %s: %w", who, err)
	}
	return r.items, nil
}

// object reads the members of an object that are asked for: texts into fields, others
// by their functions. Members that nobody asks for are skipped without being held.
// Pages have megabytes of members that nobody needs here.
func (r *statuspageReader) object(texts map[string]*string, others map[string]func() error) error {
	return r.members(func(name string) error {
		if into := texts[name]; into != nil {
			return r.text(into)
		}
		if read := others[name]; read != nil {
			return read()
		}
		return r.d.SkipValue()
	})
}

// keep adds an item that has a time. One without a time is dropped: a statement is
// placed by it.
func (r *statuspageReader) keep(i item, title, at string) {
	when, ok := moment(at)
	if !ok {
		return
	}
	i.at, i.all = when, plain(i.all)
	i.title(plain(title))
	r.items = newest(append(r.items, i))
}

// stageOf is the stage that a page's own word stands for, else the one that its text
// names. The page's word is believed first, because a person chose it from a list.
func stageOf(said, title, text string) string {
	if stage := word(said); stage != stageOther {
		return stage
	}
	return statusIn(title, text)
}

// readInstatus reads the summary of a page of Instatus: what is open, and announced
// work. What is over is not in it, so the end of an incident is known only when it
// vanishes.
func readInstatus(body io.Reader) ([]item, error) {
	return readJSON(body, "Instatus", jsontext.KindBeginObject, func(r *statuspageReader) error {
		return r.object(nil, map[string]func() error{
			"activeIncidents":    func() error { return r.list(func() error { return r.instatus(false) }) },
			"activeMaintenances": func() error { return r.list(func() error { return r.instatus(true) }) },
		})
	})
}

// instatusStages are its words for how announced work goes.
var instatusStages = map[string]string{"NOTSTARTEDYET": "scheduled", "INPROGRESS": "in_progress",
	"VERIFYING": "verifying", "COMPLETED": "completed"}

// instatus reads one incident or maintenance. Instatus gives it a new text under the same id, so
// the status is part of the id: each stage becomes a statement of its own.
func (r *statuspageReader) instatus(planned bool) error {
	var id, name, status, started, start, updated string
	err := r.object(map[string]*string{"id": &id, "name": &name, "status": &status, "started": &started,
		"start": &start, "updatedAt": &updated}, nil)
	stage := cmp.Or(instatusStages[status], status)
	i := item{id: digest(id, status), status: stageOf(stage, name, ""), planned: planned, dated: true}
	if planned {
		i.starts, _ = moment(start)
	}
	r.keep(i, name, cmp.Or(updated, started, start))
	return err
}

// readIncidentIO reads the summary of a page of incident.io. Only what goes on or is to
// come is in it.
func readIncidentIO(body io.Reader) ([]item, error) {
	return readJSON(body, "incident.io", jsontext.KindBeginObject, func(r *statuspageReader) error {
		listed := func(planned bool) func() error {
			return func() error { return r.list(func() error { return r.incidentIO(planned) }) }
		}
		return r.object(nil, map[string]func() error{"ongoing_incidents": listed(false),
			"in_progress_maintenances": listed(true), "scheduled_maintenances": listed(true)})
	})
}

// incidentIO reads one incident or maintenance, of which the summary has the last
// update only. The time of the update is part of the id, so each update becomes a
// statement of its own.
func (r *statuspageReader) incidentIO(planned bool) error {
	var id, name, status, at, said, starts, started, ends, ended, parts string
	err := r.object(map[string]*string{"id": &id, "name": &name, "status": &status, "last_update_at": &at,
		"last_update_message": &said, "starts_at": &starts, "started_at": &started, "ends_at": &ends,
		"scheduled_end_at": &ended},
		map[string]func() error{"affected_components": func() error {
			return r.list(func() error { return r.named(&parts) })
		}})
	status = strings.TrimPrefix(strings.ReplaceAll(status, "maintenance_", ""), "_") // maintenance_scheduled
	i := item{id: digest(id, at), status: stageOf(status, name, said), all: said, about: parts, planned: planned}
	if planned {
		i.starts, _ = moment(cmp.Or(starts, started))
		i.ends, _ = moment(cmp.Or(ends, ended))
	}
	r.keep(i, name, at)
	return err
}

// readBetterStack reads a page of Better Stack: reports, with updates that point to them.
func readBetterStack(body io.Reader) ([]item, error) {
	b := betterStack{reports: map[string]betterReport{}}
	return readJSON(body, "Better Stack", jsontext.KindBeginObject, func(r *statuspageReader) error {
		err := r.object(nil, map[string]func() error{
			"included": func() error { return r.list(func() error { return b.included(r) }) },
		})
		b.say(r)
		return err
	})
}

// betterStack is what a page of Better Stack holds. Reports and their updates come in
// any order, so they are joined once all is read.
type betterStack struct {
	reports map[string]betterReport // by the id of each of their updates
	updates []betterUpdate
}

// betterReport is one incident or maintenance.
type betterReport struct {
	title, state, starts, ends string
	planned                    bool
}

// betterUpdate is one text about a report.
type betterUpdate struct{ id, said, at string }

// included reads one thing that a page includes. It is the form of JSON:API: one list
// of things of all kinds, which refer to each other by id.
func (b *betterStack) included(r *statuspageReader) error {
	var id, kind, title, form, state, starts, ends, said, at string
	var updates []string
	err := r.object(map[string]*string{"id": &id, "type": &kind}, map[string]func() error{
		"attributes": func() error {
			return r.object(map[string]*string{"title": &title, "report_type": &form, "aggregate_state": &state,
				"starts_at": &starts, "ends_at": &ends, "message": &said, "published_at": &at}, nil)
		},
		"relationships": func() error {
			return r.object(nil, map[string]func() error{"status_updates": func() error {
				return r.object(nil, map[string]func() error{"data": func() error {
					return r.list(func() error {
						var update string
						err := r.object(map[string]*string{"id": &update}, nil)
						updates = append(updates, update)
						return err
					})
				}})
			}})
		}})
	switch kind {
	case "status_report":
		for _, update := range updates {
			b.reports[update] = betterReport{title, state, starts, ends, form == "maintenance"}
		}
	case "status_update":
		b.updates = append(b.updates, betterUpdate{id, said, at})
	}
	return err
}

// say makes an item of each update. An update whose report is not in the document is
// said without title and state.
func (b *betterStack) say(r *statuspageReader) {
	// Only the report has a state. The newest update of a resolved report is taken as the one that
	// says so.
	newestOf := map[betterReport]string{} // by report: when its newest update was made
	for _, u := range b.updates {
		if of := b.reports[u.id]; u.at > newestOf[of] {
			newestOf[of] = u.at
		}
	}
	for _, u := range b.updates {
		of := b.reports[u.id]
		status := statusIn(of.title, u.said)
		if of.state == "resolved" && u.at == newestOf[of] {
			status = "resolved"
		}
		i := item{id: digest("update", u.id), status: status, all: u.said, planned: of.planned}
		if of.planned {
			i.starts, _ = moment(of.starts)
			i.ends, _ = moment(of.ends)
		}
		r.keep(i, of.title, u.at)
	}
}

// readGoogle reads the list of incidents of Google Cloud.
func readGoogle(body io.Reader) ([]item, error) {
	return readJSON(body, "Google Cloud", jsontext.KindBeginArray, func(r *statuspageReader) error {
		return r.list(r.google)
	})
}

// google reads one incident. What it is about stands beside its updates, in any order.
// Ids of updates are their times, which are unique within one incident.
func (r *statuspageReader) google() error {
	var id, service, title, parts string
	kept := r.items
	r.items = nil
	name := func() error { return r.list(func() error { return r.called(&parts) }) }
	err := r.object(map[string]*string{"id": &id, "service_name": &service, "external_desc": &title},
		map[string]func() error{"updates": func() error { return r.list(r.googleUpdate) },
			"affected_products": name, "currently_affected_locations": name, "previously_affected_locations": name})
	for _, u := range r.items {
		u.id, u.about = digest(id, u.id), join(service, parts)+" "+u.about
		u.title(plain(title))
		kept = append(kept, u)
	}
	r.items = newest(kept)
	return err
}

// googleUpdate reads one update. AVAILABLE is Google's word for the end of an incident.
func (r *statuspageReader) googleUpdate() error {
	var at, said, status, where string
	err := r.object(map[string]*string{"when": &at, "text": &said, "status": &status},
		map[string]func() error{"affected_locations": func() error {
			return r.list(func() error { return r.called(&where) })
		}})
	if status == "AVAILABLE" {
		status = "resolved"
	}
	r.keep(item{id: at, status: stageOf(status, "", said), all: said, about: where}, "", at)
	return err
}

// called adds title and id of an object to a list of names. The total is bounded, as an
// outage may name every region.
func (r *statuspageReader) called(names *string) error {
	var title, id string
	err := r.object(map[string]*string{"title": &title, "id": &id}, nil)
	if len(*names) < maxSaid {
		*names += " " + title + " " + id
	}
	return err
}

// readAWS reads the events that the health dashboard of AWS shows to everybody.
func readAWS(body io.Reader) ([]item, error) {
	return readJSON(body, "AWS", jsontext.KindBeginArray, func(r *statuspageReader) error { return r.list(r.aws) })
}

// aws reads one event with its log. What it is about is in the ARN too, which names the service and
// the region.
func (r *statuspageReader) aws() error {
	var arn, service, name, region, summary string
	kept := r.items
	r.items = nil
	err := r.object(map[string]*string{"arn": &arn, "service": &service, "service_name": &name,
		"region_name": &region, "summary": &summary},
		map[string]func() error{"event_log": func() error { return r.list(r.awsUpdate) }})
	for _, u := range r.items {
		u.id, u.about = digest(arn, u.id), strings.Join([]string{service, arn, name, region}, " ")
		kept = append(kept, u)
	}
	r.items = newest(kept)
	return err
}

// awsUpdate reads one entry of the log. Status 0 means that the service operates normally.
func (r *statuspageReader) awsUpdate() error {
	var at, said, summary, status string
	err := r.object(map[string]*string{"timestamp": &at, "message": &said, "summary": &summary, "status": &status}, nil)
	if status == "0" {
		status = "resolved"
	}
	r.keep(item{id: at, status: stageOf(status, summary, said), all: said}, summary, at)
	return err
}
