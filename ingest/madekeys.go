package ingest

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"faultline"
)

// MadeKeyStore keeps the keys that people make without the operator. Package store has it.
type MadeKeyStore interface {
	// MakeKey notes a new one of somebody of a prefix (a pseudonym), once for each
	// challenge. It fails with [faultline.ErrSpent] and [faultline.BusyError].
	MakeKey(ctx context.Context, k faultline.MadeKey, challenge, day, prefix string, now time.Time) error
	SaveKey(ctx context.Context, k faultline.MadeKey) error
	MadeKey(ctx context.Context, subject string) (faultline.MadeKey, error)
	MadeKeys(ctx context.Context) ([]faultline.MadeKey, error)
	CountMadeKeys(ctx context.Context) (int, error)
	DropKey(ctx context.Context, subject string) error
}

// MadeKeys notes which keys people make without the operator. How many a prefix makes is
// counted by its pseudonym of the day: the address goes no further.
type MadeKeys struct {
	MadeKeyStore
	pseudonyms pseudonyms
	now        func() time.Time
}

// NewMadeKeys returns what notes keys in a store; keys are those of pseudonyms.
func NewMadeKeys(store MadeKeyStore, keys DailyKeys, now func() time.Time) *MadeKeys {
	return &MadeKeys{MadeKeyStore: store, pseudonyms: pseudonyms{keys: keys}, now: now}
}

// Make notes a new key of the person at addr, on a challenge that was given out at issued.
func (m *MadeKeys) Make(ctx context.Context, addr netip.Addr, k faultline.MadeKey, challenge string,
	issued time.Time) error {
	now := m.now()
	pseudonym, err := m.pseudonyms.of(ctx, addr, now)
	if err != nil {
		return fmt.Errorf("pseudonym of who makes a key: %w", unavailable(err))
	}
	_, prefix := pseudonym.text()
	return m.MakeKey(ctx, k, challenge, issued.UTC().Format(time.DateOnly), prefix, now)
}
