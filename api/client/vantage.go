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
	// Health is what the vantage reports of its own work; nil: nothing.
	Health *faultline.VantageHealth
}

// Work asks what the vantage that the token names should check. The request may take as
// long as q.Wait: the server answers at once when there is news (long polling).
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
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/v1/probes/work?"+query.Encode(), nil)
	if err != nil {
		return work, fmt.Errorf("ask for work: %w", err)
	}
	if q.Health != nil {
		health, err := json.Marshal(q.Health)
		if err != nil {
			return work, fmt.Errorf("ask for work: %w", err)
		}
		r.Header.Set(faultline.HeaderVantageHealth, string(health))
	}
	answer, err := c.send(r, http.StatusOK)
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

// NewVantage is a vantage that is to be added.
type NewVantage struct {
	Vantage string `json:"vantage"`
	ASN     uint32 `json:"asn,omitzero"`
	Country string `json:"country,omitempty"`
	TTLS    int    `json:"ttl_s,omitzero"` // how long its token is to live, in seconds; 0: as long as it may
}

// VantageToken is the token that a vantage was given.
type VantageToken struct {
	Vantage   string    `json:"vantage"`
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
	// the address that the vantage is to be given; empty: the server does not know its own
	Server string `json:"server"`
}

// AddVantage adds a vantage, for which the client's token needs the scope admin.
func (c *Client) AddVantage(ctx context.Context, v NewVantage) (VantageToken, error) {
	var t VantageToken
	body, err := json.Marshal(v)
	if err == nil {
		err = c.change(ctx, http.MethodPost, "/v1/vantages", body, http.StatusCreated, &t)
	}
	if err != nil {
		return t, fmt.Errorf("add a vantage: %w", err)
	}
	return t, nil
}

// RevokeVantage revokes the token of a vantage and forgets it.
func (c *Client) RevokeVantage(ctx context.Context, name string) error {
	if err := c.change(ctx, http.MethodDelete, "/v1/vantages/"+url.PathEscape(name), nil, http.StatusNoContent,
		nil); err != nil {
		return fmt.Errorf("revoke a vantage: %w", err)
	}
	return nil
}

// Vantages lists the places that checks are made from.
func (c *Client) Vantages(ctx context.Context) ([]faultline.VantageStatus, error) {
	var answer struct{ Vantages []faultline.VantageStatus }
	err := c.get(ctx, "/v1/vantages", nil, &answer)
	return answer.Vantages, err
}

// change sends a request that changes something, and reads the answer into v unless that
// is nil.
func (c *Client) change(ctx context.Context, method, path string, body []byte, want int, v any) error {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.send(r, want)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if v == nil {
		return nil
	}
	return json.NewDecoder(io.LimitReader(answer.Body, maxBody)).Decode(v)
}
