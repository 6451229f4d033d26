package agent

import (
	"os"
	"regexp"
	"strings"
)

// nameForm is the form of a vantage's name: it stands in addresses of pages and in metrics.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// ValidName reports whether a vantage may be called so: 1 to 64 letters, digits, dots,
// dashes and underscores, a letter or digit first.
func ValidName(name string) bool { return nameForm.MatchString(name) }

// MachineName is what a vantage is called that nobody has named: the name of the
// machine, or "local" for one whose name is none of a vantage.
func MachineName() string {
	host, _ := os.Hostname() // a machine without a name is "local"
	if host = strings.ToLower(host); ValidName(host) {
		return host
	}
	return "local"
}
