package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"faultline/api/client"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// healthcheckTimeout is shorter than the usual 5 s of a container's check, so that the reason
// is printed before the container engine ends the command.
const healthcheckTimeout = 3 * time.Second

// healthcheckCmd is the health check of the container, whose image holds this program alone:
// no shell and no curl.
type healthcheckCmd struct {
	Listen  string `default:":8080" env:"FAULTLINE_LISTEN" help:"Address on which the node listens; an empty host means this machine."`
	TLSCert string `name:"tls-cert" placeholder:"FILE" env:"FAULTLINE_TLS_CERT" help:"Certificate (PEM) of a node that speaks TLS itself: only a server that has it is asked."`
}

// AfterApply checks the address.
func (c healthcheckCmd) AfterApply() error { return checkListen("listen", c.Listen) }

// Run asks /readyz and returns an error, which ends the process with code 1, unless the
// answer is 200. /readyz and not /healthz is asked, because orchestrators use the answer to
// decide whether to send requests.
func (c healthcheckCmd) Run(ctx context.Context, _ world) error {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	// No proxy of the environment may answer in place of the node itself.
	transport, url := &http.Transport{Proxy: nil, DisableKeepAlives: true}, baseURL(c.Listen)
	if c.TLSCert != "" {
		var err error
		if transport.TLSClientConfig, err = pinned(c.TLSCert); err != nil {
			return usageError{fmt.Errorf("--tls-cert: %w", err)}
		}
		url = strings.Replace(url, "http:", "https:", 1)
	}
	node, err := client.New(url, client.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		return err
	}
	return node.Ready(ctx)
}

// pinned trusts the certificate of a file and no other, by whatever address its server is asked.
func pinned(file string) (*tls.Config, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s has no certificate in PEM", file)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	cfg.RootCAs.AddCert(leaf)
	switch {
	case len(leaf.DNSNames) > 0:
		cfg.ServerName = strings.Replace(leaf.DNSNames[0], "*", "node", 1)
	case len(leaf.IPAddresses) > 0:
		cfg.ServerName = leaf.IPAddresses[0].String()
	}
	return cfg, nil
}

// baseURL turns a listen address into one that can be asked: an address that stands for every
// interface (":8080", "0.0.0.0:8080", "[::]:8080") becomes that of this machine.
func baseURL(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		host, port = listen, "8080"
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// checkListen refuses what cannot be listened on before anything is started. The port may be
// a number or the name of a service; whether it is free is found out only by listening.
func checkListen(flag, listen string) error {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return usageError{fmt.Errorf("--%s: %q is not HOST:PORT", flag, listen)}
	}
	if _, err := net.LookupPort("tcp", port); err != nil { //nolint:noctx // it reads a table of this machine
		return usageError{fmt.Errorf("--%s: %q is no port", flag, port)}
	}
	return nil
}
