// Package webhooktest is an outbox in memory, for tests of what keeps webhooks and
// delivers to them.
package webhooktest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"faultline"
)

// Outbox keeps webhooks and messages in memory.
type Outbox struct {
	Mu       sync.Mutex // guards what follows
	Hooks    map[string][]byte
	Messages map[string]faultline.Delivery
	Dead     map[string][][]byte
	Tries    map[string][][]byte // the newest first
	At       string
}

// NewOutbox returns an empty one.
func NewOutbox() *Outbox {
	return &Outbox{Hooks: map[string][]byte{}, Messages: map[string]faultline.Delivery{}, Dead: map[string][][]byte{},
		Tries: map[string][][]byte{}}
}

func (m *Outbox) do(f func()) { m.Mu.Lock(); defer m.Mu.Unlock(); f() }

// Webhooks is as package webhook asks for it.
func (m *Outbox) Webhooks(context.Context) (all map[string][]byte, _ error) {
	all = map[string][]byte{}
	m.do(func() {
		for id, data := range m.Hooks {
			all[id] = data
		}
	})
	return all, nil
}

// ReplaceWebhook is as package webhook asks for it.
func (m *Outbox) ReplaceWebhook(_ context.Context, id string, was, data []byte) (replaced bool, _ error) {
	m.do(func() {
		kept, there := m.Hooks[id]
		if replaced = there && bytes.Equal(kept, was); replaced {
			m.Hooks[id] = data
		}
	})
	return replaced, nil
}

// AddWebhook is as package webhook asks for it.
func (m *Outbox) AddWebhook(_ context.Context, id, owner string, data []byte, most int) (added bool, _ error) {
	m.do(func() {
		own := 0
		for _, kept := range m.Hooks {
			if bytes.Contains(kept, []byte(`"owner":"`+owner+`"`)) {
				own++
			}
		}
		if added = own < most; added {
			m.Hooks[id] = data
		}
	})
	return added, nil
}

// DeleteWebhook is as package webhook asks for it.
func (m *Outbox) DeleteWebhook(_ context.Context, id string) error {
	m.do(func() { delete(m.Hooks, id) })
	return nil
}

// DeadDeliveries is as package webhook asks for it.
func (m *Outbox) DeadDeliveries(_ context.Context, id string) (dead [][]byte, _ error) {
	m.do(func() { dead = slices.Clone(m.Dead[id]) })
	return dead, nil
}

// Position is as package webhook asks for it.
func (m *Outbox) Position(context.Context) (at string, _ error) {
	m.do(func() { at = m.At })
	return at, nil
}

// Queue is as package webhook asks for it.
func (m *Outbox) Queue(_ context.Context, at string, list []faultline.Delivery) (int, error) {
	m.do(func() {
		m.At = cmp.Or(at, m.At)
		for _, msg := range list {
			if _, there := m.Messages[msg.ID]; !there {
				m.Messages[msg.ID] = msg
			}
		}
	})
	return 0, nil
}

// Due is as package webhook asks for it.
func (m *Outbox) Due(_ context.Context, now time.Time, limit int) (due []faultline.Delivery, _ error) {
	m.do(func() {
		for _, msg := range m.Messages {
			if !msg.Due.After(now) && len(due) < limit {
				due = append(due, msg)
			}
		}
	})
	return due, nil
}

// Postpone is as package webhook asks for it.
func (m *Outbox) Postpone(_ context.Context, msg faultline.Delivery) error {
	m.do(func() { m.Messages[msg.ID] = msg })
	return nil
}

// End is as package webhook asks for it.
func (m *Outbox) End(_ context.Context, id, hook string, dead []byte) error {
	m.do(func() {
		delete(m.Messages, id)
		if dead != nil {
			m.Dead[hook] = append(m.Dead[hook], dead)
		}
	})
	return nil
}

// NoteAttempt is as package webhook asks for it.
func (m *Outbox) NoteAttempt(_ context.Context, id string, attempt []byte) error {
	m.do(func() { m.Tries[id] = append([][]byte{attempt}, m.Tries[id]...) })
	return nil
}

// Attempts is as package webhook asks for it.
func (m *Outbox) Attempts(_ context.Context, id string) (tries [][]byte, _ error) {
	m.do(func() { tries = slices.Clone(m.Tries[id]) })
	return tries, nil
}
