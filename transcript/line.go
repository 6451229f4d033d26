package transcript

import (
	"fmt"
	"strings"

	"faultline"
)

// Line is one incident in one line for a person at a terminal.
func Line(inc faultline.Incident) string {
	drill := ""
	if inc.Drill {
		drill = "DRILL "
	}
	// Three names fit into a line of a terminal, and are enough to recognise an outage
	// by.
	names := make([]string, 0, 3)
	for _, s := range inc.Sites[:min(len(inc.Sites), cap(names))] {
		names = append(names, s.Site)
	}
	if more := inc.SitesTotal - len(names); more > 0 {
		names = append(names, fmt.Sprintf("+%d", more))
	}
	return fmt.Sprintf("%s  %-10s  %s%s  %d of %d failing  %s  %s",
		inc.Onset.At.UTC().Format("2006-01-02 15:04:05Z"), inc.State,
		drill, inc.Title, inc.Impact.Failing, inc.Impact.Observed, inc.ID, strings.Join(names, " "))
}
