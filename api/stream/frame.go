package stream

import (
	"strconv"
	"time"

	"faultline"
	"faultline/board"
	"faultline/board/page"
)

// frameOf is an update as a frame.
func frameOf(u board.Update) frame {
	f := incidentFrame(u.ID, u.Listed)
	f.inc, f.before = u.Incident, u.Before
	return f
}

// incidentFrame, resetFrame and the like are the bytes of one event each (HTML
// Standard, 9.2.6 "Interpreting an event stream").
func incidentFrame(id string, body []byte) frame {
	b := make([]byte, 0, len(body)+len(id)+32)
	if id != "" {
		b = append(append(append(b, "id: "...), id...), '\n')
	}
	b = append(append(b, "event: incident\ndata: "...), body...)
	return frame{id: id, bytes: append(b, "\n\n"...)}
}

// resetFrame tells a client to read the incidents again: what it has seen does not join up
// with what follows.
func resetFrame(why, position string) []byte {
	return []byte("event: reset\ndata: {\"reason\":\"" + why + "\"}\nid: " + position + "\n\n")
}

// coverageFrame says what can be said at all. It has no id: it is no change of an incident, and
// whoever resumes gets the newest first.
func coverageFrame(c faultline.Coverage) []byte {
	body, err := page.Render(c)
	if err != nil { // three numbers and two texts always render
		return nil
	}
	return append(append([]byte("event: coverage\ndata: "), body...), "\n\n"...)
}

// heartbeatFrame is a comment, which clients pass over. It keeps proxies from closing an
// idle connection.
var heartbeatFrame = []byte(":\n\n")

// positionFrame tells a client how far it has come. It carries data: some clients
// drop an event without, and its id with it.
func positionFrame(position string) []byte {
	return []byte("event: position\ndata: {\"position\":\"" + position + "\"}\nid: " + position + "\n\n")
}

// openFrame tells the browser when to come back after a break: at different
// times, in milliseconds.
func openFrame(retry time.Duration) []byte {
	return []byte("retry: " + strconv.FormatInt(retry.Milliseconds(), 10) + "\n\n")
}
