package store

import (
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
		return faultline.Maintenance{Components: []faultline.Component{"cdn:x"}, Source: "p", Text: text, Status: "scheduled",
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
