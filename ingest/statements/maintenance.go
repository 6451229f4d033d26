package statements

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"faultline"
)

// maintenanceEvery is how often a page is asked for what it has scheduled: that changes
// by the day.
const maintenanceEvery = 10 * time.Minute

// planned are the statuses of maintenance. What has one is an announcement and never a
// statement about an outage. Announced work must never look like an outage that the
// provider admits.
var planned = []string{"scheduled", "in_progress", "verifying", "completed"}

// maintaining says that a text speaks of maintenance.
var maintaining = regexp.MustCompile(`(?i)\b(?:maintenance|scheduled|planned work|this is a scheduled event)\b`)

// maintenance reports whether an item is about announced work. Some pages use "in
// progress" and "verifying" of incidents too, so items in these stages need a word of
// maintenance in their text.
func (i item) maintenance() bool {
	return i.planned || i.status == "scheduled" || slices.Contains(planned, i.status) && maintaining.MatchString(i.all)
}

// announcements makes of a page's items what it announces, what begins first in front.
// Work that is over is left out, and so is work whose time is not known and long past.
func (s *Source) announcements(items []item, now time.Time) []faultline.Maintenance {
	list := []faultline.Maintenance{}
	for _, i := range items {
		if !i.maintenance() || i.status == "completed" {
			continue
		}
		m := faultline.Maintenance{Components: s.about(i.about + " " + i.all), Source: s.page, Text: i.text,
			Status:   i.status,
			StartsAt: i.starts, EndsAt: i.ends, SaidAt: faultline.Millis(i.at)}
		// A page without fields for it says in its text when the work is to be.
		if m.StartsAt.IsZero() {
			m.StartsAt, m.EndsAt = window(i.all, i.at)
		}
		if len(m.Components) > 0 && m.Current(now) {
			list = append(list, m)
		}
	}
	slices.SortStableFunc(list, func(a, b faultline.Maintenance) int { return a.StartsAt.Compare(b.StartsAt) })
	return list[:min(len(list), faultline.MaxMaintenances)]
}

// The forms in which texts say when work is to be, with a zone at the end: "Dec 1, 02:00 -
// 04:00 UTC", "Dec 1, 2026, 22:00 PST to Dec 2, 02:00 PST", "2026-12-01 02:00-04:00 UTC",
// "December 1st from 2:00 am until 4:00 am EST".
var (
	planDay = `(?:(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? +(\d{1,2})(?:st|nd|rd|th)?` +
		`(?:,? +(\d{4}))?|(\d{4})-(\d\d)-(\d\d))`
	planTime = `(\d{1,2}):(\d\d)(?: ?(am|pm))?`
	planZone = `(?: ?\(?([A-Z]{1,5})\)?)?`
	plan     = regexp.MustCompile(`(?i)\b` + planDay + `[,T]?(?: +(?:from|at|between))? *` + planTime +
		`(?: ?\(?[A-Z]{1,5}\)?)? *(?:-|–|—|to\b|until\b|till\b|and\b) *(?:` + planDay + `[,T]?(?: +at)? *)?` +
		planTime + planZone)
)

// The groups of plan: a day has six, a time three.
const (
	planFrom, planFromTime = 1, 7
	planTo, planToTime     = 10, 16
	planZoneAt             = 19
)

// window reads when announced work is to be; zero times where the text does not say it
// in a form that is known, or in a zone that is. A day without a year is the one that
// is nearest to when it was said. Providers write these times for people, in a dozen
// ways; a wrong time is worse than none, so only known forms are read.
func window(text string, said time.Time) (from, to time.Time) {
	m := plan.FindStringSubmatch(text)
	if m == nil {
		return from, to
	}
	east, known := zones[strings.ToUpper(m[planZoneAt])]
	first, ok := dayOf(m[planFrom:planFromTime], said)
	last := first
	if ok && m[planTo]+m[planTo+3] != "" {
		last, ok = dayOf(m[planTo:planToTime], said)
	}
	if !known || !ok {
		return from, to
	}
	shift := -time.Duration(east) * time.Minute
	from, to = first.Add(clock(m[planFromTime:planTo])+shift), last.Add(clock(m[planToTime:planZoneAt])+shift)
	if !to.After(from) && last.Equal(first) {
		to = to.AddDate(0, 0, 1) // over midnight
	}
	if !to.After(from) || to.Sub(from) > maxPlan {
		return time.Time{}, time.Time{}
	}
	return from, to
}

// maxPlan bounds how long announced work may take. A longer span is two dates that were
// read as one plan.
const maxPlan = 30 * 24 * time.Hour

// dayOf reads a day: month, day and year, or a date of ISO 8601.
func dayOf(part []string, said time.Time) (day time.Time, ok bool) {
	if part[3] != "" {
		day, err := time.Parse(time.DateOnly, part[3]+"-"+part[4]+"-"+part[5])
		return day, err == nil
	}
	month := strings.Index(months, strings.ToLower(part[0]))
	d, err := strconv.Atoi(part[1])
	if month < 0 || err != nil || d < 1 || d > 31 {
		return day, false
	}
	year := said.Year()
	if part[2] != "" {
		if year, err = strconv.Atoi(part[2]); err != nil {
			return day, false
		}
	}
	day = time.Date(year, time.Month(month/3+1), d, 0, 0, 0, 0, time.UTC)
	// Half a year. A day that is further away from the statement belongs to the year before or
	// after.
	const half = 183 * 24 * time.Hour
	if part[2] == "" && day.Sub(said) < -half {
		day = day.AddDate(1, 0, 0)
	} else if part[2] == "" && day.Sub(said) > half {
		day = day.AddDate(-1, 0, 0)
	}
	return day, true
}

// clock reads a time of day: hour, minute and am or pm.
func clock(part []string) time.Duration {
	hour, _ := strconv.Atoi(part[0]) // the pattern has found digits
	minute, _ := strconv.Atoi(part[1])
	switch strings.ToLower(part[2]) {
	case "pm":
		hour = hour%12 + 12
	case "am":
		hour %= 12
	}
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute
}

// announce hands on what a page announces: what a Statuspage has scheduled, and what
// stands among the items of any page. Failing to get it is no failure of the page,
// since its incidents were read.
func (p *Poller) announce(ctx context.Context, f *follower) {
	if p.cfg.Announce == nil {
		return
	}
	now := p.cfg.Now()
	if f.source.Form == FormStatuspage && now.Sub(f.scheduledAt) >= maintenanceEvery {
		f.scheduledAt = now
		if scheduled, err := p.scheduled(ctx, f); err == nil {
			f.scheduled = scheduled
		} else {
			p.cfg.Log.Debug("a status page does not say what is scheduled", "source", f.source.Name, "error", err)
		}
	}
	list := f.source.announcements(slices.Concat(f.planned, f.scheduled), now)
	if err := p.cfg.Announce(ctx, f.source.Name, list); err != nil {
		p.cfg.Log.Debug("what is scheduled could not be kept", "source", f.source.Name, "error", err)
	}
}

// scheduled asks a Statuspage for its scheduled maintenance.
func (p *Poller) scheduled(ctx context.Context, f *follower) ([]item, error) {
	address := strings.TrimRight(f.source.URL, "/") + "/api/v2/scheduled-maintenances.json"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for scheduled maintenance: %w", err)
	}
	req.Header.Set("User-Agent", p.cfg.Agent)
	res, err := f.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask for scheduled maintenance: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask for scheduled maintenance: %s", res.Status)
	}
	items, err := readStatuspage(readable(io.LimitReader(res.Body, maxBody)))
	return slices.DeleteFunc(items, func(i item) bool { return i.text == "" || !slices.Contains(planned, i.status) }),
		err
}

// part sets what a page announces apart from its statements. A stage of maintenance that
// a page gives to something else is no stage of it.
func part(items []item) (statements, announced []item) {
	for _, i := range items {
		if i.maintenance() {
			announced = append(announced, i)
			continue
		}
		if slices.Contains(planned, i.status) {
			i.status = stageOther
		}
		statements = append(statements, i)
	}
	return statements, announced
}
