package api

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"

	"faultline"
	"faultline/board"
)

// What an entry of a feed is of: an incident, which is updated with each revision, or one
// change of an incident's state, which is never changed. Programs that show each entry once
// need the second.
const (
	entriesKey       = "entries"
	entriesIncidents = "incidents"
	entriesChanges   = "changes"
)

// feedKeys are the query keys of feeds.
var feedKeys = append([]string{entriesKey}, faultline.FilterKeys...)

// changesLookedAt are the incidents, those that were updated last, among which a feed looks for
// the newest changes.
const changesLookedAt = 200

// readEntries reports whether the entries of a feed are changes.
func readEntries(query url.Values) (changes bool, err error) {
	switch query.Get(entriesKey) {
	case "", entriesIncidents:
		return false, nil
	case entriesChanges:
		return true, nil
	}
	return false, invalidParameter(entriesKey, "must be "+entriesIncidents+" or "+entriesChanges)
}

// changesFeed collects the newest changes of state, newest first. An incident is taken if its
// last revision fits the filter, and all its changes are with it: a reader whose site joined
// late must learn that the outage is confirmed. States alone are asked of each change.
func (a *api) changesFeed(ctx context.Context, s *board.Snapshot, f faultline.Filter) ([]entryOf, error) {
	states := f.States
	f.States = nil
	var taken []*faultline.Incident
	for _, e := range s.Order {
		if f.Takes(&e.Incident) {
			taken = append(taken, &e.Incident)
		}
	}
	slices.SortStableFunc(taken, func(x, y *faultline.Incident) int { return y.UpdatedAt.Compare(x.UpdatedAt) })
	var found []faultline.Incident
	for i, inc := range taken[:min(len(taken), changesLookedAt)] {
		if len(found) >= feedEntries && found[feedEntries-1].UpdatedAt.After(inc.UpdatedAt) {
			break // nothing that is older can be among the newest
		}
		changes, err := a.changes.read(ctx, a.cfg.Board, taken[i])
		if err != nil {
			return nil, err
		}
		for _, change := range changes {
			if len(states) == 0 || slices.Contains(states, change.State) {
				found = append(found, change)
			}
		}
		slices.SortFunc(found, func(x, y faultline.Incident) int {
			return cmp.Or(y.UpdatedAt.Compare(x.UpdatedAt), cmp.Compare(x.ID, y.ID), y.Revision-x.Revision)
		})
	}
	entries := make([]entryOf, 0, feedEntries)
	for i := range found[:min(len(found), feedEntries)] {
		entries = append(entries, a.changeEntry(found[i]))
	}
	return entries, nil
}

// changeWords begin the title of a change: in a list of entries it must be seen without a click
// what came to be.
var changeWords = map[faultline.IncidentState]string{
	faultline.StateCandidate: "Suspected: ", faultline.StateConfirmed: "Confirmed: ",
	faultline.StateRecovering: "Recovering: ", faultline.StateResolved: "Resolved: ",
	faultline.StateMerged: "Part of another incident: ", // a retracted one says so by itself
}

// changeEntry is one change. All that it says is of its revision: its page shows the same.
func (a *api) changeEntry(change faultline.Incident) entryOf {
	change.Title = changeWords[change.State] + change.Title
	e := a.entry(&change)
	at := "@" + strconv.Itoa(change.Revision)
	e.id, e.link, e.began = e.id+at, e.link+at, change.UpdatedAt
	return e
}
