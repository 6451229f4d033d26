package faultline

import "time"

// What is known of the time to come, and shown where it matters. None of it is evidence,
// and none of it is in the log.

// How long before its end a certificate is news, and when it is urgent.
const (
	CertificateSoon   = 7 * 24 * time.Hour
	CertificateUrgent = 24 * time.Hour
)

// Certificate says when the certificate of a site ends, as a check saw it.
type Certificate struct {
	Site   string    `json:"site"`
	Ends   time.Time `json:"ends"`
	SeenAt time.Time `json:"seen_at"`
}

// Maintenance is work that a provider has announced.
type Maintenance struct {
	Components []Component `json:"components"`
	Source     string      `json:"source"` // the host of the page that announces it
	Text       string      `json:"text"`
	Status     string      `json:"status"` // scheduled, in_progress or verifying
	// StartsAt and EndsAt are when it is to be; missing where the page does not say it in
	// a form that can be read.
	StartsAt time.Time `json:"starts_at,omitzero" format:"date-time"`
	EndsAt   time.Time `json:"ends_at,omitzero" format:"date-time"`
	SaidAt   time.Time `json:"said_at" format:"date-time"` // when it was announced, or last changed
}

// Bounds of what is shown of maintenance.
const (
	// MaxMaintenances bounds what one page announces.
	MaxMaintenances = 20
	// maintenanceUndated is how long one without times is shown.
	maintenanceUndated = 24 * time.Hour
	// maintenanceAhead is how long before its beginning one is shown.
	maintenanceAhead = 14 * 24 * time.Hour
)

// Current reports whether a maintenance is worth showing: it goes on, or is near.
func (m Maintenance) Current(now time.Time) bool {
	switch {
	case m.StartsAt.IsZero() && m.EndsAt.IsZero():
		return now.Sub(m.SaidAt) < maintenanceUndated
	case m.EndsAt.IsZero():
		return now.After(m.StartsAt.Add(-maintenanceAhead)) && now.Sub(m.StartsAt) < maintenanceUndated
	}
	return now.Before(m.EndsAt) && now.After(m.StartsAt.Add(-maintenanceAhead))
}
