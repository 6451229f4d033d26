package stream

import (
	"fmt"
	"slices"
	"testing"

	"faultline/board"
)

// Who does not take its frames loses its place once the queue is full, and the
// others none of theirs.
func TestFullQueueIsDropped(t *testing.T) {
	h := newHub(maxStreams, newMetrics(nil))
	join := func() *client {
		j, err := h.join("", chosen{}, func() {}, func() *board.Snapshot { return nil })
		if err != nil {
			t.Fatal(err)
		}
		return j.client
	}
	idle, busy := join(), join()
	for i := range clientQueue + 1 {
		if _, there := h.clients[idle]; !there {
			t.Fatalf("dropped with %d in the queue", i)
		}
		h.publish([]frame{{id: fmt.Sprint(i), bytes: []byte{byte(i)}}}, func() {})
		if got := <-busy.frames; got[0] != byte(i) {
			t.Fatalf("frame %d is %d", i, got[0])
		}
	}
	got := 0
	for range idle.frames {
		got++
	}
	if got != clientQueue || len(h.clients) != 1 {
		t.Errorf("%d frames were left, %d clients", got, len(h.clients))
	}
}

// The hub remembers the newest frames and no more.
func TestHubKeepsItsBound(t *testing.T) {
	h := newHub(maxStreams, newMetrics(nil))
	var frames []frame
	for i := range 3 * board.Recent {
		frames = append(frames, incidentFrame(fmt.Sprint(i), nil))
	}
	for batch := range slices.Chunk(frames, 100) {
		h.publish(batch, func() {})
	}
	if len(h.ring) != board.Recent || h.position() != fmt.Sprint(3*board.Recent-1) || h.whole {
		t.Errorf("ring of %d at %s, whole %t", len(h.ring), h.position(), h.whole)
	}
}
