package infra_test

import (
	"strings"
	"testing"
	"time"

	"faultline/ingest/infra"
)

// Each claim of the built-in catalogue says of what kind its source is, of which day, and
// how far to trust it.
func TestEveryClaimHasItsProvenance(t *testing.T) {
	c := builtinCatalog(t)
	for _, e := range c.Sites {
		for _, claim := range c.Known(e) {
			if claim.Kind == "" || claim.Text == "" || claim.Confidence < 0.5 || claim.Confidence >= 1 {
				t.Errorf("%s: %+v", e.Site, claim)
			}
			if _, err := time.Parse(time.DateOnly, claim.Date); err != nil {
				t.Errorf("%s: %s: %v", e.Site, claim.Component, err)
			}
		}
	}
}

// The catalogue may only come to say more: whoever takes facts out of it lowers a number
// here, and has a reason.
func TestBuiltinCoversWhatItDid(t *testing.T) {
	c := builtinCatalog(t)
	for name, floor := range map[string]struct {
		entries []infra.Entry
		any     int
		kinds   map[string]int
	}{
		"the 500 best known": {c.BestKnown(500), 399,
			map[string]int{"cdn": 249, "cloud": 91, "dns": 219, "ca": 83, "asn": 85}},
		"all": {c.Sites, 923,
			map[string]int{"cdn": 540, "cloud": 186, "dns": 458, "ca": 165, "asn": 147}},
		"what programs call": {c.Called(), 153, nil},
	} {
		have := infra.Cover(floor.entries)
		if have.Any < floor.any {
			t.Errorf("%s: %d of %d sites have a component, fewer than %d", name, have.Any, have.Sites, floor.any)
		}
		for kind, least := range floor.kinds {
			if have.Kinds[kind] < least {
				t.Errorf("%s: %d of %d sites have a %s, fewer than %d", name, have.Kinds[kind], have.Sites, kind,
					least)
			}
		}
	}
}

func TestBadFactsAreRefused(t *testing.T) {
	doc := func(source, facts string) string {
		return `{"sources":{"dns":` + source + `},"sites":[{"site":"a.com","name":"A","rank":1,"category":"news",` +
			facts + `}]}`
	}
	good := `{"text":"Public DNS","kind":"dns","date":"2026-11-22","confidence":0.9}`
	if _, err := infra.Load(strings.NewReader(doc(good, `"facts":{"dns:route53":"dns"}`))); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]struct{ doc, want string }{
		"unknown source": {doc(good, `"facts":{"dns:route53":"hearsay"}`), `source "hearsay"`},
		"no component":   {doc(good, `"facts":{"route53":"dns"}`), `"route53"`},
		"twice": {doc(good, `"components":["dns:route53"],"facts":{"dns:route53":"dns"}`),
			`component "dns:route53" stands twice`},
		"kind":       {doc(`{"text":"T","kind":"rumour"}`, `"facts":{}`), `kind "rumour"`},
		"date":       {doc(`{"text":"T","date":"22.11.2026"}`, `"facts":{}`), `date "22.11.2026"`},
		"confidence": {doc(`{"text":"T","confidence":90}`, `"facts":{}`), "confidence 90"},
		"member":     {doc(`{"text":"T","colour":"red"}`, `"facts":{}`), "colour"},
		"no text":    {doc(`""`, `"facts":{}`), "text is empty"},
	} {
		if _, err := infra.Load(strings.NewReader(bad.doc)); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
