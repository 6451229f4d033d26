package store

import (
	"context"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"
)

// quiet drops what go-redis says about each connection that it makes or loses.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	if url := os.Getenv(envChildURL); url != "" {
		os.Exit(leadUntilDeposed(url))
	}
	os.Exit(m.Run())
}
