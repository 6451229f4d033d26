package web

import (
	"regexp"
	"strings"
	"time"

	"faultline"

	"github.com/gin-gonic/gin"
)

// widgetOptions are what a page around a widget may ask for. What is unknown is
// ignored and what is wrong falls back: a newspaper's page must not break.
type widgetOptions struct {
	theme  string // light, dark; empty: as the reader's system
	zone   *time.Location
	parts  string // of widgetExtras, in their order, with commas
	still  bool   // no script at all
	square bool   // of a picture
}

// widgetExtras are the parts that a widget may have besides its headline.
var widgetExtras = []string{faultline.WidgetChart, faultline.WidgetTable, faultline.WidgetEvidence}

// zoneName is what the names of zones look like (RFC 6557).
var zoneName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]{1,20}(/[A-Za-z0-9_+-]{1,20}){0,2}$`)

// options reads the parameters of a widget. A wrong value counts as the default: a snippet is
// pasted once and nobody reads its errors.
func (v *localizer) options(c *gin.Context) widgetOptions {
	o := widgetOptions{still: c.Query("static") == "1", square: c.Query("size") == "square"}
	if t := c.Query("theme"); t == "light" || t == "dark" {
		o.theme = t
	}
	if name := c.Query("tz"); zoneName.MatchString(name) && name != "Local" && name != "UTC" {
		if zone, err := time.LoadLocation(name); err == nil {
			o.zone = zone
		}
	}
	asked := strings.Split(c.Query("parts"), ",")
	var parts []string
	for _, part := range widgetExtras {
		for _, a := range asked[:min(len(asked), 2*len(widgetExtras))] {
			if strings.TrimSpace(a) == part {
				parts = append(parts, part)
				break
			}
		}
	}
	o.parts = strings.Join(parts, ",")
	return o
}

// has reports whether a part is to be shown.
func (o widgetOptions) has(part string) bool { return strings.Contains(o.parts, part) }

// key tells apart what reads differently.
func (o widgetOptions) key() string {
	key := o.theme + "/" + o.parts
	if o.still {
		key += "/static"
	}
	if o.zone != nil {
		key += "/" + o.zone.String()
	}
	return key
}

// in is a copy of the localizer that gives times in a zone beside UTC.
func (v *localizer) in(zone *time.Location) *localizer {
	if zone == nil {
		return v
	}
	other := *v
	other.zone = zone
	return &other
}
