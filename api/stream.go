package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"faultline"
	"faultline/api/stream"

	"github.com/gin-gonic/gin"
)

// resumeKeys are the query keys that clients name a position by, where they can't
// set the header: ours, and those of the libraries that are most used. A client may
// add its own to an address that has one already: what it read last comes first.
var resumeKeys = []string{"lastEventId", "lastEventID", "LastEventId", "lasteventid", "Last-Event-ID", "last-event-id",
	"last_event_id", "evs_last_event_id"}

// streamKeys are the query keys of the stream.
var streamKeys = slices.Concat([]string{"snapshot"}, resumeKeys, faultline.FilterKeys)

// resumeAfter is the position behind which a client wants to go on. The header is
// of a client that comes back, and newer than its address.
func resumeAfter(c *gin.Context, query url.Values) string {
	if after := c.GetHeader("Last-Event-ID"); after != "" {
		return after
	}
	for _, key := range resumeKeys {
		if after := query.Get(key); after != "" {
			return after
		}
	}
	return ""
}

// getStream sends every change of every incident as it happens, as server-sent events: event
// incident with an incident in the form of the list, its id the position in the stream; event reset
// where the client has to start over because changes were lost to it. A comment every 15 seconds
// shows that the connection lives.
//
// @ID       getStream
// @Summary  Changes of incidents as they happen
// @Description Server-sent events (HTML Living Standard, section 9.2), until the client closes the connection.
// @Description
// @Description - `incident`: data is an Incident with its first 20 sites; id is its position in the stream.
// @Description - `reset`: this client has missed changes; it must read the list of incidents again.
// @Description - `coverage`: how much is observed has changed. It is also the first event while not everything is observed. data is a Coverage. While its state is blind, the absence of events does not mean that all is well.
// @Description - `position`: nothing new. Its id is the position from which to resume.
// @Description
// @Description A comment every 15 seconds shows that the connection is alive.
// @Tags     incidents
// @Produce  text/event-stream
// @Param    Last-Event-ID header string false "resume after this position"
// @Param    last_event_id query  string false "the same, for clients that cannot set headers; lastEventId, lastEventID and Last-Event-ID are accepted too"
// @Param    snapshot      query  int    false "1: the open incidents first, unless resuming" Enums(0, 1)
// @Success  200 {string} string "events, without end"
// @Failure  503 {object} Problem
// @Router   /v1/stream [get]
func (a *api) getStream(c *gin.Context, query url.Values) error {
	snapshot := query.Get("snapshot")
	if query.Has("snapshot") && snapshot != "1" && snapshot != "0" {
		return invalidParameter("snapshot", "must be 1 or 0")
	}
	f, err := faultline.ReadFilter(query, a.cfg.Lookup, a.cfg.Board.Providers())
	if err != nil {
		return err
	}
	after := resumeAfter(c, query)
	if a.cfg.Streams == nil {
		return faultline.ErrUnavailable
	}
	release, err := a.openStream(c)
	if err != nil {
		return err
	}
	err = a.cfg.Streams.Serve(
		c.Writer,
		c.Request,
		stream.Request{Filter: f, After: after, Snapshot: snapshot == "1", Release: release},
	)
	if errors.Is(err, stream.ErrFull) {
		return &refusal{status: http.StatusServiceUnavailable, detail: "No further stream can be opened just now."}
	}
	return err
}
