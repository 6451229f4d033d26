package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"faultline"
	"faultline/api"
	"faultline/ingest/infra"
	"faultline/ingest/probe"
)

// probeCmd is an agent: a prober without a log of its own.
type probeCmd struct {
	Server string `required:"" placeholder:"URL" env:"FAULTLINE_SERVER" help:"Faultline that this agent works for, such as https://faultline.example."`
	Token  string `required:"" placeholder:"TOKEN" env:"FAULTLINE_TOKEN" help:"Token that it was given: faultline token issue --scope probes:write --subject NAME. The subject is the agent's name."`
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

const (
	workPatience   = 20 * time.Second // that the server waits for news
	serverTimeout  = 10 * time.Second // for its answer, besides
	maxWorkAnswer  = 64 << 20
	maxProblemRead = 4 << 10
)

func (c *probeCmd) Run(ctx context.Context, w world) error {
	log := c.logger(w.stderr)
	s := &server{url: c.Server, token: c.Token, client: &http.Client{}}
	first, err := s.first(ctx, log)
	if err != nil || ctx.Err() != nil {
		return err
	}
	page := first.Page
	if page == "" {
		page = pageOf(c.Server)
	}
	signs, err := c.matcher(infra.Sources{}, "")
	if err != nil {
		return err
	}
	eyes, err := c.checker(page, matcherGrounds(first.Vantage, signs), time.Now)
	if err != nil {
		return err
	}
	log.Info("probing", "server", c.Server, "vantage", first.Vantage, "sites", len(first.Sites), "period", (time.Duration(first.PeriodS) * time.Second).String())
	p := probe.New(probe.Config{Vantage: first.Vantage, Eyes: eyes, Sink: s, Canaries: c.canaries(),
		Period: time.Duration(first.PeriodS) * time.Second, Log: log})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.Run(ctx) })
	g.Go(func() error { return feed(ctx, p, s.work, log) })
	return g.Wait()
}

// server is the Faultline that an agent works for.
type server struct {
	url, token string
	client     *http.Client
}

// first asks for the first work until there is an answer, or never will be.
func (s *server) first(ctx context.Context, log *slog.Logger) (faultline.WorkAnswer, error) {
	wait, told := feedRetry, false
	for {
		answer, err := s.work(ctx, probe.Health{State: faultline.VantageUnknown}, "")
		if err == nil && (answer.Vantage == "" || answer.PeriodS <= 0) {
			err = fmt.Errorf("%w: what it answers is no work", errUnwelcome)
		}
		if err == nil || errors.Is(err, errUnwelcome) {
			return answer, err
		}
		if !told && ctx.Err() == nil {
			told = true
			log.Warn("the server does not answer; trying on", "error", err)
		}
		if !pause(ctx, wait) {
			return answer, nil
		}
		wait = min(2*wait, feedRetryX)
	}
}

// work asks for work, and waits for news when there is none.
func (s *server) work(ctx context.Context, h probe.Health, known string) (faultline.WorkAnswer, error) {
	q := url.Values{"state": {string(h.State)}, "wait": {fmt.Sprint(int(workPatience.Seconds()))}}
	if known != "" {
		q.Set("revision", known)
	}
	if h.Why != "" {
		q.Set("why", h.Why)
	}
	var answer faultline.WorkAnswer
	err := s.call(ctx, workPatience+serverTimeout, http.MethodGet, "/v1/probes/work?"+q.Encode(), nil, &answer)
	return answer, err
}

// Probes implements [probe.Sink]. A batch that the server refuses for good is
// given up: sent again it would be refused again.
func (s *server) Probes(ctx context.Context, probes []faultline.Probe) error {
	var body []byte
	var err error
	for _, p := range probes {
		if body, err = faultline.AppendLine(body, p); err != nil {
			return err
		}
	}
	err = s.call(ctx, serverTimeout, http.MethodPost, "/v1/probes", body, nil)
	if refused := (*refusedError)(nil); errors.As(err, &refused) && refused.status == http.StatusBadRequest {
		return nil
	}
	return err
}

// refusedError is an answer that is no success.
type refusedError struct {
	status int
	detail string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("the server answers %d %s", e.status, e.detail)
}

func (s *server) call(ctx context.Context, limit time.Duration, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/x-ndjson")
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the server: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		var p api.Problem
		text, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblemRead))
		_ = json.Unmarshal(text, &p) // what is no problem document has no detail
		refused := &refusedError{resp.StatusCode, p.Detail}
		if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
			return fmt.Errorf("%w: %w", errUnwelcome, refused)
		}
		return refused
	}
	if into == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxProblemRead))
		return err
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxWorkAnswer)).Decode(into); err != nil {
		return fmt.Errorf("read the server's answer: %w", err)
	}
	return nil
}
