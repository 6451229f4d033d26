package probetest

import (
	_ "embed" // of the table
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"faultline"
)

//go:embed chromium.json
var chromium []byte

// ChromiumTable is where the table lies, seen from package probe, whose tests
// write it.
const ChromiumTable = "probetest/chromium.json"

// Browser is what a browser makes of an answer: an error of its network stack, or
// the status of what it shows.
type Browser struct {
	Status int    `json:"status,omitempty"`
	Error  string `json:"error,omitempty"`
}

// Chromium returns what a Chromium makes of each of the odd answers, by name.
func Chromium() map[string]Browser {
	table := map[string]Browser{}
	if err := json.Unmarshal(chromium, &table); err != nil {
		panic(err) // of a file that is compiled in
	}
	return table
}

// Hangs is how long an answer that never comes need be waited for.
const Hangs = 2 * time.Second

// The errors of Chromium that are not what they seem: a download, no content or
// another program; and an answer that never came.
const (
	errAborted  = "net::ERR_ABORTED"
	errTimedOut = "net::ERR_TIMED_OUT"
)

// Hangs reports whether the browser waits for good.
func (b Browser) Hangs() bool { return b.Error == errTimedOut }

// printedOnly are answers that Chromium prints although they are no web page:
// bytes without a status line. Whoever meets an SSH banner at a site calls it
// broken, and so does a check.
var printedOnly = []string{
	"first-11", "first-13", "first-14", "first-15", "first-18", "first-22",
	"tls-first-11", "tls-first-13", "tls-first-14", "tls-first-15", "end-14",
}

// Contradicts says how a probe of an odd answer contradicts the browser; empty:
// it does not. No evidence contradicts nothing.
func (b Browser) Contradicts(o Odd, p faultline.Probe) string {
	well := p.Symptom == faultline.SymptomOK || p.Symptom == faultline.SymptomSlow
	switch {
	case b.Error == errAborted:
	case b.Error != "" && well:
		return fmt.Sprintf("it is %s (%d), and Chromium says %s", p.Symptom, p.Status, b.Error)
	case b.Error != "" || p.Symptom == faultline.SymptomBlocked || slices.Contains(printedOnly, o.Name):
	case b.Status >= 400 && well:
		return fmt.Sprintf("it is %s (%d), and Chromium shows an error %d", p.Symptom, p.Status, b.Status)
	case b.Status < 400 && !well:
		return fmt.Sprintf("it is %s, %s, and Chromium shows it (%d)", p.Symptom, p.Detail, b.Status)
	case b.Status >= 100 && b.Status < 600 && p.Status != b.Status && !strings.HasPrefix(o.Name, "location"):
		return fmt.Sprintf("its status is %d, and in Chromium %d", p.Status, b.Status)
	}
	return ""
}
