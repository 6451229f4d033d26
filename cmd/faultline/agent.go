package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"faultline/api/client"
	"faultline/ingest/agent"
	"faultline/ingest/infra"
	"faultline/ingest/probe"
)

// probeCmd is an agent: a prober without a log of its own.
type probeCmd struct {
	Server string `required:"" placeholder:"URL" env:"FAULTLINE_SERVER" help:"Address of the Faultline server that this agent probes for, such as https://faultline.example."`
	Token  string `required:"" placeholder:"TOKEN" env:"FAULTLINE_TOKEN" help:"Token that the server issued: faultline token issue --scope probes:write --subject NAME. The subject is the agent's name."`
	eyesFlags
	infraFlags
	logFlags
}

// Help is the longer text of --help.
func (probeCmd) Help() string {
	return `The server says what to check, and how often. What this agent sees is handed in as it is seen; while it can't see the internet it says so and hands in nothing. ` +
		`It keeps nothing on disk. SIGTERM or SIGINT ends it once what it saw is handed in.`
}

func (c *probeCmd) AfterApply() error {
	u, err := url.Parse(c.Server)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return usageError{fmt.Errorf("--server: %q is not http(s)://HOST[/PATH]", c.Server)}
	}
	c.Server = strings.TrimRight(c.Server, "/")
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return usageError{errors.New("--token: is not a token")}
	}
	return c.eyesFlags.check()
}

func (c *probeCmd) Run(ctx context.Context, w world) error {
	server, err := client.New(c.Server, client.WithToken(c.Token))
	if err != nil {
		return usageError{fmt.Errorf("--server: %w", err)}
	}
	signs, err := c.matcher(infra.Sources{}, "")
	if err != nil {
		return err
	}
	servers, err := c.nameServers()
	if err != nil {
		return err
	}
	eyes := func(vantage, page string) (probe.Eyes, error) {
		if page == "" {
			page = agent.PageOf(c.Server)
		}
		return c.eyes(page, agent.MatcherGrounds(vantage, signs, servers))
	}
	cfg := agent.Config{Server: server, Eyes: eyes, Canaries: c.canaries(), Log: c.logger(w.stderr)}
	return agent.WithNameServers(ctx, servers, func(ctx context.Context) error { return agent.Run(ctx, cfg) })
}
