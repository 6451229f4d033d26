package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"faultline/api/client"
	"faultline/ingest/agent"
	"faultline/ingest/infra"
	"faultline/ingest/probe"
)

// probeCmd is an agent: a prober without a log of its own. It runs on a machine far from the
// server, so that failures which only some networks or countries see are observed too. All
// that it needs is the server's address and a token; what to check, and how often, the server
// says. Package ingest/agent does the work, and this file only joins it to flags, clock and
// disk.
type probeCmd struct {
	Server string `required:"" placeholder:"URL" env:"FAULTLINE_SERVER" help:"Address of the Faultline server that this agent probes for, such as https://faultline.example."`
	Token  string `placeholder:"TOKEN" env:"FAULTLINE_TOKEN" help:"Token that the server issued. Required, here or in --token-file; faultline vantage add NAME on the server prints it."`
	tokenFile
	serverFlags
	Name     string `placeholder:"NAME" env:"FAULTLINE_NAME" help:"Name of this vantage. It must be the one in the token, which is also the default."`
	Spool    string `name:"spool-dir" placeholder:"DIR" type:"path" env:"FAULTLINE_SPOOL_DIR" help:"Directory in which results wait while the server cannot be reached, at most 64 MiB and five minutes of them. By default spool in the state directory; with --name, a directory of that name in spool."`
	RunsFrom int    `name:"runs-from" default:"10000" placeholder:"SITES" env:"FAULTLINE_RUNS_FROM" help:"From how many sites on healthy results are handed in as runs of some four, up to 200 seconds after they were seen. What fails goes in at once. Very large: never."`
	stateFlags
	eyesFlags
	infraFlags
	logFlags
}

// Help is the longer text of --help.
func (probeCmd) Help() string {
	return `The server says what to check, and how often. What this agent sees is handed in as it is seen; while it ` +
		`can't see the internet it says so and hands in nothing. ` +
		`While the server is away, or refuses it, the agent goes on checking: results wait on disk and are handed ` +
		`in, in their order, once the server takes them. Results older than five minutes are evidence of nothing and ` +
		`are dropped. ` +
		`SIGTERM or SIGINT ends it once what it saw is handed in or kept.`
}

// AfterApply checks the flags after kong has parsed them and before Run. What is wrong ends the
// command with code 2 and one line, before anything is opened. The token is read here, so that a
// mistyped file name is found at once.
//
// The token is only checked for characters that no token has. A line break from a copied
// terminal line is the usual mistake, and an HTTP header with one would fail later with an
// error that says nothing of tokens.
func (c *probeCmd) AfterApply() error {
	u, err := url.Parse(c.Server)
	// A query or fragment would be lost when a path is joined to the address.
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return usageError{fmt.Errorf("--server: %q is not http(s)://HOST[/PATH]", c.Server)}
	}
	c.Server = strings.TrimRight(c.Server, "/")
	if err := c.read(&c.Token); err != nil {
		return err
	}
	if c.Token == "" {
		return usageError{errors.New("--token: is missing: faultline vantage add NAME, on the server, prints it")}
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return usageError{errors.New("--token: holds characters that no token has; copy it whole, without spaces " +
			"or line breaks")}
	}
	if c.RunsFrom < 1 {
		return usageError{fmt.Errorf("--runs-from: %d is not 1 or more sites", c.RunsFrom)}
	}
	if c.Name != "" && !agent.ValidName(c.Name) {
		return usageError{
			fmt.Errorf("--name: %q is not 1 to 64 letters, digits, dots, - and _, a letter or digit first", c.Name)}
	}
	if c.Spool == "" {
		// Two agents of one machine need two spools, hence the name.
		c.Spool = filepath.Join(c.StateDir, "spool", c.Name)
	}
	return c.eyesFlags.check()
}

// Run probes for the server until ctx ends. It waits for a server that is away. It returns an error
// when a flag is wrong, when the spool cannot be opened, or when the server goes on refusing the
// token.
func (c *probeCmd) Run(ctx context.Context, w world) error {
	// The link is the transport of all requests to the server. It remembers whether the last
	// ones arrived, because an agent must tell "the server is away" from "I cannot see the
	// internet".
	log := c.logger(w.stderr)
	certificates, err := c.serverFlags.source(log)
	if err != nil {
		return err
	}
	link := agent.NewLink(time.Now, certificates)
	server, err := client.New(c.Server, client.WithToken(c.Token), client.WithHTTPClient(&http.Client{Transport: link}))
	if err != nil {
		return usageError{fmt.Errorf("--server: %w", err)}
	}
	// Results go to disk before they are handed in: a server that is away for a minute must
	// not cost the minute's observations, and an outage is when servers are away.
	spool, err := agent.OpenSpool(c.Spool, log, time.Now)
	if err != nil {
		return usageError{fmt.Errorf("--spool-dir: %w", err)}
	}
	defer func() {
		if err := spool.Close(); err != nil {
			log.Warn("closing the spool failed", "error", err)
		}
	}()
	signs, err := c.matcher(infra.Sources{}, c.StateDir)
	if err != nil {
		return err
	}
	servers, err := c.nameServers()
	if err != nil {
		return err
	}
	// The vantage's name and the page that explains our checks come with the server's first
	// answer, so the prober is made only then.
	eyes := func(vantage, page string) (probe.Eyes, error) {
		if page == "" {
			page = agent.PageOf(c.Server)
		}
		return c.eyes(page, agent.MatcherGrounds(vantage, signs, servers))
	}
	cfg := agent.Config{Server: server, Name: c.Name, Spool: spool, Link: link, Eyes: eyes, Canaries: c.canaries(),
		RunsFrom: c.RunsFrom, Version: programVersion(), Log: log}
	return agent.WithNameServers(ctx, servers, func(ctx context.Context) error { return agent.Run(ctx, cfg) })
}
