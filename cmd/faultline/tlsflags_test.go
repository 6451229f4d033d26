package main

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"faultline/doctor"
	"faultline/tlsfiles"
	"faultline/tlsfiles/tlsfilestest"
	"faultline/trace/tracetest"
)

func TestSettingsOfTLSAreChecked(t *testing.T) {
	files := tlsfilestest.NewAuthority(t).Issue("node", time.Now().Add(time.Hour))
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"no key":             {[]string{"--tls-cert", files.Cert}, "needs --tls-key"},
		"clients alone":      {[]string{"--tls-client-ca", files.Cert}, "FAULTLINE_TLS_CLIENT_CA"},
		"names alone":        {[]string{"--tls-client-vantage"}, "needs --tls-client-ca"},
		"redis without url":  {[]string{"--redis-ca", files.Cert}, "need --redis-url"},
		"redis without tls":  {[]string{"--redis-url", "redis://h", "--redis-ca", files.Cert}, "need rediss://"},
		"redis without key":  {[]string{"--redis-url", "rediss://h", "--redis-cert", files.Cert}, "needs --redis-key"},
		"redis without file": {[]string{"--redis-url", "rediss://h", "--redis-ca", "/nowhere"}, "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := command(t, append([]string{"serve"}, tt.args...)...)
			if code != exitUsage || !strings.Contains(errs, tt.want) {
				t.Errorf("exit %d: %s", code, errs)
			}
		})
	}
}

// The health check asks a node that speaks TLS, and believes no other certificate than its own.
func TestHealthcheckOfANodeWithTLS(t *testing.T) {
	authority := tlsfilestest.NewAuthority(t)
	files := authority.Issue("faultline.example", time.Now().Add(time.Hour))
	loaded, err := files.Load()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*loaded.Certificate}}
	s.StartTLS()
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("FAULTLINE_LISTEN", ":"+port)
	if code, _, errs := command(t, "healthcheck", "--tls-cert", files.Cert); code != 0 {
		t.Errorf("its own: exit %d: %s", code, errs)
	}
	other := authority.Issue("faultline.example", time.Now().Add(time.Hour))
	if code, _, _ := command(t, "healthcheck", "--tls-cert", other.Cert); code != exitFailed {
		t.Errorf("another's: exit %d", code)
	}
	if code, _, errs := command(t, "healthcheck", "--tls-cert", files.Key+".no"); code != exitUsage {
		t.Errorf("no file: exit %d: %s", code, errs)
	}
}

// The doctor names each file that can't be used, each certificate that ends soon, and a collector
// that takes nothing.
func TestDoctorExaminesTLSAndTheCollector(t *testing.T) {
	authority := tlsfilestest.NewAuthority(t)
	soon := authority.Issue("node", time.Now().Add(13*24*time.Hour))
	collector := tracetest.Start(t)
	t.Setenv("FAULTLINE_STATE_DIR", t.TempDir())
	examine := func(args ...string) map[string]doctor.Check {
		t.Helper()
		args = append([]string{"doctor", "--json", "--redis-url", "rediss://127.0.0.1:1"}, args...)
		_, out, errs := command(t, args...)
		var report doctor.Report
		if err := json.Unmarshal([]byte(out), &report); err != nil {
			t.Fatalf("%v: %s%s", err, out, errs)
		}
		found := map[string]doctor.Check{}
		for _, c := range report.Checks {
			found[c.Name+" "+string(c.State)] = c
		}
		return found
	}
	found := examine("--tls-cert", soon.Cert, "--tls-key", soon.Key, "--otlp-endpoint", collector.URL)
	if c := found["certificate wrong"]; !strings.Contains(c.Found, soon.Cert) || !strings.Contains(c.Found, "12 days") {
		t.Errorf("a certificate that ends soon: %+v", found)
	}
	if _, ok := found["collector ok"]; !ok {
		t.Errorf("a collector that takes traces: %+v", found)
	}
	collector.Refuse(http.StatusUnauthorized)
	found = examine("--redis-ca", "/nowhere/ca.pem", "--otlp-endpoint", collector.URL)
	if c := found["certificate wrong"]; !strings.Contains(c.Found, "/nowhere/ca.pem") ||
		!strings.Contains(c.Found, "--redis-ca") {
		t.Errorf("a file that is not there: %+v", found)
	}
	if c := found["collector wrong"]; !strings.Contains(c.Found, "401") {
		t.Errorf("a collector that refuses: %+v", found)
	}
	if found = examine("--otlp-endpoint", "http://127.0.0.1:1"); found["collector wrong"].Found == "" {
		t.Errorf("a collector that is away: %+v", found)
	}
	if found = examine(); len(found) == 0 || found["certificate ok"].Found != "" || found["collector ok"].Found != "" {
		t.Errorf("what is not set is examined: %+v", found)
	}
}

// An operator's files are read before a request is sent.
func TestAnOperatorsCertificateIsNamed(t *testing.T) {
	t.Setenv("FAULTLINE_STATE_DIR", t.TempDir())
	code, _, errs := command(t, "vantage", "add", "lon-2", "--token", "x", "--client-cert", "/nowhere", "--client-key",
		"/nowhere")
	if code != exitUsage || !strings.Contains(errs, "/nowhere") {
		t.Errorf("exit %d: %s", code, errs)
	}
	var none serverFlags
	if s, err := none.source(nil); s != (*tlsfiles.Source)(nil) || err != nil {
		t.Errorf("without files: %v, %v", s, err)
	}
}
