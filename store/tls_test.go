package store

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"faultline/store/storetest"
	"faultline/tlsfiles"
	"faultline/tlsfiles/tlsfilestest"
)

// securedRedis puts TLS in front of a Redis, for clients with a certificate of an authority alone,
// and returns its address.
func securedRedis(t *testing.T, server tlsfiles.Files) string {
	t.Helper()
	socket := strings.TrimPrefix(storetest.Start(t), "unix://")
	loaded, err := server.Load()
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{MinVersion: tls.VersionTLS12,
		Certificates: []tls.Certificate{*loaded.Certificate}, ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs: loaded.CAs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go forward(in, socket)
		}
	}()
	return "rediss://" + l.Addr().String()
}

// forward carries one connection.
func forward(in net.Conn, socket string) {
	defer in.Close()
	out, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer out.Close()
	go func() { _, _ = io.Copy(out, in); out.Close() }()
	_, _ = io.Copy(in, out)
}

// A Redis that wants certificates is reached with one of its authority, and with no other.
func TestRedisIsReachedByMutualTLS(t *testing.T) {
	servers, clients := tlsfilestest.NewAuthority(t), tlsfilestest.NewAuthority(t)
	later := time.Now().Add(time.Hour)
	files := servers.Issue("redis", later)
	files.CA = clients.File
	url := securedRedis(t, files)
	trusting := func(own tlsfiles.Files, authority *tlsfilestest.Authority) tlsfiles.Files {
		own.CA = authority.File
		return own
	}
	ask := func(files tlsfiles.Files) error {
		s, err := Open(t.Context(), Config{URL: WithTLSFiles(url, files), Durable: true})
		if err != nil {
			return err
		}
		defer s.Close()
		_, err = s.Epoch(t.Context(), time.Now())
		return err
	}
	own := trusting(clients.Issue("node", later), servers)
	if err := ask(own); err != nil {
		t.Fatalf("with its certificate: %v", err)
	}
	for name, files := range map[string]tlsfiles.Files{
		"none":                 trusting(tlsfiles.Files{}, servers),
		"one that has ended":   trusting(clients.Issue("node", time.Now().Add(-time.Minute)), servers),
		"another authority's":  trusting(servers.Issue("node", later), servers),
		"a server not trusted": trusting(clients.Issue("node", later), clients),
		"no such file":         {CA: servers.File, Cert: "/nowhere/cert.pem", Key: own.Key},
	} {
		t.Run(name, func(t *testing.T) {
			err := ask(files)
			if err == nil {
				t.Fatal("it is reached")
			}
			if name == "no such file" && !strings.Contains(err.Error(), "/nowhere/cert.pem") {
				t.Errorf("the file is not named: %v", err)
			}
		})
	}
	// A certificate that has ended is of use again once it is renewed.
	old := trusting(clients.Issue("node", time.Now().Add(-time.Minute)), servers)
	clients.Renew(old, "node", later)
	if err := ask(old); err != nil {
		t.Errorf("after it was renewed: %v", err)
	}
}

// A cluster and a server behind a sentinel are reached by mutual TLS, each server with the name by
// which it is dialled, and by nobody whose certificate is of another authority.
func TestClusterAndSentinelAreReachedByMutualTLS(t *testing.T) {
	later := time.Now().Add(time.Hour)
	authority, other := tlsfilestest.NewAuthority(t), tlsfilestest.NewAuthority(t)
	server := authority.Issue("redis", later)
	files := storetest.Secured{Cert: server.Cert, Key: server.Key, CA: authority.File}
	for name, start := range map[string]func(testing.TB, storetest.Secured) string{
		"cluster": storetest.StartSecuredCluster, "sentinel": storetest.StartSecuredSentinel} {
		t.Run(name, func(t *testing.T) {
			url := start(t, files)
			ask := func(own tlsfiles.Files) error {
				own.CA = authority.File
				s, err := Open(t.Context(), Config{URL: WithTLSFiles(url, own), Durable: true})
				if err != nil {
					return err
				}
				defer s.Close()
				if _, err = s.Epoch(t.Context(), time.Now()); err != nil {
					return err
				}
				return s.Revoke(t.Context(), name, later, time.Now())
			}
			if err := ask(authority.Issue("node", later)); err != nil {
				t.Errorf("with its certificate: %v", err)
			}
			if ask(tlsfiles.Files{}) == nil || ask(other.Issue("node", later)) == nil {
				t.Error("it is reached without a certificate of its authority")
			}
		})
	}
}

// Files are for TLS alone, of every kind of address, and go-redis does not see them.
func TestFilesOfTLSAreParameters(t *testing.T) {
	files := tlsfiles.Files{CA: "/a b/ca.pem", Cert: "/c.pem", Key: "/k.pem"}
	for _, url := range []string{"rediss://:secret@h:1/2?db=2", "rediss+sentinel://a,b/main", "rediss+cluster://a"} {
		o, err := ParseURL(WithTLSFiles(url, files))
		if err != nil || o.Dialer == nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{"redis://h", "unix:///s", "redis+cluster://a"} {
		_, err := ParseURL(WithTLSFiles(url, files))
		if err == nil || !strings.Contains(err.Error(), "need rediss://") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if WithTLSFiles("redis://h", tlsfiles.Files{}) != "redis://h" {
		t.Error("an address without files is changed")
	}
}
