package main

import (
	"crypto/rand"
	"fmt"

	"github.com/alicebob/miniredis/v2"
)

// startMini runs a Redis inside this process, on the loopback interface behind
// a password of its own, and returns what clients connect to. Nothing in it
// outlives the process.
func startMini() (m *miniredis.Miniredis, url string, err error) {
	password := rand.Text()
	m = miniredis.NewMiniRedis()
	m.RequireAuth(password)
	m.ClockTTL(true) // else nothing ever expires
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return nil, "", fmt.Errorf("start the in-process Redis: %w", err)
	}
	return m, "redis://:" + password + "@" + m.Addr(), nil
}
