package web

import (
	"context"
	"errors"
	"strings"
	"time"

	"faultline"

	"github.com/oklog/ulid/v2"
)

// noIncident: there is no incident, or no such revision of one, at an address that looks like
// that of one.
type noIncident struct {
	id             string
	revision, last int       // last is that of the incident; 0: there is no incident of that id
	at             time.Time // when an incident of that id would have been found; zero: no id is like that
}

func (e noIncident) Error() string { return "there is no such incident" }

// Unwrap lets programs be answered as for anything else that is not there.
func (e noIncident) Unwrap() error { return faultline.ErrNotFound }

// incidentOf reads an incident or a revision of it. Where there is none, its error says what
// there is instead: links that were copied in part, or of a revision that is still to come,
// are followed by people who need to know which of these it was.
func (w *Web) incidentOf(ctx context.Context, id string, revision int) (faultline.Incident, error) {
	inc, err := w.cfg.Source.Incident(ctx, id, revision)
	if !errors.Is(err, faultline.ErrNotFound) {
		return inc, err
	}
	absent := noIncident{id: id, revision: revision}
	if last, err := w.cfg.Source.Incident(ctx, id, 0); revision != 0 && err == nil {
		absent.last = last.Revision
		return inc, absent
	}
	if key, err := ulid.ParseStrict(strings.TrimPrefix(id, "inc_")); err == nil {
		absent.at = key.Timestamp().UTC()
	}
	return inc, absent
}

// isULID reports whether an id may be that of an incident of ours.
func isULID(id string) bool {
	_, err := ulid.ParseStrict(strings.TrimPrefix(id, "inc_"))
	return err == nil
}

// noIncident says what the reader of such an address may have been looking for.
func (v *localizer) noIncident(e noIncident, p faultPage) faultPage {
	switch now := v.cfg.Now(); {
	case e.last > 0:
		p.Answer = v.say("fault.no_revision", "N", v.number(e.revision))
		p.Detail = v.count("fault.no_revision_detail", e.last)
		p.Back, p.Label = v.link("/incident/"+e.id), v.say("fault.to_incident")
	case !e.at.IsZero() && e.at.Before(now):
		p.Detail = v.say("fault.no_incident_at", "Time", v.moment(e.at, formDated).Text)
		p.Back, p.Label = v.link("/archive?month="+e.at.Format(monthForm)), v.say("fault.to_month")
	}
	return p
}
