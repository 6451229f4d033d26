package api

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"faultline"
	"faultline/api/stream"
	"faultline/board"
)

// However often a client is cut off, it sees every change once, in order.
func TestStreamResumesWithoutGapOrDuplicate(t *testing.T) {
	n := newNode(t)
	n.run()
	url := n.serve().URL + "/v1/stream"
	s := open(t, url, "")
	s.opened()
	n.source.Publish(incident(0, 1, 2))
	if e := s.next(); e.id != position(1) {
		t.Fatalf("got %s", e.id)
	}
	const changes = 3 * board.Recent / 2
	var teller sync.WaitGroup
	teller.Go(func() {
		for i := 1; i < changes; i++ {
			n.source.Publish(incident(i%7, i/7+1, 2))
		}
	})
	defer teller.Wait()
	dropped := 0
	for seen, cut := 1, 0; seen < changes; {
		if seen >= cut+97 { // cut off, and back with the last id that was seen
			cut = seen
			s.end()
			s = open(t, url, s.last)
		}
		e, err := s.block()
		switch {
		case err != nil: // dropped for being slow: the same
			if dropped++; dropped > changes {
				t.Fatal("dropped again and again")
			}
			s = open(t, url, s.last)
		case e.data == "":
		case e.kind != "incident" || e.id != position(seen+1):
			t.Fatalf("after %d came %s %s", seen, e.kind, e.id)
		default:
			seen++
		}
	}
}

// Beyond the ring a stream resumes from the source; where nothing joins up it
// says so.
func TestStreamResumesFromTheSource(t *testing.T) {
	n := newNode(t)
	total := board.Recent + 700
	for i := range total {
		n.source.Publish(incident(0, i+1, 1))
	}
	n.run()
	url := n.serve().URL + "/v1/stream"
	s := open(t, url, position(10))
	events := s.opened()
	if len(events) != total-10 || events[0].id != position(11) || s.last != position(total) {
		t.Fatalf("%d events up to %s", len(events), s.last)
	}
	for i, e := range events {
		if e.kind != "incident" || e.id != position(11+i) {
			t.Fatalf("event %d is %s %s", i, e.kind, e.id)
		}
	}
	n.source.Mu.Lock()
	n.source.Sent, n.source.Trimmed = n.source.Sent[300:], 300
	n.source.Mu.Unlock()
	for _, lost := range []string{position(10), position(total + 5), "0", "x", "1 2", strings.Repeat("9", 65),
		"<script>"} {
		s := open(t, url+"?snapshot=1", lost)
		events := s.opened()
		if len(events) != 2 || events[0].kind != "reset" || events[1].incident(t).Revision != total ||
			s.last != position(total) {
			t.Errorf("from %.20q: %d events, first %+v", lost, len(events), events[0])
		}
	}
	n.source.Fail(errors.New("gone"))
	if events := open(t, url, position(400)).opened(); len(events) != 1 || events[0].kind != "reset" {
		t.Errorf("without a source: %d events", len(events))
	}
	if events := open(t, url, position(total-1)).opened(); len(events) != 1 || events[0].id != position(total) {
		t.Errorf("within the ring: %d events", len(events))
	}
	// Where no header can be set; a header goes before it.
	if events := open(t, url+"?last_event_id="+position(total-2), "").opened(); len(events) != 2 {
		t.Errorf("by the query: %d events", len(events))
	}
	if events := open(t, url+"?last_event_id="+position(total-2), position(total-1)).opened(); len(events) != 1 {
		t.Errorf("by both: %d events", len(events))
	}
}

// A client that comes back by what its library puts into the address goes on where
// it was: what each of them calls it is read, and what it read last is believed
// over what the page wrote.
func TestStreamResumesByWhatLibrariesSend(t *testing.T) {
	n := newNode(t)
	for i := range 4 {
		n.source.Publish(incident(0, i+1, 1))
	}
	n.run()
	url := n.serve().URL + "/v1/stream"
	for _, query := range []string{"lastEventId=" + position(2), "lastEventID=" + position(2),
		"Last-Event-ID=" + position(2), "last_event_id=" + position(2),
		"last_event_id=" + position(1) + "&lastEventId=" + position(2), "utm_source=x&lastEventId=" + position(2),
		"lastEventId=" + position(1) + "&lastEventId=" + position(2), "evs_last_event_id=" + position(2),
		"last-event-id=" + position(2), "LastEventId=" + position(2) + "&snapshot=1"} {
		if events := open(t, url+"?"+query, "").opened(); len(events) != 2 || events[0].id != position(3) {
			t.Errorf("%s: %d events", query, len(events))
		}
	}
}

// Some clients drop an event without data, and its id with it: every event that
// bears a position carries data.
func TestPositionsCarryData(t *testing.T) {
	n := newNode(t, func(_ *Config, _ *board.Config, s *stream.Config) { s.Heartbeat = 5 * time.Millisecond })
	n.source.Publish(incident(0, 1, 1))
	n.run()
	s := open(t, n.serve().URL+"/v1/stream?site=bbc.co.uk", "")
	var block []string
	for positions := 0; positions < 3; {
		line, err := s.read.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line != "\n" {
			block = append(block, line)
			continue
		}
		whole := strings.Join(block, "")
		if block = nil; strings.Contains(whole, "id: ") {
			if positions++; !strings.Contains(whole, "data: {") {
				t.Fatalf("an event without data: %q", whole)
			}
		}
	}
}

// A node that is a little behind the one that gave a position does not reset the stream:
// it goes on where the client is once it has come there, and until then the client comes
// back later with what it has.
func TestStreamResumesAtANodeThatIsBehind(t *testing.T) {
	n := newNode(t)
	n.source.Publish(incident(0, 1, 1))
	n.source.See(faultline.View{AsOf: time.UnixMilli(1623145624000).UTC()})
	n.run()
	url := n.serve().URL + "/v1/stream"
	s := open(t, url, position(1))
	s.opened()

	early := open(t, url, position(3)) // given by a node that is two changes further
	for {
		e, err := early.block()
		if err != nil {
			break // it is told to come back
		}
		if e.kind == "reset" || e.kind == "incident" || e.kind == "position" {
			t.Fatalf("a position that is not here yet is answered %s %s", e.kind, e.data)
		}
	}
	n.source.Publish(incident(0, 2, 1))
	n.source.Publish(incident(0, 3, 1))
	n.source.Publish(incident(0, 4, 1))
	for e := s.next(); e.id != position(4); e = s.next() { // until this node has come there
	}
	late := open(t, url, position(3))
	events := late.opened()
	for len(events) == 0 {
		events = append(events, late.next())
	}
	if events[0].kind != "incident" || events[0].id != position(4) {
		t.Errorf("it goes on with %s %s", events[0].kind, events[0].id)
	}
}
