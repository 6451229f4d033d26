package tlsfiles_test

import (
	"crypto/tls"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"faultline/tlsfiles"
)

// The commands of docs/operations.md make files by which a node and an agent know each other.
func TestTheDocumentedCommandsMakeCertificates(t *testing.T) {
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "```sh\nauthority()")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("the document has no commands that make an authority")
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", "authority()"+block)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	load := func(cert, key, ca string) *tlsfiles.Loaded {
		t.Helper()
		loaded, err := tlsfiles.Files{Cert: in(cert), Key: in(key), CA: in(ca)}.Load()
		if err != nil {
			t.Fatal(err)
		}
		return loaded
	}
	node, agent := load("node.pem", "node-key.pem", "clients.pem"), load("lon-2.pem", "lon-2-key.pem", "servers.pem")
	near, far := net.Pipe()
	server := tls.Server(near, &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs: node.CAs, Certificates: []tls.Certificate{*node.Certificate}})
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: "faultline.example"}
	agent.Client(cfg)
	shaken := make(chan error, 1)
	go func() { shaken <- server.HandshakeContext(t.Context()) }()
	if err := tls.Client(far, cfg).HandshakeContext(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-shaken; err != nil {
		t.Error(err)
	}
}
