package agent

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"faultline/tlsfiles"
	"faultline/tlsfiles/tlsfilestest"
)

// An agent shows its server the certificate that its files hold when it connects, and a renewed one
// without a restart.
func TestAnAgentShowsItsCertificate(t *testing.T) {
	servers, clients := tlsfilestest.NewAuthority(t), tlsfilestest.NewAuthority(t)
	own := servers.Issue("node", time.Now().Add(time.Hour))
	own.CA = clients.File
	loaded, err := own.Load()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Shown", r.TLS.PeerCertificates[0].SerialNumber.String())
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*loaded.Certificate},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: loaded.CAs}
	server.StartTLS()
	defer server.Close()
	files := clients.Issue("lon-2", time.Now().Add(time.Hour))
	files.CA = servers.File
	var seconds atomic.Int64
	source, err := tlsfiles.Open(tlsfiles.Config{Files: files,
		Now: func() time.Time { return time.Unix(1_800_000_000+seconds.Load(), 0) }})
	if err != nil {
		t.Fatal(err)
	}
	link := NewLink(time.Now, source)
	shown := func() string {
		t.Helper()
		resp, err := (&http.Client{Transport: link}).Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.Header.Get("Shown")
	}
	before := shown()
	if shown() != before {
		t.Error("the certificate changes by itself")
	}
	clients.Renew(files, "lon-2", time.Now().Add(2*time.Hour))
	seconds.Add(1)
	if shown() == before {
		t.Error("the renewed certificate is not shown")
	}
	if resp, err := (&http.Client{Transport: NewLink(time.Now, nil)}).Get(server.URL); err == nil {
		resp.Body.Close()
		t.Error("a server of an unknown authority is believed")
	}
}
