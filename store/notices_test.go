package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"faultline"
)

func testNotices(t *testing.T, f *fixture) {
	ctx := t.Context()
	a := faultline.Certificate{Site: "a.net", Ends: f.now.Add(time.Hour), SeenAt: f.now}
	old := faultline.Certificate{Site: "old.net", Ends: f.now.Add(time.Hour), SeenAt: f.now.Add(-2 * certificateLife)}
	ok(t, f.SaveCertificates(ctx, []faultline.Certificate{old, a}))
	got, err := f.Certificates(ctx, f.now)
	ok(t, err)
	equal(t, got, []faultline.Certificate{a})
	equal(t, f.writes.HLen(ctx, keyCertificates).Val(), int64(1))
	ok(t, f.ForgetCertificates(ctx, []string{"a.net", "b.net"}))
	got, err = f.Certificates(ctx, f.now)
	ok(t, err)
	equal(t, len(got), 0)

	m := func(text string, in time.Duration) faultline.Maintenance {
		return faultline.Maintenance{Components: []faultline.Component{"cdn:x"}, Source: "p", Text: text,
			Status:   "scheduled",
			StartsAt: f.now.Add(in), EndsAt: f.now.Add(in + time.Hour), SaidAt: f.now}
	}
	ok(t, f.SaveMaintenances(ctx, "p", []faultline.Maintenance{m("replaced", 0)}, f.now))
	ok(t, f.SaveMaintenances(ctx, "p", []faultline.Maintenance{m("second", 2*time.Hour)}, f.now))
	ok(t, f.SaveMaintenances(ctx, "q", []faultline.Maintenance{m("first", time.Hour)}, f.now))
	ok(t, f.SaveMaintenances(ctx, "r", []faultline.Maintenance{m("long gone", 0)}, f.now.Add(-2*maintenanceLife)))
	all, err := f.Maintenances(ctx, f.now)
	ok(t, err)
	equal(t, all, []faultline.Maintenance{m("first", time.Hour), m("second", 2*time.Hour)})
}

// A table that is full takes nothing that is new, and still replaces what it knows.
func testFullNotices(t *testing.T, f *fixture) {
	ctx := t.Context()
	fill := func(key string, most int, body string) {
		entries := map[string]string{}
		for i := range most - 1 {
			entries[fmt.Sprint(i)] = body
		}
		ok(t, f.writes.HSet(ctx, key, entries).Err())
	}
	certificate := func(site string, ends time.Duration) faultline.Certificate {
		return faultline.Certificate{Site: site, Ends: f.now.Add(ends), SeenAt: f.now}
	}
	fill(keyCertificates, maxCertificates, "{}")
	ok(t, f.SaveCertificates(ctx, []faultline.Certificate{certificate("a.net", time.Hour)}))
	ok(t,
		f.SaveCertificates(ctx, []faultline.Certificate{certificate("new.net", time.Hour),
			certificate("a.net", 2*time.Hour)}))
	equal(t, f.writes.HLen(ctx, keyCertificates).Val(), int64(maxCertificates))
	got, err := f.Certificates(ctx, f.now)
	ok(t, err)
	equal(t, got, []faultline.Certificate{certificate("a.net", 2*time.Hour)})

	m := faultline.Maintenance{Source: "p", Text: "one", StartsAt: f.now, EndsAt: f.now, SaidAt: f.now}
	fill(keyMaintenances, maxPages, "{}")
	ok(t, f.SaveMaintenances(ctx, "p", []faultline.Maintenance{m}, f.now))
	m.Text = "two"
	ok(t, f.SaveMaintenances(ctx, "p", []faultline.Maintenance{m}, f.now))
	equal(t, errors.Is(f.SaveMaintenances(ctx, "new", nil, f.now), ErrTooLarge), true)
	all, err := f.Maintenances(ctx, f.now)
	ok(t, err)
	equal(t, len(all), 1)
	equal(t, all[0].Text, "two")
}
