package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync"

	"faultline"
)

// Writer is one sender of batches to the log. It owns its name, which no other
// sender has, and its sequence, so that readers drop a batch that arrives twice.
// It is safe for concurrent use.
type Writer struct {
	store *Store
	id    uint64

	mu  sync.Mutex // held while a batch is under way: a writer sends one at a time
	seq uint64
}

// Writer returns a new sender.
func (s *Store) Writer() *Writer {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails: it ends the process instead
	return &Writer{store: s, id: binary.LittleEndian.Uint64(b[:])}
}

// Append puts events into the log as one batch. On an error that wraps
// [faultline.ErrUnavailable] the batch may be in the log; it is not sent again.
func (w *Writer) Append(ctx context.Context, events []faultline.Event) error {
	return w.Send(func(key BatchKey) error {
		_, err := w.store.Append(ctx, key, events)
		return err
	})
}

// Send calls send with the key of the next batch. As long as send has not returned
// it may repeat that batch under the same key, and the batch is read once.
func (w *Writer) Send(send func(BatchKey) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seq++
	return send(BatchKey{Writer: w.id, Seq: w.seq})
}
