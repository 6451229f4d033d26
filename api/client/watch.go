package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"faultline"
)

const (
	// watchLine bounds one line of the stream.
	watchLine = 8 << 20
	// After a break the stream is resumed after watchRetry, twice as long each time
	// up to watchRetryMost, spread at random.
	watchRetry     = time.Second
	watchRetryMost = time.Minute
)

// Watched is what [Client.Watch] hands on.
type Watched struct {
	// Incident is one revision, with its first 20 sites; nil: see the others.
	Incident *faultline.Incident
	// Coverage is what can be said at all from now on; nil: as before. While it is
	// blind, silence does not mean that all is well.
	Coverage *faultline.Coverage
	// Reset: changes were lost; what is known should be read again.
	Reset bool
}

// Watch hands on each change of what the query chooses (its times and Limit aside) as
// it happens, first what is open now. It resumes after breaks without a gap, or says
// that there was one, and returns when ctx ends, when hand fails, or when the server
// refuses the query. A caller that gets Reset reads the list again; until then it may
// show something that is over.
func (c *Client) Watch(ctx context.Context, q Query, hand func(Watched) error) error {
	q.Since, q.Until, q.Overlapping, q.Limit = time.Time{}, time.Time{}, false, 0
	w := watcher{hand: hand}
	pause := watchRetry
	for {
		query := q.Values()
		if w.last == "" {
			query.Set("snapshot", "1")
		}
		answer, err := c.do(ctx, "/v1/stream", query, w.last)
		if err == nil {
			pause = watchRetry
			err = w.read(bufio.NewScanner(answer.Body))
			_ = answer.Body.Close() // it has ended, or nobody reads on
		}
		var refused *Problem
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case w.failed != nil:
			return w.failed
		case errors.As(err, &refused) && refused.Status < http.StatusInternalServerError &&
			refused.Status != http.StatusTooManyRequests:
			return fmt.Errorf("watch: %w", err)
		case refused != nil && refused.RetryAfter > pause:
			pause = refused.RetryAfter
		}
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause = min(2*pause, watchRetryMost)
	}
}

// watcher reads server-sent events (HTML Standard, 9.2). It keeps the last id, by which
// the server goes on after a break.
type watcher struct {
	hand   func(Watched) error
	last   string // the last id
	failed error  // of hand
}

// read reads events until the connection ends (HTML Living Standard, section 9.2.6). Lines are
// bounded by watchLine.
func (w *watcher) read(lines *bufio.Scanner) error {
	lines.Buffer(nil, watchLine)
	var kind, data string
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			w.last = value
		case "event":
			kind = value
		case "data":
			data += value
		case "":
			if lines.Text() != "" {
				continue // a comment
			}
			if err := w.event(kind, data); err != nil {
				return err
			}
			kind, data = "", ""
		}
	}
	return lines.Err()
}

// event decodes one event and hands it on. Kinds that are not known are left out: a newer server
// may send more.
func (w *watcher) event(kind, data string) error {
	var change Watched
	switch kind {
	case "incident":
		if err := json.Unmarshal([]byte(data), &change.Incident); err != nil {
			return fmt.Errorf("read the stream: %w", err)
		}
	case "coverage":
		if err := json.Unmarshal([]byte(data), &change.Coverage); err != nil {
			return fmt.Errorf("read the stream: %w", err)
		}
	case "reset":
		change.Reset = true
	default:
		return nil
	}
	w.failed = w.hand(change)
	return w.failed
}
