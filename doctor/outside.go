package doctor

import (
	"fmt"
	"time"
)

// soonEnding is how long before its end a certificate must have been renewed: whoever renews
// them by a program does so weeks before.
const soonEnding = 14 * 24 * time.Hour

// Certificate is one certificate, or one file of authorities, that a setting names.
type Certificate struct {
	Setting string // such as --tls-cert
	File    string
	Ends    time.Time
	Err     error // why the files of the setting can't be used; nil if they can
}

// Certificates judges the files of TLS; of none it says nothing.
func Certificates(all []Certificate, now time.Time) (checks []Check) {
	const name = "certificate"
	for _, c := range all {
		what, left := fmt.Sprintf("%s (%s)", c.File, c.Setting), c.Ends.Sub(now)
		on := c.Ends.UTC().Format("2 January 2006 15:04 UTC")
		renew := "Renew it. Nodes read the changed file within a second, and need no restart."
		switch {
		case c.Err != nil:
			found := fmt.Sprintf("The files of %s can't be used: %v.", c.Setting, c.Err)
			checks = append(checks, Check{name, Wrong, found, "Put the files in place, in PEM, and readable by " +
				"the user that serves: a node does not start without them."})
		case left <= 0:
			checks = append(checks, Check{name, Wrong, what + " ended on " + on + ": connections are refused.", renew})
		case left < soonEnding:
			found := fmt.Sprintf("%s ends in %d days, on %s.", what, int(left/day), on)
			checks = append(checks, Check{name, Wrong, found, renew})
		default:
			checks = append(checks, Check{name, OK, fmt.Sprintf("%s ends in %d days.", what, int(left/day)), ""})
		}
	}
	return checks
}

// Collector judges whether the collector of traces took a request; why is nil if so.
func Collector(endpoint string, why error) Check {
	const name = "collector"
	if why != nil {
		return Check{name, Wrong, fmt.Sprintf("The collector at %s takes no traces: %v.", endpoint, why),
			"Start it, or put --otlp-endpoint (OTLP over HTTP, usually port 4318) and --otlp-headers right. " +
				"The service itself is not held up: spans are dropped."}
	}
	return Check{name, OK, "The collector at " + endpoint + " takes traces.", ""}
}
