package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"faultline"
)

const (
	// adminWriteTimeout is longer than a CPU profile or a trace may take.
	adminWriteTimeout = 3 * time.Minute
	// maxAdminScrapes is how many requests for metrics are answered at one time.
	maxAdminScrapes = 4
)

// adminServer answers operators on an address of its own: metrics, and the profiles of
// the Go runtime, which may be slow and say more than the public should know. Without
// an address for operators there are no profiles, and metrics are served to everybody.
type adminServer struct {
	listener net.Listener
	server   *http.Server
}

// openAdmin listens on the operators' address; nil if there is none.
func (n *Node) openAdmin(ctx context.Context) (*adminServer, error) {
	if n.cfg.AdminListen == "" {
		return nil, nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", n.cfg.AdminListen)
	if err != nil {
		return nil, fmt.Errorf("listen for operators: %w", err)
	}
	if at, ok := listener.Addr().(*net.TCPAddr); ok && !at.IP.IsLoopback() {
		n.log.Warn("metrics and profiles can be read by whoever reaches the operators' address",
			"admin_listen", listener.Addr().String())
	}
	if n.cfg.AdminServing != nil {
		n.cfg.AdminServing(listener.Addr())
	}
	return &adminServer{listener, &http.Server{Handler: n.ownNames(n.adminRoutes()),
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout,
		WriteTimeout: adminWriteTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug)}}, nil
}

// adminRoutes are what operators may ask for. The handlers of pprof are named one by one,
// because importing the package for its side effect would also put them on the default mux.
func (n *Node) adminRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.cfg.Registry,
		promhttp.HandlerOpts{MaxRequestsInFlight: maxAdminScrapes}))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// ownNames refuses requests for a name that is not the node's own. Any other name can be pointed at
// an operators' address by whoever owns it, and a page under that name could then read what is
// there in an operator's browser (DNS rebinding).
func (n *Node) ownNames(h http.Handler) http.Handler {
	own := faultline.Origins{Base: n.cfg.BaseURL, Listen: n.cfg.AdminListen}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !own.OwnHost(r.Host) {
			http.Error(w, "Ask by an address, as localhost, or by the name in --admin-listen.",
				http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// close frees the address, also of a server that never ran. A nil one has none.
func (a *adminServer) close() {
	if a != nil {
		a.server.Close()
		a.listener.Close()
	}
}

// run serves until ctx ends. A profile that is being taken then is cut off.
func (a *adminServer) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { a.server.Close() })
	defer stop()
	if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve operators: %w", err)
	}
	return nil
}
