package token_test

import (
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"faultline/api/token"
)

func TestChallenges(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	open := func(dir string) *token.Keys {
		keys, err := token.LoadOrCreate(filepath.Join(dir, "keys"), "", func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	dir := t.TempDir()
	keys := open(dir)
	text, c, err := keys.IssueChallenge(8)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := open(dir).VerifyChallenge(text); err != nil || read != c {
		t.Errorf("%+v %v, want %+v", read, err, c)
	}
	if _, err := open(t.TempDir()).VerifyChallenge(text); err == nil {
		t.Error("a challenge of another service was taken")
	}
	if _, err := keys.Verify(text); err == nil {
		t.Error("a challenge was taken for a token")
	}
	signed, err := keys.Issue(token.Claims{Subject: "a", Scopes: []string{token.ScopeWebhooks}, TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.VerifyChallenge(signed); err == nil {
		t.Error("a token was taken for a challenge")
	}
	n := 0
	for !c.Solved(strconv.Itoa(n)) {
		n++
	}
	harder := c
	harder.Bits = 200
	if n == 0 && harder.Solved("0") || c.Solved("") || c.Solved(" "+strconv.Itoa(n)) || harder.Solved(strconv.Itoa(n)) {
		t.Error("what is no solution was taken")
	}
	now = now.Add(token.ChallengeLife + time.Minute)
	if _, err := keys.VerifyChallenge(text); err == nil {
		t.Error("a challenge was taken after its time")
	}
}
