package node

import (
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"faultline/store/storetest"
)

// With an address for operators, metrics and profiles are there and nowhere else.
func TestOperatorsHaveAnAddressOfTheirOwn(t *testing.T) {
	admin := make(chan net.Addr, 1)
	r := start(t, storetest.Start(t), func(c *Config) {
		c.AdminListen, c.AdminServing = "127.0.0.1:0", func(a net.Addr) { admin <- a }
	})
	public, private := r.url, "http://"+(<-admin).String()
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap"} {
		if got := r.get(path, nil); got != http.StatusNotFound {
			t.Errorf("the public gets %s: %d", path, got)
		}
		r.url = private
		if got := r.get(path, nil); got != http.StatusOK {
			t.Errorf("operators get %s: %d", path, got)
		}
		r.url = public
	}
	r.url = private
	for _, path := range []string{"/", "/v1/summary", "/readyz"} {
		if got := r.get(path, nil); got != http.StatusNotFound {
			t.Errorf("operators' address has %s: %d", path, got)
		}
	}
	for host, want := range map[string]int{"rebound.example": http.StatusMisdirectedRequest,
		"rebound.example:9090": http.StatusMisdirectedRequest, "": http.StatusOK, "localhost": http.StatusOK,
		"LOCALHOST.:9090": http.StatusOK, "10.0.0.5:9090": http.StatusOK, "[::1]:9090": http.StatusOK} {
		for _, path := range []string{"/metrics", "/debug/pprof/heap"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, private+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if res.Body.Close(); res.StatusCode != want {
				t.Errorf("%s is answered %d to who asks %q", path, res.StatusCode, host)
			}
		}
	}
	r.stop()
	if res, err := http.Get(private + "/metrics"); err == nil {
		_ = res.Body.Close()
		t.Error("it is open after the end")
	}
}

// Without one, metrics stay where they were and there are no profiles.
func TestWithoutAnOperatorsAddressThereAreNoProfiles(t *testing.T) {
	r := start(t, storetest.Start(t))
	if got := r.get("/metrics", nil); got != http.StatusOK {
		t.Errorf("metrics: %d", got)
	}
	if got := r.get("/debug/pprof/", nil); got != http.StatusNotFound {
		t.Errorf("profiles: %d", got)
	}
}

// The table of metrics has every metric that a node registers.
func TestEveryMetricIsDocumented(t *testing.T) {
	r := start(t, storetest.Start(t))
	table, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	descriptions := make(chan *prometheus.Desc)
	go func() { r.reg.Describe(descriptions); close(descriptions) }()
	name, n := regexp.MustCompile(`fqName: "(faultline_[a-z_]+)"`), 0
	for d := range descriptions {
		if m := name.FindStringSubmatch(d.String()); m != nil {
			if n++; !strings.Contains(string(table), "| `"+m[1]+"` |") {
				t.Errorf("docs/metrics.md has no %s", m[1])
			}
		}
	}
	if n < 50 {
		t.Errorf("a node registers %d metrics", n)
	}
}

// An operators' address that is taken ends the start.
func TestAnOperatorsAddressMustBeFree(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := &Node{cfg: Config{AdminListen: l.Addr().String()}}
	if _, err := n.openAdmin(t.Context()); err == nil || !strings.Contains(err.Error(), "listen for operators") {
		t.Errorf("%v", err)
	}
}
