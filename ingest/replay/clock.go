package replay

import (
	"slices"
	"time"

	"faultline"
)

// Sink takes events in order. An error ends the replay.
type Sink func(faultline.Event) error

// What the clock believes.
const (
	// agree is how many lines in a row it takes to start the clock, and to make
	// it jump.
	agree = 3
	// maxLead is how far ahead of the clock one line may be and be believed,
	// and how far apart the lines that agree may be.
	maxLead = faultline.FutureBound
	// maxHeld bounds the lines that wait for the clock to start.
	maxHeld = 1 << 16
	// fineGap is the part of a gap that is ticked through by the second; what
	// follows is ticked through by the minute, for at most coarseGap.
	fineGap   = time.Hour
	coarseGap = 400 * 24 * time.Hour
)

// Clock is the clock of a replay: the largest time that a line has brought so
// far. It hands events on in the order of their arrival, and before the event
// that takes it past a whole second a [faultline.Tick] for each second up to
// that, so that a fold sees the same as from a live log.
//
//   - It starts at the median of the first three timed lines (the lowest when
//     there are fewer), which wait for one another, with a tick at that second.
//   - After a gap it ticks every second of the first hour, then once a minute,
//     then at the second that it has reached. It crosses what is longer than
//     400 days in one step.
//   - A line more than 2 minutes ahead is handed on and does not move it, unless
//     it is the third in a row whose times agree within 2 minutes: then it jumps
//     there. Lines without a time do not break a row. Late lines are handed on.
//   - An epoch that comes before any timed line opens a log with ticks of its
//     own. From then on everything is handed on as it comes and nothing is
//     added. Otherwise tick and epoch lines are left out.
//
// After the last line it stops: nothing is ticked beyond. Not safe for
// concurrent use.
type Clock struct {
	sink Sink

	now    time.Time // the largest time so far; zero until it starts
	tick   time.Time // the last tick
	logged bool      // the lines bring their own ticks
	ahead  []time.Time

	held  []faultline.Event // until three timed ones are among them
	timed []time.Time       // the times of those

	ticks, ignored int64
}

// NewClock returns a clock that has not started and hands on to sink.
func NewClock(sink Sink) *Clock { return &Clock{sink: sink} }

// Now is the clock's time, zero before it has started.
func (c *Clock) Now() time.Time { return c.now }

// Event takes the event of the next line.
func (c *Clock) Event(ev faultline.Event) error {
	if c.logged {
		return c.sink(ev)
	}
	at := ev.Time()
	switch ev.(type) {
	case faultline.Epoch:
		if len(c.timed) == 0 && c.now.IsZero() {
			c.logged = true
			return c.sink(ev)
		}
		c.ignored++
		return nil
	case faultline.Tick, faultline.Adopt, faultline.Published:
		c.ignored++
		return nil
	}
	if !c.now.IsZero() {
		return c.pass(ev, at)
	}
	if at.IsZero() && len(c.timed) == 0 {
		return c.sink(ev)
	}
	c.held = append(c.held, ev)
	if !at.IsZero() {
		c.timed = append(c.timed, at)
	}
	if len(c.timed) == agree || len(c.held) == maxHeld {
		return c.start()
	}
	return nil
}

// End says that there are no more lines.
func (c *Clock) End() error {
	if !c.now.IsZero() || len(c.timed) == 0 {
		return nil
	}
	return c.start()
}

// start sets the clock by the timed lines that it holds and passes on all.
func (c *Clock) start() error {
	slices.SortFunc(c.timed, time.Time.Compare)
	c.now = c.timed[0]
	if len(c.timed) == agree {
		c.now = c.timed[agree/2]
	}
	c.tick = c.now.Truncate(time.Second)
	if err := c.emit(); err != nil {
		return err
	}
	held := c.held
	c.held, c.timed = nil, nil
	for _, ev := range held {
		if err := c.pass(ev, ev.Time()); err != nil {
			return err
		}
	}
	return nil
}

// pass moves the clock as far as at may move it, and hands the event on.
func (c *Clock) pass(ev faultline.Event, at time.Time) error {
	if !at.IsZero() && c.believe(at) && at.After(c.now) {
		c.now = at
		if err := c.advance(); err != nil {
			return err
		}
	}
	return c.sink(ev)
}

// believe reports whether a line of that time may move the clock.
func (c *Clock) believe(at time.Time) bool {
	if at.Sub(c.now) <= maxLead {
		c.ahead = c.ahead[:0]
		return true
	}
	if len(c.ahead) == agree {
		copy(c.ahead, c.ahead[1:])
		c.ahead = c.ahead[:agree-1]
	}
	c.ahead = append(c.ahead, at)
	if len(c.ahead) < agree {
		return false
	}
	if slices.MaxFunc(c.ahead, time.Time.Compare).Sub(slices.MinFunc(c.ahead, time.Time.Compare)) > maxLead {
		return false
	}
	c.ahead = c.ahead[:0]
	return true
}

// advance ticks up to the second that the clock has reached.
func (c *Clock) advance() error {
	to := c.now.Truncate(time.Second)
	fine := c.tick.Add(fineGap)
	coarse := fine.Add(coarseGap)
	for c.tick.Before(to) {
		step := time.Second
		if !c.tick.Before(fine) {
			step = time.Minute
		}
		c.tick = c.tick.Add(step)
		if c.tick.After(to) || c.tick.After(coarse) {
			c.tick = to
		}
		if err := c.emit(); err != nil {
			return err
		}
	}
	return nil
}

// emit hands on the tick of the clock's present time.
func (c *Clock) emit() error {
	c.ticks++
	return c.sink(faultline.Tick{At: c.tick})
}
