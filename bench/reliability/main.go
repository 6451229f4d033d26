// Command reliability measures what docs/reliability.md says: it runs the tests that
// break things, and prints a line of JSON for each figure, with its target. With
// -controls it switches each defence off and sees that its test goes red.
//
// What belongs here: which test stands for which figure, and which change of the source
// switches a defence off. What does not: the tests themselves, which stand beside what
// they test.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"time"
)

// main runs what -only matches, and ends with code 1 if any figure misses its target.
func main() {
	only := flag.String("only", "", "run the figures or controls that this regular expression matches")
	off := flag.Bool("controls", false, "switch each defence off, and see that its test goes red")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ok := true
	if *off {
		for _, c := range controls {
			if pattern.MatchString(c.defence) {
				ok = report(c.run()) && ok
			}
		}
	} else {
		for _, f := range figures {
			if pattern.MatchString(f.name) {
				ok = report(f.run()) && ok
			}
		}
	}
	if !ok {
		os.Exit(1)
	}
}

// line is what is printed of one figure. Seconds is how long it took to measure, which is no
// part of the figure.
type line struct {
	Name    string  `json:"name"`
	Value   float64 `json:"value"`
	Target  float64 `json:"target"`
	Unit    string  `json:"unit"`
	OK      bool    `json:"ok"`
	Seed    int     `json:"seed"`
	Detail  string  `json:"detail,omitempty"` // what the test says that it did
	Seconds float64 `json:"seconds"`
}

// report prints a line and returns whether its target is met.
func report(l line) bool {
	text, err := json.Marshal(l)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	fmt.Println(string(text))
	return l.OK
}

// timed is for how long something ran.
func timed(began time.Time) float64 { return time.Since(began).Round(100 * time.Millisecond).Seconds() }
