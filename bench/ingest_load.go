package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	ingestConnections = 256
	ingestAddresses   = 10_000
	// What one address and one prefix may send a minute: the defaults of serve would
	// stop ten thousand addresses at fifty thousand reports a second, which no machine
	// that this runs on reaches; on one that does they must be raised.
	ingestPersonLimit = 600
	ingestPrefixLimit = 60_000
)

// load sends reports over keep-alive connections as fast as they are answered, each by
// another address about another site, so that every one of them counts: a second report of
// the same person and site within ten minutes would be answered and not logged.
type load struct {
	addr  string
	sites []string
	next  atomic.Uint64 // of the pairs of address and site

	name func(k uint64) string // of the site of the k-th report; nil: one of sites
	most uint64                // reports after which it ends; 0: none
}

// answered is what came back within one round. Counted are those that the server says
// are new evidence; the others were taken and say nothing new.
type answered struct {
	accepted, counted, other int64
	took                     time.Duration
}

// run sends for at most d, as fast as reports are answered.
func (l *load) run(ctx context.Context, d time.Duration) (answered, error) {
	return l.runAt(ctx, d, 0)
}

// runAt sends pace reports a second, if that many are answered; 0 means as many as are. It
// waits on the wall clock until each is due, so that a slow answer does not lower the rate
// (no coordinated omission).
func (l *load) runAt(ctx context.Context, d time.Duration, pace float64) (answered, error) {
	var sent atomic.Int64
	var all answered
	var mu sync.Mutex
	began := time.Now()
	end := began.Add(d)
	g, ctx := errgroup.WithContext(ctx)
	for range ingestConnections {
		g.Go(func() error {
			conn, err := net.Dial("tcp", l.addr)
			if err != nil {
				return err
			}
			defer conn.Close()
			var mine answered
			in, out := bufio.NewReaderSize(conn, 2<<10), make([]byte, 0, 512)
			for ctx.Err() == nil && time.Now().Before(end) {
				if pace > 0 {
					due := began.Add(time.Duration(float64(sent.Add(1)) / pace * float64(time.Second)))
					if due.After(end) {
						break
					}
					time.Sleep(time.Until(due))
				}
				k := l.next.Add(1)
				if l.most > 0 && k > l.most {
					break
				}
				out = l.request(out[:0], k)
				if _, err := conn.Write(out); err != nil {
					return err
				}
				status, body, err := readAnswer(in)
				if err != nil {
					return err
				}
				if status != 202 {
					mine.other++
					continue
				}
				mine.accepted++
				if bytes.Contains(body, []byte(`"counted":true`)) {
					mine.counted++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all.accepted, all.counted, all.other = all.accepted+mine.accepted, all.counted+mine.counted,
				all.other+mine.other
			return nil
		})
	}
	err := g.Wait()
	all.took = time.Since(began)
	return all, err
}

// request appends the k-th report to b as it goes over the wire. It is written by hand,
// because net/http would cost this process more than the report costs the server. The
// address goes into X-Forwarded-For, which the server believes from this machine only.
func (l *load) request(b []byte, k uint64) []byte {
	var site string
	who := k % ingestAddresses
	if l.name != nil {
		site = l.name(k)
	} else {
		site = l.sites[k/ingestAddresses%uint64(len(l.sites))]
	}
	b = append(b,
		"POST /v1/reports HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-Forwarded-For: 10."...)
	b = strconv.AppendUint(b, who%7, 10)
	b = append(b, '.')
	b = strconv.AppendUint(b, who/256, 10)
	b = append(b, '.')
	b = strconv.AppendUint(b, who%256, 10)
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(site)+len(`{"site":"","symptom":"http_503"}`)), 10)
	b = append(b, "\r\n\r\n{\"site\":\""...)
	b = append(b, site...)
	return append(b, `","symptom":"http_503"}`...)
}

// readAnswer reads one response that has a Content-Length. The body is good until the next
// read. It knows just what these servers write, and is no parser of HTTP.
func readAnswer(in *bufio.Reader) (status int, body []byte, err error) {
	length := -1
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, nil, fmt.Errorf("read an answer: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case first:
			if len(line) < len("HTTP/1.1 202") {
				return 0, nil, errors.New("no HTTP")
			}
			status, err = strconv.Atoi(string(line[9:12]))
			if err != nil {
				return 0, nil, err
			}
		case len(line) == 0:
			if length < 0 {
				return 0, nil, errors.New("an answer without a length")
			}
			body, err := in.Peek(length)
			if err != nil {
				return 0, nil, err
			}
			if _, err := in.Discard(length); err != nil && !errors.Is(err, io.EOF) {
				return 0, nil, err
			}
			return status, body, nil
		default:
			const name = "Content-Length: "
			rest, ok := bytes.CutPrefix(line, []byte(name))
			if !ok {
				continue
			}
			if length, err = strconv.Atoi(string(rest)); err != nil {
				return 0, nil, err
			}
		}
	}
}
