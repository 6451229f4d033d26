package node

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
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
	status, _ := s.postAs("lon-2", c, path, scope, body)
	return status
}

// postAs is post by the token of a subject. It returns the answer too.
func (s sender) postAs(subject string, c *http.Client, path, scope, body string) (int, string) {
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
		text, err := s.keys.Issue(token.Claims{Subject: subject, Scopes: []string{scope}, TTL: time.Hour})
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+text)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}

// get returns the status of an answer and the answer, 0 where there is no connection.
func (s sender) get(c *http.Client, path string) (int, string) {
	s.t.Helper()
	resp, err := c.Get(s.url + path)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
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

// A certificate that names a vantage is good for the tokens of that vantage alone. Without a name
// it is good for any, unless agents must have one that does.
func TestACertificateIsBoundToItsVantage(t *testing.T) {
	t.Run("a name is not asked for", func(t *testing.T) { bindCertificates(t, false, http.StatusAccepted) })
	t.Run("a name is asked for", func(t *testing.T) { bindCertificates(t, true, http.StatusForbidden) })
}

// bindCertificates tries certificates with several names. An agent whose certificate names no
// vantage is answered ofUnnamed.
func bindCertificates(t *testing.T, demanded bool, ofUnnamed int) {
	const refused, taken, made = http.StatusForbidden, http.StatusAccepted, http.StatusCreated
	const other = "another vantage"
	servers, clients := tlsfilestest.NewAuthority(t), tlsfilestest.NewAuthority(t)
	later := time.Now().Add(time.Hour)
	files := servers.Issue("node", later)
	files.CA = clients.File
	send := sender{t: t}
	r := begin(t, storetest.Start(t), secured(t, files), func(cfg *Config) {
		cfg.NamedCertificates = demanded
		send.keys = cfg.Keys
	})
	send.url = strings.Replace(r.url, "http:", "https:", 1)
	client := func(uris ...string) *http.Client { return with(t, servers, clients.Issue("lon-2", later, uris...)) }
	unnamed := client("spiffe://example.org/ns/probes", "https://example.org/vantage/lon-2")
	named := client("spiffe://example.org/vantage/lon-2")
	pace.Eventually(t, "it is ready", func() bool {
		status, _ := send.get(unnamed, "/readyz/write")
		return status == http.StatusOK
	})
	probe := `{"at":"` + time.Now().UTC().Format(time.RFC3339) + `","site":"bbc.co.uk","symptom":"ok"}` + "\n"
	const wanted = `{"subject":"desk","scopes":["webhooks:write"]}`
	for name, tt := range map[string]struct {
		client         *http.Client
		subject        string
		probes, tokens int
		says           string
	}{
		"its own":       {named, "lon-2", taken, made, "accepted"},
		"another's":     {named, "nyc-1", refused, refused, other},
		"an operator's": {named, "desk", refused, refused, other},
		"one of two": {client("spiffe://a/vantage/x", "spiffe://b/vantage/nyc-1"), "nyc-1", taken, made,
			"accepted"},
		"an empty name":  {client("spiffe://example.org/vantage/"), "lon-2", refused, refused, other},
		"without a name": {unnamed, "nyc-1", ofUnnamed, made, ""},
	} {
		got, said := send.postAs(tt.subject, tt.client, "/v1/probes", token.ScopeProbes, probe)
		if got != tt.probes || !strings.Contains(said, tt.says) {
			t.Errorf("%s: probes are answered %d, want %d: %s", name, got, tt.probes, said)
		}
		got, said = send.postAs(tt.subject, tt.client, "/v1/tokens", token.ScopeAdmin, wanted)
		if got != tt.tokens {
			t.Errorf("%s: a request for a token is answered %d, want %d: %s", name, got, tt.tokens, said)
		}
	}
	_, text := send.get(named, "/metrics")
	for reason, n := range map[string]int{"other_vantage": 6, "unnamed": map[bool]int{true: 1}[demanded]} {
		line := fmt.Sprintf("faultline_client_certificates_refused_total{reason=%q} %d\n", reason, n)
		if !strings.Contains(text, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}
