package node

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"faultline/api/direct"
	"faultline/store"
	"faultline/task"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// Limits of the HTTP server: of one request on a connection. A client that sends or
// reads more slowly is cut off, so that slow ones can't hold all connections. The stream
// lifts those on time for itself.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
)

// Limits of a drain, within the 5 s that it may take with the private Redis.
const (
	drainLimit    = 4 * time.Second // all of it but the delay at its start is bounded by what is left
	requestsLimit = 1500 * time.Millisecond
)

// startGrace is how long a node that has just started may take until it is ready to
// write, before it is called ready to be read all the same. Load balancers would else
// send requests that write to a node whose leader it does not know yet.
const startGrace = 5 * time.Second

// ready says why this node should get no requests; nil when it can be read. Readers do
// not wait for Redis, so that one that is away makes no node unready. A node that starts
// is given a moment to become ready for everything at once.
func (n *Node) ready() error {
	if n.replica.Draining() {
		return errors.New("draining: the process is about to end")
	}
	if err := n.board.Ready(); err != nil {
		return err
	}
	if why := n.writable(); !n.wasWritable.Load() && n.cfg.Now().Sub(n.started) < startGrace {
		return why
	}
	return nil
}

// writable says why this node should get nothing that is to be written down; nil when it
// should. Tokens are part of it: until the revoked ones are known none can be trusted, and
// vantages could not hand in.
func (n *Node) writable() error {
	if err := n.replica.Ready(); err != nil {
		return err
	}
	if !n.cfg.Keys.RevocationsKnown() {
		return errors.New("which tokens are revoked is not read yet")
	}
	if err := n.board.Ready(); err != nil {
		return err
	}
	n.wasWritable.Store(true)
	return nil
}

// unwell is what a person should look after although the node does its work, a line for each
// thing; "" for nothing. A machine whose clock is off does no harm, as the log's is used
// instead, and a Redis that may lose the log works until it does: both need care.
func (n *Node) unwell() string {
	var lines []string
	if why := n.keeper.Fault(); why != "" {
		lines = append(lines, "the record of what is published is not signed: "+why)
	}
	lines = append(lines, n.replica.Perils()...)
	if off := n.clockOff(); off != "" {
		lines = append(lines, off)
	}
	return strings.Join(lines, "\n")
}

// clockOff says how far the machine's clock is from the log's; "" where it is near
// enough. The text is for people and rounded to seconds; an offset within
// [store.ClockTolerance] is not worth a line.
func (n *Node) clockOff() string {
	if n.cfg.Time == nil {
		return ""
	}
	switch offset := n.cfg.Time.Offset().Round(time.Second); {
	case offset > store.ClockTolerance:
		return "the clock of this machine is " + offset.String() + " ahead of the log's"
	case offset < -store.ClockTolerance:
		return "the clock of this machine is " + (-offset).String() + " behind the log's"
	}
	return ""
}

// Run serves until ctx ends, then ends in order within a few seconds. An error says which
// part ended by itself: the first one that does ends the node, because a node that goes on
// without one of its parts looks healthy and is not. A drill is prepared before the node
// listens, so that its first reader finds the drill's past.
func (n *Node) Run(ctx context.Context) error {
	admin, err := n.openAdmin(ctx)
	if err != nil {
		return err
	}
	defer admin.close()
	play, stopDrill, err := n.prepareDrill(ctx)
	if err != nil {
		return err
	}
	defer stopDrill()
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", n.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: n.handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ConnState: newConnections(n.cfg.MaxConnections, n.cfg.TrustedProxies, n.cfg.Registry).state,
		ErrorLog:  slog.NewLogLogger(n.log.Handler(), slog.LevelDebug)}
	ended := make(chan error, 1)
	t := tasks{
		server:  task.Begin("server", ended, func(context.Context) error { return n.serve(server, listener) }),
		door:    task.Begin("door", ended, n.door.Run),
		replica: task.Begin("replica", ended, n.replica.Run),
		board:   task.Begin("board", ended, n.board.Run),
		streams: task.Begin("streams", ended, n.streams.Run),
		keys:    task.Begin("keys", ended, n.watchKeys),
		limits:  task.Begin("limits", ended, n.cfg.Limits.Run), record: task.Begin("record", ended, n.keeper.Run),
	}
	n.beginOthers(&t, ended, admin, play)
	n.log.Info("serving", "listen", listener.Addr().String(), "holder", n.holder)
	if n.cfg.Serving != nil {
		n.cfg.Serving(listener.Addr())
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-ended:
	}
	n.drain(server, t)
	return failure
}

// beginOthers begins the tasks that not every node has. A task that is nil is stopped
// without effect, so that drain needs no conditions.
func (n *Node) beginOthers(t *tasks, ended chan<- error, admin *adminServer, play func(context.Context) error) {
	if n.cfg.Drill == nil {
		t.notices = task.Begin("notices", ended, n.notices.Run)
	}
	if n.archive != nil {
		t.archive = task.Begin("archive", ended, n.archive.Run)
	}
	if n.dumps != nil {
		t.dumps = task.Begin("dumps", ended, n.dumps.Run)
	}
	if admin != nil {
		t.admin = task.Begin("admin server", ended, admin.run)
	}
	if n.cfg.Places != nil {
		t.places = task.Begin("places", ended, n.cfg.Places.Run)
	}
	if play != nil {
		t.drill = task.Begin("drill", ended, play)
	}
	if n.work != nil {
		t.work = task.Begin("schedule", ended, n.work.Run)
	}
	if n.probes != nil {
		t.probes = task.Begin("prober", ended, n.probes)
	}
}

// serve answers on connections until the server is ended. What is prepared can't be answered in
// front of a server that speaks TLS: the request can be read by that server alone.
func (n *Node) serve(server *http.Server, l net.Listener) error {
	if n.cfg.TLS == nil {
		return server.Serve(n.inFront(l))
	}
	server.TLSConfig = n.cfg.TLS.Server()
	return server.ServeTLS(l, "", "")
}

// inFront answers on connections what is prepared, before the server reads a request.
// Answers that were prepared leave within microseconds, without the cost of a request.
// All else goes on to the server as it came.
func (n *Node) inFront(l net.Listener) net.Listener {
	return direct.Listen(l, n.prepared.Answer, direct.Limits{Idle: idleTimeout, Write: writeTimeout})
}

// tasks are the goroutines of a node. Each ends by itself only with an error, and the
// first that does ends the node.
type tasks struct {
	server, door, replica, board, streams, limits, keys, record *task.Task
	drill, places, work, probes, notices, admin, archive, dumps *task.Task // nil where there is none
}

// drain ends a node in order: no new requests, streams closed, those under way
// answered, what was accepted written, a last checkpoint, the lease released. The delay
// at the start is for load balancers, which take some time to notice that a node is no
// longer ready.
func (n *Node) drain(server *http.Server, tasks tasks) {
	n.log.Info("draining")
	n.replica.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), n.cfg.DrainDelay+drainLimit)
	defer cancel()
	// What makes new events ends first, so that everything after it has an end to reach.
	tasks.drill.Stop(ctx, n.log)
	tasks.places.Stop(ctx, n.log)
	tasks.probes.Cancel() // it hands in what it has seen while requests are still taken
	task.Pause(ctx, n.cfg.DrainDelay)
	n.streams.Close()
	if n.work != nil {
		n.work.Close()
		tasks.work.Stop(ctx, n.log)
	}
	tasks.probes.Stop(ctx, n.log)
	requests, done := context.WithTimeout(ctx, requestsLimit)
	defer done()
	if err := server.Shutdown(requests); err != nil {
		n.log.Warn("requests under way were cut off", "error", err)
		server.Close()
	}
	tasks.streams.Cancel()
	tasks.board.Cancel() // nobody asks any more; they end while the others write
	tasks.limits.Cancel()
	tasks.notices.Cancel()
	tasks.archive.Cancel()
	tasks.dumps.Cancel()
	tasks.keys.Cancel()
	tasks.record.Cancel()
	// Ingest writes what it accepted, and the replica stores what follows from it.
	for _, t := range []*task.Task{tasks.door, tasks.replica, tasks.streams, tasks.board, tasks.limits, tasks.keys,
		tasks.notices, tasks.archive, tasks.dumps, tasks.admin, tasks.record,
		tasks.server} {
		t.Stop(ctx, n.log)
	}
	n.log.Info("ended")
}

// prepareDrill writes what came before a drill's first moment, and returns what plays the
// rest and what ends it.
func (n *Node) prepareDrill(ctx context.Context) (play func(context.Context) error, stop func(), err error) {
	d := n.cfg.Drill
	if d == nil {
		return nil, func() {}, nil
	}
	if _, err := n.cfg.Store.Epoch(ctx, d.Start()); err != nil {
		return nil, nil, fmt.Errorf("open the drill's log: %w", err)
	}
	writer := n.cfg.Store.Writer()
	rest, stop, err := d.Prepare(ctx, writer)
	if err != nil {
		return nil, nil, err
	}
	play = func(ctx context.Context) error {
		return d.Play(ctx, n.door, writer, rest, func() time.Time { return n.replica.Status().Clock })
	}
	return play, stop, nil
}

// HolderName tells this process from all that may lead, in the lease and in logs. Host and
// process are for people; the random part makes it certain, since containers share both.
func HolderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
}

// randomWriter names a sender to the log that never was before. Numbers of batches
// begin anew with each start; with an old name they would look like repetitions of what
// the log has.
func randomWriter() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: it ends the process instead
	return binary.LittleEndian.Uint64(b[:])
}
