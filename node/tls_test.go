package node

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"faultline/api/token"
	"faultline/pace"
	"faultline/store/storetest"
	"faultline/tlsfiles"
	"faultline/tlsfiles/tlsfilestest"
)

// secured has a node speak TLS by these files.
func secured(t *testing.T, files tlsfiles.Files) func(*Config) {
	t.Helper()
	source, err := tlsfiles.Open(tlsfiles.Config{Files: files, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return func(cfg *Config) { cfg.TLS = source }
}

// with is a client that trusts an authority and has a certificate, or none.
func with(t *testing.T, authority *tlsfilestest.Authority, own tlsfiles.Files) *http.Client {
	t.Helper()
	own.CA = authority.File
	loaded, err := own.Load()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	loaded.Client(transport.TLSClientConfig)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// sender sends requests with tokens that the keys sign.
type sender struct {
	t    *testing.T
	url  string
	keys *token.Keys
}

// post returns the status of an answer, 0 where there is no connection.
func (s sender) post(c *http.Client, path, scope, body string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, bytes.NewBufferString(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if scope == token.ScopeProbes {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	if scope != "" {
		text, err := s.keys.Issue(token.Claims{Subject: "lon-2", Scopes: []string{scope}, TTL: time.Hour})
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+text)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// Agents and operators need a certificate of the authority besides their token. Readers and those
// who report need none.
func TestAgentsAndOperatorsNeedACertificate(t *testing.T) {
	servers, clients := tlsfilestest.NewAuthority(t), tlsfilestest.NewAuthority(t)
	later := time.Now().Add(time.Hour)
	files := servers.Issue("node", later)
	files.CA = clients.File
	var keys *token.Keys
	r := begin(t, storetest.Start(t), secured(t, files), func(cfg *Config) { keys = cfg.Keys })
	r.url = strings.Replace(r.url, "http:", "https:", 1)
	none := with(t, servers, tlsfiles.Files{})
	pace.Eventually(t, "it is ready", func() bool {
		resp, err := none.Get(r.url + "/readyz/write")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK && resp.ProtoMajor == 2
	})
	send := sender{t, r.url, keys}.post
	const probes, tokens, reports = "/v1/probes", "/v1/tokens", "/v1/reports"
	probe := `{"at":"` + time.Now().UTC().Format(time.RFC3339) + `","site":"bbc.co.uk","symptom":"ok"}` + "\n"
	const wanted, report = `{"subject":"desk","scopes":["webhooks:write"]}`, `{"site":"bbc.co.uk"}`
	right := with(t, servers, clients.Issue("lon-2", later))
	for name, tt := range map[string]struct {
		client                  *http.Client
		probes, tokens, reports int
	}{
		"none":               {none, http.StatusForbidden, http.StatusForbidden, http.StatusAccepted},
		"its own":            {right, http.StatusAccepted, http.StatusCreated, http.StatusAccepted},
		"one that has ended": {with(t, servers, clients.Issue("lon-2", time.Now().Add(-time.Minute))), 0, 0, 0},
		"another's":          {with(t, servers, tlsfilestest.NewAuthority(t).Issue("lon-2", later)), 0, 0, 0},
		"the server's":       {with(t, servers, servers.Issue("lon-2", later)), 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := send(tt.client, probes, token.ScopeProbes, probe); got != tt.probes {
				t.Errorf("probes are answered %d, want %d", got, tt.probes)
			}
			if got := send(tt.client, tokens, token.ScopeAdmin, wanted); got != tt.tokens {
				t.Errorf("a request for a token is answered %d, want %d", got, tt.tokens)
			}
			if got := send(tt.client, reports, "", report); got != tt.reports {
				t.Errorf("a report is answered %d, want %d", got, tt.reports)
			}
		})
	}
	if got := send(right, probes, "", probe); got != http.StatusUnauthorized {
		t.Errorf("a certificate without a token is answered %d", got)
	}
	if resp, err := http.Get(strings.Replace(r.url, "https:", "http:", 1) + "/readyz"); err == nil {
		if resp.Body.Close(); resp.StatusCode == http.StatusOK {
			t.Error("it answers without TLS")
		}
	}
}
