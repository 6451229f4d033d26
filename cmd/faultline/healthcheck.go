package main

import (
	"context"
	"faultline/api/client"
	"fmt"
	"net"
	"net/http"
	"time"
)

// healthcheckTimeout is short enough for the usual 5 s of a container's check.
const healthcheckTimeout = 3 * time.Second

// healthcheckCmd is for containers, whose image has no curl.
type healthcheckCmd struct {
	Listen string `default:":8080" env:"FAULTLINE_LISTEN" help:"Address on which the node listens; an empty host means this machine."`
}

// AfterApply checks the address.
func (c healthcheckCmd) AfterApply() error { return checkListen("listen", c.Listen) }

// Run asks /readyz and returns an error, which ends the process with code 1, unless the answer is
// 200.
func (c healthcheckCmd) Run(ctx context.Context, _ world) error {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	// No proxy of the environment may answer in place of the node itself.
	direct := &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	node, err := client.New(baseURL(c.Listen), client.WithHTTPClient(direct))
	if err != nil {
		return err
	}
	return node.Ready(ctx)
}

// baseURL turns a listen address into one that can be asked.
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

// checkListen refuses what can't be listened on before anything is started.
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
