package webhook

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"

	"faultline"
)

// Store keeps webhooks and what could not be delivered to them, each as
// bytes of ours. Package store has it.
type Store interface {
	Webhooks(ctx context.Context) (map[string][]byte, error)
	// AddWebhook stores a new webhook. It reports false, and stores nothing, where
	// its owner has most already.
	AddWebhook(ctx context.Context, id, owner string, data []byte, most int) (bool, error)
	// ReplaceWebhook stores what a webhook becomes. It reports false, and stores nothing,
	// where it is no longer what it was when it was read.
	ReplaceWebhook(ctx context.Context, id string, was, data []byte) (bool, error)
	DeleteWebhook(ctx context.Context, id string) error
	DeadDeliveries(ctx context.Context, webhook string) ([][]byte, error)
	// Attempts returns the last tries of a webhook, the newest first.
	Attempts(ctx context.Context, webhook string) ([][]byte, error)
}

const (
	maxURL       = 500 // bytes
	secretBytes  = 32
	secretPrefix = "whsec_" // Standard Webhooks
)

// Hook is one webhook as it is kept.
type Hook struct {
	ID      string     `json:"id"`
	Owner   string     `json:"owner"`
	URL     string     `json:"url"`
	Filter  string     `json:"filter"` // as a query
	Secret  string     `json:"secret"`
	Created time.Time  `json:"created"`
	TestAt  *time.Time `json:"test_at,omitempty"` // a test message was asked for then
	// Format is the form of its messages, one of [Formats] or [FormatGeneric]. Target is
	// what a form needs besides an address; see [NeedsTarget].
	Format string `json:"format,omitempty"`
	Target string `json:"target,omitempty"`
	// Challenge is what must come back before anything else is sent; empty: the receiver
	// has shown that it wants messages, or the operator has vouched for the owner.
	Challenge  string `json:"challenge,omitempty"`
	Challenged bool   `json:"challenged,omitempty"` // the message with it was queued
	// Expires is when it ends, with the key that it was made with; nil: never.
	Expires *time.Time `json:"expires,omitempty"`
	Again   []Again    `json:"again,omitempty"` // to be sent again
	// Browser is who is notified, in [FormatPush]; nil in every other form.
	Browser *Browser `json:"browser,omitempty"`
}

// DeadDelivery is a message that was given up.
type DeadDelivery struct {
	ID       string    `json:"id"` // webhook-id of the message
	At       time.Time `json:"at"`
	Attempts int       `json:"attempts"`
	Reason   string    `json:"reason"` // an answer's status, or what failed
	Incident string    `json:"incident"`
	Revision int       `json:"revision"`
}

// changeTries is how often a change of a webhook begins again because somebody else was
// faster. Its owner and two goroutines of the leader change one.
const changeTries = 10

// Change changes a webhook that is kept. What others change meanwhile stays: change is
// called again on what they left. An error of change is returned, and nothing is stored.
// Change fails with [faultline.ErrNotFound] if the webhook is gone, and with
// [faultline.ErrUnavailable] if others were faster ten times in a row.
func Change(ctx context.Context, store Store, id string, change func(*Hook) error) error {
	for range changeTries {
		all, err := store.Webhooks(ctx)
		if err != nil {
			return err
		}
		var w Hook
		was, there := all[id]
		if !there || json.Unmarshal(was, &w) != nil {
			return faultline.ErrNotFound
		}
		if err := change(&w); err != nil {
			return err
		}
		data, err := json.Marshal(w) //nolint:gosec // the store must have what the receiver is signed to by
		if err != nil {
			return err
		}
		if replaced, err := store.ReplaceWebhook(ctx, id, was, data); err != nil || replaced {
			return err
		}
	}
	return fmt.Errorf("change a webhook: %w: others change it too", faultline.ErrUnavailable)
}

// NewSecret makes what messages to one webhook are signed with (Standard Webhooks).
func NewSecret() string {
	var b [secretBytes]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return secretPrefix + base64.StdEncoding.EncodeToString(b[:])
}

// CheckURL refuses what can't be a public address. Where a name
// leads is checked when it is called: it may change. It fails with a
// [faultline.InvalidError].
func CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxURL || u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.Fragment != "":
	case u.Port() != "" && u.Port() != "443":
	default:
		return nil
	}
	return faultline.InvalidError{
		{Pointer: "/url", Detail: "must be https://HOST/… on port 443, without user or fragment, of at most 500 bytes"},
	}
}

// Read reads what is kept; what can't be read is left out.
func Read(all map[string][]byte) []Hook {
	list := make([]Hook, 0, len(all))
	for _, data := range all {
		var w Hook
		if json.Unmarshal(data, &w) == nil && w.ID != "" {
			list = append(list, w)
		}
	}
	slices.SortFunc(list, func(a, b Hook) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return list
}
