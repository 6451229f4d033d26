package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthcheckTimeout is short enough for the usual 5 s of a container's check.
const healthcheckTimeout = 3 * time.Second

type healthcheckCmd struct {
	Listen string `default:":8080" env:"FAULTLINE_LISTEN" help:"Address that serve listens on; an empty or unspecified host means this machine."`
}

func (c healthcheckCmd) AfterApply() error { return checkListen(c.Listen) }

func (c healthcheckCmd) Run(ctx context.Context, _ world) error {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, readyURL(c.Listen), nil)
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	// No proxy of the environment may answer in place of the node itself.
	client := http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask for readiness: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return fmt.Errorf("not ready: %s %s", resp.Status, strings.TrimSpace(string(why)))
	}
	return nil
}

// readyURL turns a listen address into one that can be asked.
func readyURL(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		host, port = listen, "8080"
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port) + "/readyz"
}

// checkListen refuses what can't be listened on before anything is started.
func checkListen(listen string) error {
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return usageError{fmt.Errorf("--listen: %q is not HOST:PORT", listen)}
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return usageError{fmt.Errorf("--listen: %q is no port", port)}
	}
	return nil
}
