package web

import (
	"strings"

	"golang.org/x/net/idna"
)

// A name in another script may run from right to left: it is isolated from the text around it,
// which would be torn apart otherwise (UAX 9).
const (
	isolate    = "\u2068"
	isolateEnd = "\u2069"
)

// ownScript is a host as its owner writes it, or empty where that is what it is called anyway
// or where the name is malformed.
func ownScript(host string) string {
	if !strings.Contains(host, "xn--") {
		return ""
	}
	own, err := idna.Display.ToUnicode(host)
	if err != nil || own == host {
		return ""
	}
	return own
}

// hostName is a host in a sentence: in its own script with its ASCII form beside it, as letters
// of other scripts may look like other letters.
func hostName(host string) string {
	if own := ownScript(host); own != "" {
		return isolate + own + isolateEnd + " (" + host + ")"
	}
	return host
}
