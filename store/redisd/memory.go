package redisd

import (
	"crypto/rand"
	"fmt"

	"github.com/alicebob/miniredis/v2"
)

// StartMemory runs a Redis inside this process, on the loopback interface and behind
// a password that only this process has. It returns the address that clients connect
// to and what ends it. Nothing in it outlives the process.
func StartMemory() (url string, stop func(), err error) {
	password := rand.Text()
	m := miniredis.NewMiniRedis()
	m.RequireAuth(password)
	m.ClockTTL(true) // else nothing ever expires
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return "", nil, fmt.Errorf("start the in-process Redis: %w", err)
	}
	return "redis://:" + password + "@" + m.Addr(), m.Close, nil
}
