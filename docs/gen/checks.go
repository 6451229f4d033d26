package main

import (
	"context"
	"net/netip"
	"time"

	"faultline"
	"faultline/ingest"
)

// checked is a site that somebody has had checked, and the id of that check.
const (
	checkedSite = "corner-shop.com"
	checkedID   = "3vq5kd2m4x7wz6rtnbhfyj2pqa." + checkedSite
)

// counter answers people who ask for checks, in the drill. Nothing is checked: the
// answer is the same each time, so that examples do not change.
type counter struct{ names *ingest.Names }

// Ask takes a name that is on no list, and refuses what ingest would.
func (c counter) Ask(_ context.Context, _ netip.Addr, site string) (faultline.Check, bool, error) {
	name, err := c.names.Normalise(site)
	if err != nil {
		return faultline.Check{}, false, faultline.InvalidError{{Pointer: "/site", Detail: err.Error()}}
	}
	if c.names.Known(name) {
		return faultline.Check{Site: name}, true, nil
	}
	return faultline.Check{ID: checkedID, Site: name, AskedAt: drillMoment, Pending: true, State: faultline.SiteUnknown,
		Symptom: faultline.SymptomOK, Results: []faultline.Probe{}}, false, nil
}

// Check is the one check that somebody has asked for.
func (counter) Check(_ context.Context, id string) (faultline.Check, error) {
	if id != checkedID {
		return faultline.Check{}, faultline.ErrNotFound
	}
	check := faultline.Check{ID: id, Site: checkedSite, AskedAt: drillMoment.Add(-5 * time.Second),
		Results: []faultline.Probe{
			{At: drillMoment.Add(-4 * time.Second), Site: checkedSite, Vantage: "lon-1", Symptom: "http_502",
				Status:    502,
				LatencyMS: 182},
			{At: drillMoment.Add(-3 * time.Second), Site: checkedSite, Vantage: "nyc-1", Symptom: "http_502",
				Status:    502,
				LatencyMS: 95},
		}}
	// Judged by the code of the product, so that the example cannot contradict it.
	check.Judge()
	return check, nil
}
