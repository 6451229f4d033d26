package push

import (
	"context"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
)

const (
	// keyFor is how long the key is believed before the store is asked again.
	keyFor = time.Minute
	// TTL is how long a push service keeps a notification for a browser that is not
	// connected. What is older is of no use to anybody.
	TTL = 4 * time.Hour
	// maxContact bounds the contact, in bytes.
	maxContact = 200
)

// KeyStore keeps the key that all nodes share. Package store has it.
type KeyStore interface {
	// PushKey returns the key that is kept; offered becomes that key if there is none.
	PushKey(ctx context.Context, offered string) (string, error)
}

// Config is what a [Service] is made of.
type Config struct {
	// Contact is whom a push service writes to when it has a question: mailto:… or https://….
	Contact string
	Keys    KeyStore
	// Hosts are the push services that may be called; nil: [Hosts].
	Hosts []string
	Now   func() time.Time
}

// Service sends notifications. It is safe for concurrent use.
type Service struct {
	cfg Config

	mu    sync.Mutex
	key   string // the private key, in base64url; empty: not known yet
	keyAt time.Time
}

// New returns a service. It asks for nothing before it is used.
func New(cfg Config) *Service {
	if cfg.Hosts == nil {
		cfg.Hosts = Hosts
	}
	return &Service{cfg: cfg}
}

// CheckContact refuses a contact that push services do not take (RFC 8292, section 2.1).
func CheckContact(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxContact:
	case u.Scheme == "mailto" && strings.Contains(u.Opaque, "@") && u.RawQuery == "":
		return nil
	case u.Scheme == "https" && u.Host != "" && u.User == nil:
		return nil
	}
	return fmt.Errorf("%q is neither mailto:NAME@HOST nor https://HOST/…", text)
}

// Check refuses a subscription that nothing can be sent to, with a
// [faultline.InvalidError].
func (s *Service) Check(sub Subscription) error { return sub.check(s.cfg.Hosts) }

// PublicKey is what browsers subscribe with (applicationServerKey): a point on P-256 in
// base64url.
func (s *Service) PublicKey(ctx context.Context) (string, error) {
	private, err := s.private(ctx)
	if err != nil {
		return "", err
	}
	return public(private)
}

// public is the public key of a private one.
func public(private string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(private)
	if err != nil {
		return "", fmt.Errorf("read the key of notifications: %w", err)
	}
	key, err := ecdh.P256().NewPrivateKey(raw)
	if err != nil {
		return "", fmt.Errorf("read the key of notifications: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), nil
}

// private is the key of all nodes. The store is asked once a minute and given the key that is
// known here, so that a store which lost its data gets back the key that browsers know.
func (s *Service) private(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Now()
	if s.key != "" && now.Sub(s.keyAt).Abs() < keyFor {
		return s.key, nil
	}
	offered := s.key
	if offered == "" {
		fresh, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			return "", fmt.Errorf("make a key of notifications: %w", err)
		}
		offered = base64.RawURLEncoding.EncodeToString(fresh.Bytes())
	}
	kept, err := s.cfg.Keys.PushKey(ctx, offered)
	if err != nil {
		return "", err
	}
	s.key, s.keyAt = kept, now
	return kept, nil
}

// errKey says that the message could not be signed.
var errKey = errors.New("the key of notifications can't be read")

// Send posts one encrypted and signed message by client. A message of the same topic (1 to 32
// characters of base64url) replaces one that the push service still keeps. The caller closes
// the body of the answer.
func (s *Service) Send(ctx context.Context, client *http.Client, to Subscription, topic string,
	message []byte) (*http.Response, error) {
	private, err := s.private(ctx)
	if err != nil {
		return nil, errors.Join(errKey, err)
	}
	known, err := public(private)
	if err != nil {
		return nil, errors.Join(errKey, err)
	}
	answer, err := webpush.SendNotificationWithContext(ctx, message,
		&webpush.Subscription{Endpoint: to.Endpoint, Keys: webpush.Keys{P256dh: to.Keys.P256dh, Auth: to.Keys.Auth}},
		&webpush.Options{HTTPClient: client, Topic: topic, TTL: int(TTL.Seconds()), Urgency: webpush.UrgencyHigh,
			// The library writes mailto: before everything that is not https.
			Subscriber:     strings.TrimPrefix(s.cfg.Contact, "mailto:"),
			VAPIDPublicKey: known, VAPIDPrivateKey: private})
	if err != nil {
		return nil, fmt.Errorf("send a notification: %w", err)
	}
	return answer, nil
}
