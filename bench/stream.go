package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// Each of the two crowds has maxStreamClients clients, from clientAddresses addresses.
// One address of a client has some 28,000 ports on Linux by default
// (ip_local_port_range), so that 200 addresses hold both crowds many times over.
const (
	maxStreamClients = 10_000
	clientAddresses  = 200
	streamTarget     = 0.7  // of the CPU of gin's SSEvent, a client and change
	idleTarget       = 4096 // bytes of memory a client that listens
	// streamWait is how long everybody may take to get one change.
	streamWait = 30 * time.Second
)

// streamClients is how many clients each of the two crowds has: 10,000, or as many
// as this process may have files open for both.
func streamClients() (int, error) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("read the limit on open files: %w", err)
	}
	// Half for each crowd. A hundred are left for the servers' pipes, listeners and
	// whatever else this process has open.
	return min(maxStreamClients, int(limit.Cur/2)-100), nil
}

// measureStream sends one change to 10,000 clients of the API's stream, beside gin's own
// helper for server-sent events, and measures what an idle client costs. An incident that
// everybody watches is sent to everybody within the same second.
func measureStream(ctx context.Context, opt options, log io.Writer) ([]figure, error) {
	clients, err := streamClients()
	if err != nil {
		return nil, err
	}
	// The two crowds are connected at the same time and take turns. So each round meets
	// the same machine, with the same number of open sockets.
	ours, err := startCrowd(ctx, readerOurs, clients, log)
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	bare, err := startCrowd(ctx, readerBare, clients, log)
	if err != nil {
		return nil, err
	}
	defer bare.stop()
	fmt.Fprintf(log, "stream: %d rounds\n", opt.Rounds)
	m, err := measure(ctx, opt.Rounds, mode{"api", ours.change}, mode{"gin SSEvent", bare.change})
	if err != nil {
		return nil, err
	}
	change := ratioFigure("stream.change", m, streamTarget, lower, "ratio of CPU a client",
		"gin's c.SSEvent, a goroutine a client")
	change.Detail["clients"] = clients
	idle := figure{Name: "stream.idle", Value: ours.idle, Target: idleTarget, Better: lower,
		OK:   meets(ours.idle, idleTarget, lower),
		Unit: "bytes a client", Limit: "gin's c.SSEvent: " + number(bare.idle), Runs: 1,
		Detail: map[string]any{"clients": clients, "resident": "after the clients had come, less before"}}
	return []figure{change, idle}, nil
}

// crowd is a server with its clients, all of which have a stream open.
type crowd struct {
	*reader
	conns []net.Conn
	idle  float64 // bytes of resident memory a client
}

// startCrowd starts a server and connects its clients, 64 at a time, so that the listen queue
// does not overflow. The growth of the server's memory meanwhile is what idle clients cost.
func startCrowd(ctx context.Context, kind string, clients int, log io.Writer) (*crowd, error) {
	fmt.Fprintf(log, "stream: %d clients of %s\n", clients, kind)
	r, err := startReader(ctx, kind)
	if err != nil {
		return nil, err
	}
	c := &crowd{reader: r, conns: make([]net.Conn, clients)}
	// The server has listened before this: what its start takes is not a client's.
	before, err := r.resident()
	if err != nil {
		r.stop()
		return nil, err
	}
	// The context is not used: a client that fails fails the run, and stop closes those
	// that came.
	g, _ := errgroup.WithContext(ctx)
	g.SetLimit(64)
	for i := range c.conns {
		g.Go(func() (err error) {
			c.conns[i], err = listen(r.addr, i)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		c.stop()
		return nil, fmt.Errorf("%d clients of %s: %w", clients, kind, err)
	}
	after, err := r.resident()
	c.idle = float64(after-before) / float64(clients)
	return c, err
}

// listen opens a stream and reads its head. Clients come from several addresses: one address
// has not enough ports for two crowds, and may not have so many streams open.
func listen(addr string, i int) (net.Conn, error) {
	conn, err := dialFrom(i, addr)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(conn, "GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return nil, err
	}
	// What this reader has buffered beyond the head is dropped. That may be a comment, and no
	// change: none has been made yet.
	in := bufio.NewReaderSize(conn, 4096)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(line) == "" {
			return conn, nil
		}
	}
}

// stop hangs up all clients and ends the server.
func (c *crowd) stop() {
	for _, conn := range c.conns {
		if conn != nil {
			conn.Close()
		}
	}
	c.reader.stop()
}

// change makes one change and waits until every client has it. It returns the CPU that the
// server spent, in microseconds a client. One client that does not get it within streamWait
// makes the round void.
func (c *crowd) change(context.Context) (float64, error) {
	before, err := c.cpu()
	if err != nil {
		return 0, err
	}
	// A byte on the child's standard input makes the next change. The end of that input
	// ends the child.
	if _, err := io.WriteString(c.leash, "\n"); err != nil {
		return 0, err
	}
	// This process reads, and its CPU is not counted. 256 readers at once are enough,
	// since the sockets' buffers hold an event meanwhile.
	g := errgroup.Group{}
	g.SetLimit(256)
	end := time.Now().Add(streamWait)
	for _, conn := range c.conns {
		g.Go(func() error { return awaitEvent(conn, end) })
	}
	if err := g.Wait(); err != nil {
		return 0, fmt.Errorf("void: not everybody was told: %w", err)
	}
	after, err := c.cpu()
	return float64((after - before).Microseconds()) / float64(len(c.conns)), err
}

// awaitEvent reads up to the end of one event, which an empty line marks.
func awaitEvent(conn net.Conn, end time.Time) error {
	if err := conn.SetReadDeadline(end); err != nil {
		return err
	}
	buf, seen := make([]byte, 32<<10), []byte(nil)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		seen = append(seen, buf[:n]...)
		// A comment that keeps the connection open ends with an empty line as well, so
		// that only one behind an event counts (HTML Standard, server-sent events).
		if at := bytes.Index(seen, []byte("event:")); at >= 0 && bytes.Contains(seen[at:], []byte("\n\n")) {
			return nil
		}
	}
}

// resident is the server's memory in bytes: the resident pages of /proc/PID/statm.
func (r *reader) resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", r.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The second field is the resident set in pages, see proc(5). Memory that was
	// reserved and never touched is not in it.
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
