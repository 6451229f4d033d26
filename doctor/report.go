package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// State is how one check went.
type State string

// The states of a check.
const (
	OK      State = "ok"
	Note    State = "note"    // it works; an operator should know all the same
	Wrong   State = "wrong"   // it must be put right
	Unknown State = "unknown" // it could not be found out
)

// Check is one line of a report. Found must make sense to somebody who knows Redis and
// not Faultline.
type Check struct {
	Name  string `json:"check"`
	State State  `json:"state"`
	Found string `json:"found"`        // what is so, with the numbers
	Do    string `json:"do,omitempty"` // what to do about it
}

// Report is all that was checked, in order.
type Report struct {
	Checks []Check `json:"checks"`
	Wrong  int     `json:"wrong"` // how many are wrong
}

// NewReport counts what is wrong.
func NewReport(checks []Check) Report {
	r := Report{Checks: checks}
	for _, c := range checks {
		if c.State == Wrong {
			r.Wrong++
		}
	}
	return r
}

// WriteJSON writes the report as one JSON object.
func (r Report) WriteJSON(w io.Writer) error {
	if err := json.NewEncoder(w).Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteText writes a line for each check, and below it what to do.
func (r Report) WriteText(w io.Writer) error {
	var text strings.Builder
	for _, c := range r.Checks {
		fmt.Fprintf(&text, "%-8s%-18s%s\n", c.State, c.Name, c.Found)
		if c.Do != "" {
			fmt.Fprintf(&text, "%-26s-> %s\n", "", c.Do)
		}
	}
	switch r.Wrong {
	case 0:
		text.WriteString("Nothing is wrong.\n")
	case 1:
		text.WriteString("One thing is wrong.\n")
	default:
		fmt.Fprintf(&text, "%d things are wrong.\n", r.Wrong)
	}
	if _, err := io.WriteString(w, text.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
