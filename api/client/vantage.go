package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"faultline"
)

// sendTimeout is how long the server may take to answer what is handed in, and to
// answer a request for work beyond the time that it waits for news.
const sendTimeout = 10 * time.Second

// WorkQuery is a vantage's request for work: how it does, and what it knows already.
type WorkQuery struct {
	State faultline.VantageState
	Why   string // what is wrong with it; empty when nothing is
	Known string // the revision of the work that it has; empty: none
	// Wait is how long the server may wait for news when there is none, up to 25 s.
	Wait time.Duration
}

// Work asks what the vantage that the token names should check.
func (c *Client) Work(ctx context.Context, q WorkQuery) (faultline.WorkAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, q.Wait+sendTimeout)
	defer cancel()
	query := url.Values{"state": {string(q.State)}, "wait": {strconv.Itoa(int(q.Wait / time.Second))}}
	if q.Known != "" {
		query.Set("revision", q.Known)
	}
	if q.Why != "" {
		query.Set("why", q.Why)
	}
	var work faultline.WorkAnswer
	answer, err := c.do(ctx, "/v1/probes/work", query, "")
	if err != nil {
		return work, fmt.Errorf("ask for work: %w", err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxBody)).Decode(&work); err != nil {
		return work, fmt.Errorf("ask for work: %w", err)
	}
	return work, nil
}

// SendProbes hands in what a vantage has seen. A [Problem] with status 400 says that
// the server will never take these.
func (c *Client) SendProbes(ctx context.Context, probes []faultline.Probe) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	var body []byte
	var err error
	for _, p := range probes {
		if body, err = faultline.AppendLine(body, p); err != nil {
			return fmt.Errorf("hand in probes: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/probes", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("hand in probes: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	answer, err := c.send(r, http.StatusAccepted)
	if err != nil {
		return fmt.Errorf("hand in probes: %w", err)
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, maxBody)) // so that the connection is used again
	return err
}
