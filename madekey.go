package faultline

import (
	"errors"
	"strings"
	"time"
)

// ErrSpent says that a challenge has made a key already.
var ErrSpent = errors.New("the challenge was used already")

// selfMade stands before the subject of each key that somebody made without the operator.
const selfMade = "self-"

// Bounds of keys that are made without the operator.
const (
	MaxMadeKeys = 2_000 // at one time
	// MadeKeysOfPrefix is how many one prefix (/24, or IPv6 /48) may make in a day.
	MadeKeysOfPrefix = 5
	// MadeKeyLife is how long one lasts unless it is rotated.
	MadeKeyLife = 90 * 24 * time.Hour
	// MadeKeyWebhooks is how many webhooks one may have.
	MadeKeyWebhooks = 5
)

// MadeKey is a key that somebody made without the operator: a token and what is known of
// it. Who made it is not.
type MadeKey struct {
	Subject string    `json:"subject"`
	TokenID string    `json:"token_id"` // the id (jti) of its newest token
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// MadeSubject is the subject of such a key, of a random text.
func MadeSubject(random string) string { return selfMade + strings.ToLower(random) }

// SelfMade reports whether a token with this subject was made without the operator.
func SelfMade(subject string) bool { return strings.HasPrefix(subject, selfMade) }
