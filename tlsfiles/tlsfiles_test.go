package tlsfiles_test

import (
	"crypto/tls"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"faultline/tlsfiles"
	"faultline/tlsfiles/tlsfilestest"
)

// clock is one that a test moves.
type clock struct{ seconds atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(1_800_000_000+c.seconds.Load(), 0) }

// Files that change are read again within a second, and those that can't be used then leave what
// was read before in use.
func TestChangedFilesAreReadAgain(t *testing.T) {
	authority := tlsfilestest.NewAuthority(t)
	first, second := time.Now().Add(time.Hour).Truncate(time.Second), time.Now().Add(2*time.Hour).Truncate(time.Second)
	files := authority.Issue("node", first)
	var at clock
	reg := prometheus.NewRegistry()
	s, err := tlsfiles.Open(tlsfiles.Config{Files: files, Now: at.now, Reg: reg})
	if err != nil {
		t.Fatal(err)
	}
	ends := func(want time.Time) {
		t.Helper()
		if got := s.Current().Ends(); !got.Equal(want) {
			t.Errorf("it ends at %v, want %v", got, want)
		}
	}
	ends(first)
	authority.Renew(files, "node", second)
	ends(first) // the files are looked at once a second
	at.seconds.Add(1)
	ends(second)
	whole, err := os.ReadFile(files.Cert)
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range []func() error{
		func() error { return os.WriteFile(files.Cert, []byte("nothing"), 0o600) },
		func() error { return os.Remove(files.Cert) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		at.seconds.Add(1)
		ends(second)
	}
	if err := os.WriteFile(files.Cert, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	at.seconds.Add(1)
	ends(second)
	want := "# HELP faultline_tls_reload_failures_total Attempts to read the changed certificate, key or authorities " +
		"of the API that failed; the ones before stay in use.\n" +
		"# TYPE faultline_tls_reload_failures_total counter\nfaultline_tls_reload_failures_total 2\n"
	err = testutil.GatherAndCompare(reg, strings.NewReader(want), "faultline_tls_reload_failures_total")
	if err != nil {
		t.Error(err)
	}
}

// What can't be used is refused at the start, by the name of the file.
func TestFilesThatCantBeUsedAreNamed(t *testing.T) {
	authority := tlsfilestest.NewAuthority(t)
	one, other := authority.Issue("a", time.Now().Add(time.Hour)), authority.Issue("b", time.Now().Add(time.Hour))
	large := one.Cert + ".large"
	if err := os.WriteFile(large, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		files tlsfiles.Files
		want  string
	}{
		"no key":             {tlsfiles.Files{Cert: one.Cert}, "need each other"},
		"no certificate":     {tlsfiles.Files{Key: one.Key}, "need each other"},
		"no file":            {tlsfiles.Files{Cert: "/nowhere", Key: one.Key}, "/nowhere"},
		"another's key":      {tlsfiles.Files{Cert: one.Cert, Key: other.Key}, one.Cert},
		"a key for a ca":     {tlsfiles.Files{CA: one.Key}, one.Key + " has no certificate"},
		"a file of no bound": {tlsfiles.Files{CA: large}, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := tt.files.Load(); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A connection that begins after the files have changed gets the new certificate, and the
// authorities of clients change with it.
func TestNewConnectionsUseTheChangedFiles(t *testing.T) {
	authority := tlsfilestest.NewAuthority(t)
	files := authority.Issue("node", time.Now().Add(time.Hour))
	var at clock
	s, err := tlsfiles.Open(tlsfiles.Config{Files: files, Now: at.now})
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", s.Server())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = c.Read(make([]byte, 1)); c.Close() }()
		}
	}()
	trusted, err := tlsfiles.Files{CA: authority.File}.Load()
	if err != nil {
		t.Fatal(err)
	}
	serial := func() string {
		t.Helper()
		cfg := &tls.Config{MinVersion: tls.VersionTLS12}
		trusted.Client(cfg)
		c, err := tls.DialWithDialer(&net.Dialer{}, "tcp", l.Addr().String(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	before := serial()
	authority.Renew(files, "node", time.Now().Add(2*time.Hour))
	at.seconds.Add(1)
	if serial() == before {
		t.Error("a new connection gets the old certificate")
	}
}
