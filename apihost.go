package faultline

import "strings"

// APIHost reports whether programs call a host, and not people: by the built-in
// catalogue, or because its first label says so (api.example.com, api-eu.example.com).
// The root of such a host often answers 404 or 401 by design.
func APIHost(site string) bool {
	if apiHosts[site] != "" {
		return true
	}
	label, rest, _ := strings.Cut(site, ".")
	return strings.Contains(rest, ".") && (label == "api" || strings.HasPrefix(label, "api-") ||
		strings.HasSuffix(label, "-api"))
}

// The statuses by which a server says that a client's error is not its own doing: it was
// too slow to take the request, or has no room for it now (RFC 9110, RFC 6585).
const (
	statusRequestTimeout  = 408
	statusTooManyRequests = 429
)

// APIAnswers reports whether a status with which the root of an API answers shows that the
// API works: it refuses what is no request of its own.
func APIAnswers(status int) bool {
	return status >= 400 && status < 500 && status != statusRequestTimeout && status != statusTooManyRequests
}
