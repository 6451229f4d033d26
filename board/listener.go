package board

import "faultline"

// Update is one change as a [Listener] gets it.
type Update struct {
	// ID is its position in the stream of all changes.
	ID string
	// Incident is the incident at that revision, with all its sites where they are
	// known. Before is the incident as it was, nil where that is not known. Neither
	// may be written to.
	Incident, Before *faultline.Incident
	// Listed is the incident rendered in the form of the list.
	Listed []byte
}

// Listener is handed every change. A Board has one, which must not wait.
//
// Each call gets a commit, which makes the changes visible to whoever reads the
// Board's snapshot. The listener calls it once, in step with what it tells its
// clients, so that a client that joins in between sees no change twice and misses
// none.
type Listener interface {
	// Publish hands over the changes since the last call.
	Publish(updates []Update, commit func())
	// Restart says that changes may have been lost, and hands over the last ones
	// that are known.
	Restart(updates []Update, commit func())
	// Forget says that there may be changes before those of the last call.
	Forget()
	// Covered says that something else can be said of now than before.
	Covered(coverage faultline.Coverage)
}

// Listen sets who is handed changes. It is called before [Board.Run].
func (b *Board) Listen(l Listener) { b.listener = l }

// nobody is the listener of a Board that was given none, so that the Board need not ask
// whether there is one.
type nobody struct{}

// Publish makes the changes visible at once: there are no clients to keep in step with.
func (nobody) Publish(_ []Update, commit func()) { commit() }

// Restart makes the changes visible at once, as Publish does.
func (nobody) Restart(_ []Update, commit func()) { commit() }

// Forget does nothing: no client keeps a position.
func (nobody) Forget() {}

// Covered does nothing: readers of the snapshot see the coverage there.
func (nobody) Covered(faultline.Coverage) {}
