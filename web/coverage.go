package web

import (
	"cmp"
	"strings"

	"faultline"
)

// coverage is what can be said at all just now.
func (v *localizer) coverage() faultline.Coverage { return v.cfg.Source.Coverage() }

// impaired says what keeps us from seeing just now; empty where nothing does.
func (v *localizer) impaired() string {
	var names []string
	if v.cfg.Vantages != nil {
		for _, vantage := range v.cfg.Vantages() {
			if vantage.State == faultline.VantageBlind || vantage.State == faultline.VantageSick {
				names = append(names, vantage.Vantage+" ("+cmp.Or(vantage.Why, string(vantage.State))+")")
			}
		}
	}
	coverage := v.coverage()
	switch {
	case coverage.State == faultline.Blind && len(names) == 0 && coverage.Vantages == 0:
		return v.say("now.no_vantage")
	case coverage.State == faultline.Blind && len(names) == 0:
		return "" // the page says already that what it knows is old
	case coverage.State == faultline.Blind:
		return v.say("now.blind")
	case len(names) > 0:
		return v.say("now.impaired", "Places", strings.Join(names[:min(len(names), impairedNamed)], ", "))
	}
	return ""
}

// impairedNamed bounds the places that a sentence names.
const impairedNamed = 5
