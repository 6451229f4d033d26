package faultline

import "strings"

// The parts that a widget may have below its headline.
const (
	WidgetChart    = "chart"
	WidgetTable    = "table"
	WidgetEvidence = "evidence"
)

// widgetHeights are heights of an incident's widget in pixels by its width: with its headline
// alone, and what each part adds. They were measured in Chromium in the language in which it is
// highest; a test in a browser holds them against what the widget says of itself.
var widgetHeights = []struct{ width, headline, chart, table, evidence int }{
	{280, 680, 640, 570, 590},
	{320, 560, 590, 570, 510},
	{400, 490, 570, 570, 410},
	{480, 430, 545, 570, 330},
	{600, 430, 500, 560, 245},
	{672, 370, 500, 530, 250},
}

// WidgetWidest is the width in pixels beyond which a widget does not grow.
const WidgetWidest = 672

// WidgetHeight is how high a frame of a width must be for a widget with some parts, with commas
// between them, so that nothing of it is cut. Both are in pixels.
func WidgetHeight(width int, parts string) int {
	row := widgetHeights[0]
	for _, r := range widgetHeights {
		if r.width <= width { // a narrower one is higher
			row = r
		}
	}
	high := row.headline
	for part, adds := range map[string]int{
		WidgetChart: row.chart, WidgetTable: row.table, WidgetEvidence: row.evidence,
	} {
		if strings.Contains(parts, part) {
			high += adds
		}
	}
	return high
}
