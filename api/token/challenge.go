package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math/bits"
	"regexp"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// challengeAudience keeps a challenge from being taken for a token.
const challengeAudience = "faultline-challenge"

// ChallengeLife is how long a challenge may be worked on.
const ChallengeLife = 10 * time.Minute

// solutionForm is what is put behind the prefix of a challenge.
var solutionForm = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)

// Challenge is work that is asked for: a text whose SHA-256, with [Challenge.Prefix]
// before it, begins with so many bits of 0 (as in Hashcash).
type Challenge struct {
	ID      string
	Bits    int
	Issued  time.Time
	Expires time.Time
}

// Prefix is what stands before a solution.
func (c Challenge) Prefix() string { return c.ID + ":" }

// Solved reports whether a text is a solution.
func (c Challenge) Solved(text string) bool {
	if !solutionForm.MatchString(text) {
		return false
	}
	sum := sha256.Sum256([]byte(c.Prefix() + text))
	zeros := 0
	for _, b := range sum {
		zeros += bits.LeadingZeros8(b)
		if b != 0 {
			break
		}
	}
	return zeros >= c.Bits
}

// challengePayload is what a challenge is signed with: how many bits of work it asks for.
type challengePayload struct {
	jwt.RegisteredClaims
	Bits int `json:"bits"`
}

// IssueChallenge signs a challenge, so that no node need remember it.
func (k *Keys) IssueChallenge(bits int) (text string, c Challenge, err error) {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the process instead
	now := k.now().Truncate(time.Second)
	c = Challenge{ID: base64.RawURLEncoding.EncodeToString(id[:]), Bits: bits, Issued: now.UTC(),
		Expires: now.Add(ChallengeLife).UTC()}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, challengePayload{
		RegisteredClaims: jwt.RegisteredClaims{Issuer: k.issuer, Audience: jwt.ClaimStrings{challengeAudience},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(c.Expires), ID: c.ID},
		Bits: bits})
	ring := k.ring.Load()
	unsigned.Header["kid"] = ring.signKID
	if text, err = unsigned.SignedString(ring.signer); err != nil {
		return "", Challenge{}, fmt.Errorf("issue challenge: %w", err)
	}
	return text, c, nil
}

// VerifyChallenge reads a challenge that one of the keys signed and that is in its time.
func (k *Keys) VerifyChallenge(text string) (Challenge, error) {
	var p challengePayload
	_, err := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithAudience(challengeAudience),
		jwt.WithIssuer(k.issuer), jwt.WithLeeway(leeway), jwt.WithTimeFunc(k.now), jwt.WithStrictDecoding(),
	).ParseWithClaims(text, &p, k.find)
	if err != nil {
		return Challenge{}, fmt.Errorf("verify challenge: %w", err)
	}
	if p.ID == "" || p.IssuedAt == nil || p.Bits <= 0 {
		return Challenge{}, errors.New("verify challenge: it lacks its id, its time or its work")
	}
	return Challenge{ID: p.ID, Bits: p.Bits, Issued: p.IssuedAt.UTC(), Expires: p.ExpiresAt.UTC()}, nil
}
