package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"faultline"
)

const (
	// formLife is how old a form may be when it is sent.
	formLife = time.Hour
	// formGrain is how long a page carries one token, so that it may be cached.
	// A reader has at least formLife less this.
	formGrain = 10 * time.Minute
	// minKey is the least length of a day's key, in bytes.
	minKey = 32
	// keysHeld: today's, yesterday's, and tomorrow's where clocks differ.
	keysHeld = 3
)

// Why a form is not taken. The reader is told the same in all cases but age.
var (
	errForeign = errors.New("the form was not sent from our own page")
	errToken   = errors.New("the form's token is not ours or is for another site")
	errExpired = errors.New("the form is older than an hour")
)

// formTokens signs what shows that a report was sent from a page of ours: the
// site and when the form was made. A token names nobody and is the same for all
// readers of the page; what keeps other pages from using it is [sameOrigin].
type formTokens struct {
	keys Keys
	mu   sync.Mutex
	held map[string][]byte // by day
}

// newFormTokens signs forms with the daily keys of the store.
func newFormTokens(keys Keys) *formTokens {
	return &formTokens{keys: keys, held: map[string][]byte{}}
}

// issue returns the token of a site's form at now: 8 bytes of Unix time, then an
// HMAC-SHA256 (RFC 2104), in base64url.
func (f *formTokens) issue(ctx context.Context, site string, now time.Time) (string, error) {
	at := now.UTC().Truncate(formGrain)
	sum, err := f.sum(ctx, site, at)
	if err != nil {
		return "", err
	}
	token := binary.BigEndian.AppendUint64(make([]byte, 0, 8+sha256.Size), uint64(at.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(token, sum...)), nil
}

// check says why a token does not stand for a fresh form of the site.
func (f *formTokens) check(ctx context.Context, site, token string, now time.Time) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 8+sha256.Size {
		return errToken
	}
	at := time.Unix(int64(binary.BigEndian.Uint64(raw)), 0).UTC()
	// Before any key is asked for: a day that is not near today has none.
	if now.Sub(at) > formLife {
		return errExpired
	}
	if at.Sub(now) > formGrain {
		return errToken
	}
	want, err := f.sum(ctx, site, at)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(raw[8:], want) != 1 {
		return errToken
	}
	return nil
}

// sum is the HMAC of a site and a time, by which a form that comes back is known to be ours.
func (f *formTokens) sum(ctx context.Context, site string, at time.Time) ([]byte, error) {
	key, err := f.key(ctx, at.Format(time.DateOnly))
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "faultline report form\x00%s\x00%d", site, at.Unix())
	return mac.Sum(nil), nil
}

// key returns the key of a day. The newest are kept in memory, so that a report needs no Redis but
// for the log.
func (f *formTokens) key(ctx context.Context, day string) ([]byte, error) {
	f.mu.Lock()
	key, ok := f.held[day]
	f.mu.Unlock()
	if ok {
		return key, nil
	}
	key, err := f.keys.DailyKey(ctx, day)
	if err != nil {
		return nil, fmt.Errorf("key of form tokens: %w", err)
	}
	if len(key) < minKey {
		return nil, fmt.Errorf("key of form tokens: %d bytes are too few", len(key))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.held) >= keysHeld {
		clear(f.held) // a day has passed; what is still needed is asked for again
	}
	f.held[day] = key
	return key, nil
}

// sameOrigin says whether a browser sent the request from a page of this
// server. Sec-Fetch-Site (Fetch Metadata) tells; browsers that don't send it,
// and any over plain HTTP, send Origin (RFC 6454). Who sends neither is no
// browser that we know, and no reader of our page.
func (w *Web) sameOrigin(r *http.Request) bool {
	fetched, stated := r.Header.Values("Sec-Fetch-Site"), r.Header.Values("Origin")
	if len(fetched) > 1 || len(stated) > 1 || len(fetched)+len(stated) == 0 {
		return false
	}
	if len(fetched) == 1 && fetched[0] != "same-origin" {
		return false
	}
	ours := faultline.Origins{Base: w.cfg.BaseURL, Listen: w.cfg.Listen}
	if len(stated) == 0 {
		return ours.OwnHost(r.Host)
	}
	return ours.Own(stated[0], r.Host)
}
